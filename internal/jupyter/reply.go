package jupyter

import "encoding/json"

// readReply reads the reply to an execution. Of an error, what is of another
// type than the protocol's is read as what it comes closest to; how the
// execution ended must stand there.
func readReply(m *Message) (*Reply, error) {
	r := &Reply{Message: m}
	if m.Decode(r) == nil {
		return r, nil
	}
	var fields struct {
		Status    string          `json:"status"`
		Count     json.RawMessage `json:"execution_count"`
		Name      json.RawMessage `json:"ename"`
		Value     json.RawMessage `json:"evalue"`
		Traceback json.RawMessage `json:"traceback"`
	}
	if err := m.Decode(&fields); err != nil {
		return nil, err
	}
	r = &Reply{Status: fields.Status, ErrorName: loose(fields.Name), ErrorValue: loose(fields.Value), Message: m}
	_ = json.Unmarshal(fields.Count, &r.ExecutionCount)
	if json.Unmarshal(fields.Traceback, &r.Traceback) != nil {
		r.Traceback = nil
		if text := loose(fields.Traceback); text != "" {
			r.Traceback = []string{text}
		}
	}
	return r, nil
}

// loose is a text, or the JSON of what is none.
func loose(raw json.RawMessage) (text string) {
	if len(raw) > 0 && json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}
