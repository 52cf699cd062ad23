package nbformat

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/freshet/freshet"
)

// Read reads a notebook of format 3.0 to 4.x. An error says where in the
// notebook what is wrong, for somebody who never saw its JSON.
func Read(data []byte) (*Notebook, error) {
	nb, _, err := Parse(data)
	return nb, err
}

// Parse is Read and says also what it repaired, one line each: ids that are
// missing, wrong or there twice, and required fields that are missing. Older
// formats have no ids; that is no repair.
func Parse(data []byte) (nb *Notebook, repairs []string, err error) {
	v, err := parseFile(data)
	if err != nil {
		return nil, nil, err
	}
	top, ok := v.(map[string]any)
	if !ok {
		return nil, nil, freshet.Errorf(freshet.Invalid, "not a notebook: the file holds %s, not a notebook", kindOf(v))
	}
	r := &reader{}
	if nb, err = r.notebook(top); err != nil {
		return nil, nil, err
	}
	return nb, r.repairs, nil
}

// reader turns what JSON gave into a notebook. What it takes it deletes from
// the maps that it was given, so that the rest is Extra.
type reader struct {
	repairs []string
}

func (r *reader) repaired(format string, args ...any) {
	r.repairs = append(r.repairs, fmt.Sprintf(format, args...))
}

func (r *reader) notebook(top map[string]any) (*Notebook, error) {
	nb, err := r.version(top)
	if err != nil {
		return nil, err
	}
	if nb.Metadata, err = takeMap(top, "metadata", "notebook"); err != nil {
		return nil, err
	}
	if nb.Metadata == nil {
		r.repaired("the notebook has no metadata")
		nb.Metadata = map[string]any{}
	}
	if nb.Format == 3 {
		if err := upgrade3(top, nb.Metadata); err != nil {
			return nil, err
		}
	}
	for _, key := range []string{"orig_nbformat", "orig_nbformat_minor", "signature"} {
		delete(nb.Metadata, key) // never stored
	}
	if err := r.cells(nb, top); err != nil {
		return nil, err
	}
	nb.Extra = rest(top)
	if nb.Format < Format || nb.Minor < Minor {
		nb.Format, nb.Minor = Format, Minor
	}
	return nb, nil
}

// version reads which format it is and refuses what cannot be upgraded.
func (r *reader) version(top map[string]any) (*Notebook, error) {
	nb := &Notebook{}
	v, ok := take(top, "nbformat")
	if !ok {
		return nil, freshet.Errorf(freshet.Invalid, "not a notebook: it has no nbformat").
			WithHint("a notebook is a JSON file with nbformat, metadata and cells, as Jupyter saves it")
	}
	if nb.Format, ok = wholeNumber(v); !ok {
		return nil, freshet.Errorf(freshet.Invalid, "not a notebook: nbformat must be a whole number, it is %s", kindOf(v))
	}
	switch {
	case nb.Format == 1 || nb.Format == 2:
		return nil, freshet.Errorf(freshet.Invalid, "the notebook has format %d, which is older than what can be read (3.0 to 4.5)", nb.Format).
			WithHint("upgrade it: jupyter nbconvert --to notebook --nbformat 4 FILE")
	case nb.Format != 3 && nb.Format != Format:
		return nil, freshet.Errorf(freshet.Invalid, "the notebook has format %d, which is not known (3.0 to 4.5 are)", nb.Format).
			WithHint("save it as format 4: jupyter nbconvert --to notebook --nbformat 4 FILE")
	}
	switch v, ok := take(top, "nbformat_minor"); {
	case !ok && nb.Format == Format:
		r.repaired("the notebook has no nbformat_minor")
	case ok:
		if nb.Minor, ok = wholeNumber(v); !ok || nb.Minor < 0 {
			return nil, freshet.Errorf(freshet.Invalid, "not a notebook: nbformat_minor must be a whole number, it is %s", kindOf(v))
		}
	}
	return nb, nil
}

func (r *reader) cells(nb *Notebook, top map[string]any) error {
	v, ok := take(top, "cells")
	if !ok {
		return freshet.Errorf(freshet.Invalid, "not a notebook: it has no cells").
			WithHint("a notebook of format 4 has a list of cells; an empty one has \"cells\": []")
	}
	list, ok := v.([]any)
	if !ok {
		return wrongType("notebook", "cells", "a list", v)
	}
	nb.Cells = make([]*Cell, len(list))
	for i, v := range list {
		place := "cell " + strconv.Itoa(i+1)
		m, ok := v.(map[string]any)
		if !ok {
			return wrongType("notebook", place, "an object", v)
		}
		c, err := r.cell(m, place)
		if err != nil {
			return err
		}
		nb.Cells[i] = c
	}
	r.identify(nb)
	return nil
}

// identify gives an id to every cell that needs one. The first of two cells
// with the same id keeps it.
func (r *reader) identify(nb *Notebook) {
	hadIDs := nb.Format == Format && nb.Minor >= Minor
	taken := map[string]bool{}
	var without []*Cell
	for i, c := range nb.Cells {
		switch {
		case isID(c.ID) && !taken[c.ID]:
			taken[c.ID] = true
			continue
		case taken[c.ID]:
			r.repaired("cell %d has the id %q of an earlier cell", i+1, c.ID)
		case c.ID != "":
			r.repaired("cell %d has an id that is not allowed (letters, digits, - and _, up to 64): %.80q", i+1, c.ID)
		case hadIDs:
			r.repaired("cell %d has no id", i+1)
		}
		without = append(without, c)
	}
	for _, c := range without {
		c.ID = freeID(taken, c.Type, c.Source)
	}
}

// take takes a field out of m.
func take(m map[string]any, key string) (any, bool) {
	v, ok := m[key]
	delete(m, key)
	return v, ok
}

// takeText takes a text; where it is null or missing, it is empty.
func takeText(m map[string]any, key, place string) (text string, found bool, err error) {
	v, _ := take(m, key)
	if v == nil {
		return "", false, nil
	}
	text, ok := joined(v)
	if !ok {
		return "", false, wrongType(place, key, "a text or a list of lines", v)
	}
	return text, true, nil
}

// takeMap takes an object; where it is null or missing, it is nil.
func takeMap(m map[string]any, key, place string) (map[string]any, error) {
	v, _ := take(m, key)
	if v == nil {
		return nil, nil
	}
	inner, ok := v.(map[string]any)
	if !ok {
		return nil, wrongType(place, key, "an object", v)
	}
	return inner, nil
}

// takeCount takes a whole number, nil where it is null or missing.
func takeCount(m map[string]any, key, place string) (*int, error) {
	v, _ := take(m, key)
	if v == nil {
		return nil, nil
	}
	n, ok := wholeNumber(v)
	if !ok {
		return nil, wrongType(place, key, "a whole number or null", v)
	}
	return &n, nil
}

// rest is what nobody took, nil if that is nothing.
func rest(m map[string]any) map[string]any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func wrongType(place, key, want string, v any) error {
	return freshet.Errorf(freshet.Invalid, "%s: %s must be %s, it is %s", place, key, want, kindOf(v)).
		WithHint("the file was changed by something other than Jupyter: open and save it there, or correct the field")
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return fmt.Sprintf("the number %.40s", v)
	case string:
		return "a text"
	case []any:
		return "a list"
	}
	return "an object"
}

// wholeNumber is the value of 3 and of 3.0.
func wholeNumber(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	if i, err := strconv.Atoi(n.String()); err == nil {
		return i, true
	}
	f, err := n.Float64()
	if err != nil || f != float64(int32(f)) {
		return 0, false
	}
	return int(f), true
}
