package nbformat

import "strconv"

func (r *reader) cell(m map[string]any, place string) (*Cell, error) {
	c := &Cell{}
	v, _ := take(m, "cell_type")
	kind, ok := v.(string)
	if !ok {
		return nil, wrongType(place, "cell_type", `"code", "markdown" or "raw"`, v)
	}
	c.Type = CellType(kind)
	var found bool
	var err error
	if c.Source, found, err = takeText(m, "source", place); err != nil {
		return nil, err
	} else if !found {
		r.repaired("%s has no source", place)
	}
	if c.Metadata, err = takeMap(m, "metadata", place); err != nil {
		return nil, err
	}
	if c.Metadata == nil {
		r.repaired("%s has no metadata", place)
		c.Metadata = map[string]any{}
	}
	delete(c.Metadata, "trusted") // never stored
	if v, ok := take(m, "id"); ok {
		if c.ID, ok = v.(string); !ok {
			r.repaired("%s has an id that is %s, not a text", place, kindOf(v))
		}
	}
	if c.Attachments, err = takeMap(m, "attachments", place); err != nil {
		return nil, err
	}
	for _, v := range c.Attachments {
		if data, ok := v.(map[string]any); ok {
			joinData(data)
		}
	}
	if c.Type == Code {
		if err := r.executed(c, m, place); err != nil {
			return nil, err
		}
	}
	c.Extra = rest(m)
	return c, nil
}

// executed reads what only code cells have.
func (r *reader) executed(c *Cell, m map[string]any, place string) (err error) {
	if c.ExecutionCount, err = takeCount(m, "execution_count", place); err != nil {
		return err
	}
	v, _ := take(m, "outputs")
	if v == nil {
		r.repaired("%s has no outputs", place)
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return wrongType(place, "outputs", "a list", v)
	}
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return wrongType(place, "output "+strconv.Itoa(i+1), "an object", v)
		}
		o, err := r.output(m, place+", output "+strconv.Itoa(i+1))
		if err != nil {
			return err
		}
		c.Outputs = append(c.Outputs, o)
	}
	return nil
}

func (r *reader) output(m map[string]any, place string) (*Output, error) {
	v, _ := take(m, "output_type")
	kind, ok := v.(string)
	if !ok {
		return nil, wrongType(place, "output_type", `"stream", "display_data", "execute_result" or "error"`, v)
	}
	o := &Output{Type: OutputType(kind)}
	var err error
	switch o.Type {
	case Stream:
		err = readStream(o, m, place)
	case DisplayData, ExecuteResult:
		err = readData(o, m, place)
	case Error:
		err = readError(o, m, place)
	}
	o.Extra = rest(m)
	return o, err
}

func readStream(o *Output, m map[string]any, place string) (err error) {
	if o.Name, _, err = takeText(m, "name", place); err != nil {
		return err
	}
	o.Text, _, err = takeText(m, "text", place)
	return err
}

func readData(o *Output, m map[string]any, place string) (err error) {
	if o.Data, err = takeMap(m, "data", place); err != nil {
		return err
	}
	joinData(o.Data)
	if o.Metadata, err = takeMap(m, "metadata", place); err != nil {
		return err
	}
	if o.Type == ExecuteResult {
		o.ExecutionCount, err = takeCount(m, "execution_count", place)
	}
	return err
}

func readError(o *Output, m map[string]any, place string) (err error) {
	if o.EName, _, err = takeText(m, "ename", place); err != nil {
		return err
	}
	if o.EValue, _, err = takeText(m, "evalue", place); err != nil {
		return err
	}
	v, _ := take(m, "traceback")
	if v == nil {
		return nil
	}
	lines, ok := stringsOf(v)
	if !ok {
		return wrongType(place, "traceback", "a list of texts", v)
	}
	o.Traceback = lines
	return nil
}
