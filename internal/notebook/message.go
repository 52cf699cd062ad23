package notebook

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet/internal/nbformat"
)

// said is what a kernel said about the cell that runs: a message of its iopub
// channel, as far as notebooks are concerned.
type said struct {
	kind    string
	request string // id of the request that it belongs to
	at      time.Time
	body    body
	buffers [][]byte
}

// body is the content of such a message, whatever its kind. An output in the
// state of a widget has the same fields.
type body struct {
	OutputType string          `json:"output_type,omitempty"` // in a widget's state
	Name       text            `json:"name,omitempty"`
	Text       text            `json:"text,omitempty"`
	Data       object          `json:"data,omitempty"`
	Metadata   object          `json:"metadata,omitempty"`
	Count      json.RawMessage `json:"execution_count,omitempty"`
	EName      text            `json:"ename,omitempty"`
	EValue     text            `json:"evalue,omitempty"`
	Traceback  []text          `json:"traceback,omitempty"`

	State     string `json:"execution_state,omitempty"`
	Wait      bool   `json:"wait,omitempty"`
	Transient struct {
		DisplayID string `json:"display_id"`
	} `json:"transient,omitzero"`
	Comm   string `json:"comm_id,omitempty"`
	Target string `json:"target_name,omitempty"`
}

// text is a string. Kernels that are less exact send the lines of one, or
// another value.
type text string

// UnmarshalJSON reads one.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	var lines []string
	switch {
	case json.Unmarshal(raw, &s) == nil:
		*t = text(s)
	case json.Unmarshal(raw, &lines) == nil:
		*t = text(strings.Join(lines, ""))
	default:
		*t = text(raw)
	}
	return nil
}

// object is an object. An empty one comes as a list from some languages.
type object map[string]any

// UnmarshalJSON reads one.
func (o *object) UnmarshalJSON(raw []byte) error {
	var m map[string]any
	if decode(raw, &m) != nil {
		m = nil
	}
	*o = m
	return nil
}

// decode reads JSON and keeps the text of numbers.
func decode(content []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	return d.Decode(into)
}

// count is the execution count, nil for null and where there is none.
func (b *body) count() (n *int) {
	if json.Unmarshal(b.Count, &n) != nil {
		return nil
	}
	return n
}

// output is the output that a message of this kind appends, nil if none.
func (b *body) output(kind string) *nbformat.Output {
	switch t := nbformat.OutputType(kind); t {
	case nbformat.Stream:
		return &nbformat.Output{Type: t, Name: string(b.Name), Text: string(b.Text)}
	case nbformat.DisplayData:
		return &nbformat.Output{Type: t, Data: notNil(b.Data), Metadata: notNil(b.Metadata)}
	case nbformat.ExecuteResult:
		return &nbformat.Output{Type: t, Data: notNil(b.Data), Metadata: notNil(b.Metadata), ExecutionCount: b.count()}
	case nbformat.Error:
		o := &nbformat.Output{Type: t, EName: string(b.EName), EValue: string(b.EValue), Traceback: make([]string, len(b.Traceback))}
		for i, line := range b.Traceback {
			o.Traceback[i] = string(line)
		}
		return o
	}
	return nil
}

// inState is an output as the state of a widget has it.
func inState(o *nbformat.Output) map[string]any {
	m := map[string]any{"output_type": string(o.Type)}
	switch o.Type {
	case nbformat.Stream:
		m["name"], m["text"] = o.Name, o.Text
	case nbformat.Error:
		lines := make([]any, len(o.Traceback))
		for i, line := range o.Traceback {
			lines[i] = line
		}
		m["ename"], m["evalue"], m["traceback"] = o.EName, o.EValue, lines
	case nbformat.ExecuteResult:
		m["execution_count"] = nil
		if o.ExecutionCount != nil {
			m["execution_count"] = json.Number(strconv.Itoa(*o.ExecutionCount))
		}
		fallthrough
	default:
		m["data"], m["metadata"] = o.Data, o.Metadata
	}
	return m
}

func notNil(m object) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
