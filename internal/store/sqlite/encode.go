package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// body is machine.Body as a column: values that a person or an expression gave
// stand beside it, because their numbers have to keep their type.
type body struct {
	machine.Body
	Parameters json.RawMessage `json:"parameters,omitempty"` // of Start
	Outputs    json.RawMessage `json:"outputs,omitempty"`
	Properties json.RawMessage `json:"properties,omitempty"` // of Space
}

func encodeBody(m *machine.Body) (any, error) {
	b := body{Body: *m}
	var err error
	if s := m.Start; s != nil && s.Parameters != nil {
		c := *s
		c.Parameters = nil
		b.Start = &c
		if b.Parameters, err = appendJSON(nil, s.Parameters); err != nil {
			return nil, err
		}
	}
	if m.Outputs != nil {
		if b.Outputs, err = appendJSON(nil, m.Outputs); err != nil {
			return nil, err
		}
	}
	if s := m.Space; s != nil && s.Properties != nil {
		c := *s
		c.Properties = nil
		b.Space = &c
		if b.Properties, err = appendJSON(nil, s.Properties); err != nil {
			return nil, err
		}
	}
	j, err := json.Marshal(b)
	if err != nil || string(j) == "{}" {
		return nil, err
	}
	return string(j), nil
}

func decodeBody(t text) (machine.Body, error) {
	if t == "" {
		return machine.Body{}, nil
	}
	var b body
	if err := json.Unmarshal([]byte(t), &b); err != nil {
		return machine.Body{}, fmt.Errorf("read an entry: %w", err)
	}
	var err error
	if b.Parameters != nil && b.Start != nil {
		if b.Start.Parameters, err = decodeMap(text(b.Parameters)); err != nil {
			return machine.Body{}, err
		}
	}
	if b.Properties != nil && b.Space != nil {
		if b.Space.Properties, err = decodeMap(text(b.Properties)); err != nil {
			return machine.Body{}, err
		}
	}
	b.Body.Outputs, err = decodeMap(text(b.Outputs))
	return b.Body, err
}

// encodeCaller is the execution that called a run, NULL for none.
func encodeCaller(k *freshet.Key) (any, error) {
	if k == nil {
		return nil, nil
	}
	j, err := json.Marshal(k)
	return string(j), err
}

func decodeCaller(t text) (*freshet.Key, error) {
	if t == "" {
		return nil, nil
	}
	k := &freshet.Key{}
	return k, json.Unmarshal([]byte(t), k)
}

// call is machine.Call as a column.
type call struct {
	Args  []string        `json:"args"`
	Env   [][2]string     `json:"env"`
	Input json.RawMessage `json:"input,omitempty"`
	Dir   string          `json:"dir,omitempty"`
	Later *machine.Later  `json:"later,omitempty"`
	Given json.RawMessage `json:"given,omitempty"` // of Later

	Message string          `json:"message,omitempty"`
	Items   json.RawMessage `json:"items,omitempty"`
}

func encodeCall(m *machine.Call) (any, error) {
	if m == nil {
		return nil, nil
	}
	c := call{Args: m.Args, Env: m.Env, Dir: m.Dir, Message: m.Message}
	if m.Input != nil {
		p, err := appendJSON(nil, m.Input)
		if err != nil {
			return nil, err
		}
		c.Input = p
	}
	if m.Items != nil {
		p, err := appendJSON(nil, m.Items)
		if err != nil {
			return nil, err
		}
		c.Items = p
	}
	if m.Later != nil {
		p, err := appendJSON(nil, m.Later.Given)
		if err != nil {
			return nil, err
		}
		later := *m.Later
		later.Given = nil
		c.Later, c.Given = &later, p
	}
	j, err := json.Marshal(c)
	return string(j), err
}

func decodeCall(t text) (*machine.Call, error) {
	if t == "" {
		return nil, nil
	}
	var c call
	if err := json.Unmarshal([]byte(t), &c); err != nil {
		return nil, fmt.Errorf("read a call: %w", err)
	}
	if c.Later != nil {
		var err error
		if c.Later.Given, err = decodeMap(text(c.Given)); err != nil {
			return nil, err
		}
	}
	var items []any
	if c.Items != nil {
		v, err := decodeJSON(string(c.Items))
		if err != nil {
			return nil, err
		}
		items, _ = v.([]any)
	}
	input, err := decodeMap(text(c.Input))
	return &machine.Call{Items: items, Later: c.Later, Args: c.Args, Env: c.Env, Input: input, Dir: c.Dir, Message: c.Message}, err
}

// encodeOffsets refers to events, NULL for none.
func encodeOffsets(by []*freshet.Event) any {
	if len(by) == 0 {
		return nil
	}
	b := []byte{'['}
	for i, ev := range by {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, ev.Offset, 10)
	}
	return string(append(b, ']'))
}

func decodeOffsets(t text) ([]int64, error) {
	if t == "" {
		return nil, nil
	}
	var list []int64
	if err := json.Unmarshal([]byte(t), &list); err != nil {
		return nil, fmt.Errorf("read offsets: %w", err)
	}
	return list, nil
}

// encodeOutcomes is the ledger's column. What no JSON number can say is shown
// as the largest one: people read these, nothing is decided by them.
func encodeOutcomes(list []freshet.Outcome) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	for i := range list {
		if o := &list[i]; !finite(o.Have) || !finite(o.Need) {
			c := append([]freshet.Outcome(nil), list...)
			for i := range c {
				c[i].Have, c[i].Need = clamp(c[i].Have), clamp(c[i].Need)
			}
			list = c
			break
		}
	}
	b, err := json.Marshal(list)
	return string(b), err
}

func decodeOutcomes(s string) ([]freshet.Outcome, error) {
	if s == "[]" {
		return nil, nil
	}
	var list []freshet.Outcome
	if err := json.Unmarshal([]byte(s), &list); err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return list, nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func clamp(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return max(-math.MaxFloat64, min(f, math.MaxFloat64))
}

// encodeList is a JSON array as a column, NULL for nil.
func encodeList[T any](list []T) (any, error) {
	if list == nil {
		return nil, nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

func decodeList[T any](t text) ([]T, error) {
	if t == "" {
		return nil, nil
	}
	var list []T
	err := json.Unmarshal([]byte(t), &list)
	return list, err
}
