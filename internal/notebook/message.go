package notebook

import (
	"bytes"
	"encoding/json"
	"errors"
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
	unread  bool // an error that nobody can read: body says so
}

// body is the content of such a message, whatever its kind. An output in the
// state of a widget has the same fields. A field of another type than the
// protocol's is read as what it comes closest to: it takes no other with it.
type body struct {
	OutputType text            `json:"output_type,omitempty"` // in a widget's state
	Name       text            `json:"name,omitempty"`
	Text       text            `json:"text,omitempty"`
	Data       object          `json:"data,omitempty"`     // nil where it cannot be read
	Metadata   object          `json:"metadata,omitempty"` // the same
	Count      json.RawMessage `json:"execution_count,omitempty"`
	EName      text            `json:"ename,omitempty"`
	EValue     text            `json:"evalue,omitempty"`
	Traceback  lines           `json:"traceback,omitempty"`

	State     text      `json:"execution_state,omitempty"`
	Wait      truth     `json:"wait,omitempty"`
	Transient transient `json:"transient,omitzero"`
	Comm      text      `json:"comm_id,omitempty"`
	Target    text      `json:"target_name,omitempty"`
}

// read reads the content of a message.
func (b *body) read(content []byte) error {
	b.Data, b.Metadata = object{}, object{}
	if !bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{")) {
		return errors.New("it is no object")
	}
	return decode(content, b)
}

// lost says which field of a content that was read could not be; nil if none.
func (b *body) lost() error {
	switch {
	case b.Data == nil:
		return errors.New("its data is no object")
	case b.Metadata == nil:
		return errors.New("its metadata is no object")
	}
	return nil
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

// lines are texts. Kernels that are less exact send one alone.
type lines []text

// UnmarshalJSON reads them.
func (l *lines) UnmarshalJSON(raw []byte) error {
	var list []text
	if json.Unmarshal(raw, &list) != nil {
		list = make([]text, 1)
		_ = list[0].UnmarshalJSON(raw) // it takes anything
	}
	*l = list
	return nil
}

// truth is yes or no, as a frontend that is a script finds it in any value.
type truth bool

// UnmarshalJSON reads one.
func (t *truth) UnmarshalJSON(raw []byte) error {
	var v any
	_ = json.Unmarshal(raw, &v) // it has been found to be JSON
	*t = truth(!falsy(v))
	return nil
}

// falsy tells whether a value of JSON is none in Python.
func falsy(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// transient is what of a display is not kept.
type transient struct{ DisplayID string }

// UnmarshalJSON reads one.
func (t *transient) UnmarshalJSON(raw []byte) error {
	var fields struct {
		DisplayID text `json:"display_id"`
	}
	_ = json.Unmarshal(raw, &fields) // without an object there is no id
	t.DisplayID = string(fields.DisplayID)
	return nil
}

// object is an object. An empty one comes as a list from some languages.
type object map[string]any

// UnmarshalJSON reads one; nil is one that cannot be read.
func (o *object) UnmarshalJSON(raw []byte) error {
	var v any
	*o = object{}
	if err := decode(raw, &v); err != nil {
		return err
	}
	if m, ok := v.(map[string]any); ok {
		*o = m
	} else if !falsy(v) {
		*o = nil
	}
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
