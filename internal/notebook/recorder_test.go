package notebook

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/nbformat"
)

// saying is a message of the cell that runs, written as `kind {content}`, or
// of another request, written as `kind@request {content}`.
func saying(t *testing.T, line string) *said {
	t.Helper()
	kind, content, _ := strings.Cut(line, " ")
	kind, request, _ := strings.Cut(kind, "@")
	m := &said{kind: kind, request: request, at: time.Date(2026, 11, 21, 15, 4, 5, 6000, time.UTC)}
	if err := m.body.read([]byte(content)); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return m
}

// played is what a sequence of messages leaves in the cells. A line `cell`
// begins the next one; their requests are cell1, cell2 and so on.
func played(t *testing.T, lines ...string) (cells []*nbformat.Cell, r *recorder) {
	t.Helper()
	r = newRecorder(func(*nbformat.Cell) {})
	next := func() {
		r.settle()
		c := &nbformat.Cell{Type: nbformat.Code, Metadata: map[string]any{}}
		cells = append(cells, c)
		r.begin(c)
	}
	next()
	for _, line := range lines {
		if line == "cell" {
			next()
			continue
		}
		m := saying(t, line)
		if m.request != "" {
			r.late(m)
			continue
		}
		m.request = fmt.Sprint("cell", len(cells))
		r.hear(m)
	}
	r.settle()
	return cells, r
}

// shown are the outputs of cells, one line each.
func shown(cells []*nbformat.Cell) (lines []string) {
	for i, c := range cells {
		if i > 0 {
			lines = append(lines, "cell")
		}
		for _, o := range c.Outputs {
			m := inState(o)
			delete(m, "output_type")
			if o.Type == nbformat.Stream {
				lines = append(lines, o.Name+" "+o.Text)
				continue
			}
			text, err := json.Marshal(m)
			if err != nil {
				panic(err)
			}
			lines = append(lines, fmt.Sprintf("%s %s", o.Type, text))
		}
	}
	return lines
}

func TestRecorder(t *testing.T) {
	const (
		out  = `stream {"name":"stdout","text":"%s"}`
		err  = `stream {"name":"stderr","text":"%s"}`
		disp = `%s {"data":{"text/plain":"%s"},"metadata":{},"transient":{"display_id":"%s"}}`
	)
	say := fmt.Sprintf
	plain := func(text string) string { return say(`display_data {"data":{"text/plain":"%s"},"metadata":{}}`, text) }
	for _, c := range []struct {
		name  string
		said  []string
		shown []string
	}{
		{"chunks of a stream are one output", []string{say(out, "a"), say(out, "b\\n"), say(out, "c")}, []string{"stdout ab\nc"}},
		{"two streams alternate", []string{say(out, "a"), say(err, "b"), say(out, "c")}, []string{"stdout a", "stderr b", "stdout c"}},
		{"a display parts a stream", []string{say(out, "a"), plain("x"), say(out, "b")}, []string{"stdout a", plain("x"), "stdout b"}},
		{"a progress bar", []string{say(err, "1%"), say(err, "\\r2%")}, []string{"stderr 2%"}},
		{"a result has its count",
			[]string{`execute_result {"data":{"text/plain":"1"},"metadata":{"a":1},"execution_count":4,"transient":{}}`},
			[]string{`execute_result {"data":{"text/plain":"1"},"execution_count":4,"metadata":{"a":1}}`}},
		{"an error", []string{`error {"ename":"E","evalue":"v","traceback":["a","b"],"status":"error","engine":1}`},
			[]string{`error {"ename":"E","evalue":"v","traceback":["a","b"]}`}},
		{"what is not known is ignored", []string{`telemetry {"data":{}}`, say(out, "a"), `debug_event {}`, say(out, "b")}, []string{"stdout ab"}},
		{"a kernel that is not exact", []string{`display_data {"data":{"text/plain":"x"},"metadata":[]}`, `stream {"name":"stdout","text":["a\n","b"]}`,
			`error {"ename":null,"evalue":7,"traceback":["t"]}`},
			[]string{plain("x"), "stdout a\nb", `error {"ename":"","evalue":"7","traceback":["t"]}`}},
		{"one field of another type", []string{`display_data {"data":{"text/plain":"x"},"metadata":null,"transient":[]}`, `error {"ename":"E","evalue":["a","b"],"traceback":"one"}`,
			`display_data {"data":["x"],"transient":"d"}`, `execute_result {"data":{"text/plain":"1"},"execution_count":"7","execution_state":1}`, `error {"traceback":[1,["a","b"],null]}`},
			[]string{plain("x"), `error {"ename":"E","evalue":"ab","traceback":["one"]}`, `display_data {"data":{},"metadata":{}}`,
				`execute_result {"data":{"text/plain":"1"},"execution_count":null,"metadata":{}}`, `error {"ename":"","evalue":"","traceback":["1","ab",""]}`}},
		{"a wait that is a number", []string{say(out, "a"), `clear_output {"wait":0}`, say(out, "b"), `clear_output {"wait":1}`}, []string{"stdout b"}},
		{"a display id that is a number", []string{`display_data {"data":{"text/plain":"1"},"metadata":{},"transient":{"display_id":5}}`,
			`update_display_data {"data":{"text/plain":"2"},"metadata":{},"transient":{"display_id":5}}`}, []string{plain("2")}},
		{"numbers keep their text", []string{`display_data {"data":{"application/json":{"n":1.50,"big":12345678901234567890}},"metadata":{}}`},
			[]string{`display_data {"data":{"application/json":{"big":12345678901234567890,"n":1.50}},"metadata":{}}`}},

		{"clear at once", []string{say(out, "a"), `clear_output {"wait":false}`, say(out, "b")}, []string{"stdout b"}},
		{"clear and say no more", []string{say(out, "a"), `clear_output {"wait":false}`}, nil},
		{"clear when there is more", []string{say(out, "a"), `clear_output {"wait":true}`, say(out, "b")}, []string{"stdout b"}},
		{"clear when there is more, and there is not", []string{say(out, "a"), `clear_output {"wait":true}`}, []string{"stdout a"}},
		{"an update is not more", []string{say(disp, "display_data", "1", "d"), `clear_output {"wait":true}`, say(disp, "update_display_data", "2", "d")},
			[]string{plain("2")}},
		{"the next cell is not cleared", []string{say(out, "a"), `clear_output {"wait":true}`, "cell", say(out, "b"), say(out, "c")}, []string{"stdout a", "cell", "stdout bc"}},
		{"clear takes displays away", []string{say(disp, "display_data", "1", "d"), `clear_output {}`, say(out, "x"), say(disp, "update_display_data", "2", "d")},
			[]string{"stdout x"}},
		{"of this cell only", []string{say(disp, "display_data", "1", "d"), "cell", say(disp, "display_data", "1", "d"), `clear_output {}`, say(disp, "update_display_data", "2", "d")},
			[]string{plain("2"), "cell"}},

		{"a thread of an earlier cell", []string{say(out, "a"), "cell", say(out, "b"), `stream@cell1 {"name":"stdout","text":"late"}`, say(out, "c")},
			[]string{"stdout alate", "cell", "stdout bc"}},
		{"nobody's output", []string{say(out, "a"), `stream@elsewhere {"name":"stdout","text":"b"}`}, []string{"stdout a"}},

		{"an update in a later cell", []string{say(disp, "display_data", "1", "d"), say(out, "a"), "cell", say(disp, "update_display_data", "2", "d")},
			[]string{plain("2"), "stdout a", "cell"}},
		{"a display of the same id updates and is added", []string{say(disp, "display_data", "1", "d"), "cell", say(disp, "display_data", "2", "d")},
			[]string{plain("2"), "cell", plain("2")}},
		{"a result updates too", []string{say(disp, "display_data", "1", "d"), say(disp, "execute_result", "2", "d")},
			[]string{plain("2"), `execute_result {"data":{"text/plain":"2"},"execution_count":null,"metadata":{}}`}},
		{"all of one id", []string{say(disp, "display_data", "1", "d"), say(disp, "display_data", "2", "d"), say(disp, "update_display_data", "3", "d")},
			[]string{plain("3"), plain("3")}},
		{"an id that nobody has", []string{say(disp, "update_display_data", "1", "d")}, nil},
		{"no id", []string{plain("1"), `display_data {"data":{"text/plain":"2"},"metadata":{},"transient":null}`}, []string{plain("1"), plain("2")}},

		{"a widget that captures", append(capturing("w", "cell1"), say(out, "in"), say(out, "side"), capturing("w", "")[1], say(out, "out")), []string{"stdout out"}},
		{"of another request", append(capturing("w", "other"), say(out, "out")), []string{"stdout out"}},
		{"a widget in a widget", append(append(capturing("w", "cell1"), capturing("v", "cell1")...), say(out, "in"), capturing("v", "")[1], say(out, "w"), capturing("w", "")[1], say(out, "out")), []string{"stdout out"}},
		{"a clear within a widget", append(append([]string{say(out, "kept")}, capturing("w", "cell1")...), `clear_output {}`), []string{"stdout kept"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cells, _ := played(t, c.said...)
			if diff := cmp.Diff(c.shown, shown(cells)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// capturing are the messages by which an Output widget is made and takes the
// outputs of a request.
func capturing(comm, request string) []string {
	return []string{
		fmt.Sprintf(`comm_open {"comm_id":"%s","target_name":"jupyter.widget","data":{"state":{"_model_module":"@jupyter-widgets/output","_model_module_version":"1.0.0","_model_name":"OutputModel","outputs":[],"msg_id":""}}}`, comm),
		fmt.Sprintf(`comm_msg {"comm_id":"%s","data":{"method":"update","state":{"msg_id":"%s"}}}`, comm, request),
	}
}

func TestRecorderCountsAndTimes(t *testing.T) {
	cells, _ := played(t,
		`status {"execution_state":"busy"}`,
		`execute_input {"code":"1","execution_count":7}`,
		`error {"ename":"E","evalue":"","traceback":[]}`,
		`status {"execution_state":"idle"}`)
	if n := cells[0].ExecutionCount; n == nil || *n != 7 {
		t.Errorf("the cell's count is %v, want 7", n)
	}
	const at = "2026-11-21T15:04:05.000006Z"
	want := map[string]any{"iopub.status.busy": at, "iopub.execute_input": at, "iopub.status.idle": at}
	if diff := cmp.Diff(want, cells[0].Metadata["execution"]); diff != "" {
		t.Error(diff)
	}
}

func TestWidgetState(t *testing.T) {
	m := append(capturing("w", "cell1"), `stream {"name":"stdout","text":"a"}`, `stream {"name":"stdout","text":"b"}`,
		`execute_result {"data":{"text/plain":"1"},"metadata":{},"execution_count":2}`,
		`comm_open {"comm_id":"s","target_name":"jupyter.widget","data":{"state":{"_model_module":"m","_model_name":"Slider","value":1,"max":9}}}`,
		`comm_msg {"comm_id":"s","data":{"method":"update","state":{"value":2}}}`,
		`comm_msg {"comm_id":"s","data":{"method":"custom","content":{}}}`,
		`comm_open {"comm_id":"z","target_name":"elsewhere","data":{"state":{"x":1}}}`,
		`comm_close {"comm_id":"s","data":{}}`)
	_, r := played(t, m...)
	image := saying(t, `comm_open@cell1 {"comm_id":"i","target_name":"jupyter.widget","data":{"state":{"_model_name":"Image"},"buffer_paths":[["value"],["a",0]]}}`)
	image.buffers = [][]byte{[]byte("\x89PNG"), []byte("x")}
	r.hear(image)
	image = saying(t, `comm_msg@cell1 {"comm_id":"i","data":{"state":{},"buffer_paths":[["value"]]}}`)
	image.buffers = [][]byte{[]byte("new")}
	r.hear(image)

	nb := &nbformat.Notebook{Metadata: map[string]any{}}
	r.widgets.save(nb)
	got, err := json.Marshal(nb.Metadata["widgets"])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"application/vnd.jupyter.widget-state+json":{"state":{` +
		`"i":{"buffers":[{"data":"bmV3","encoding":"base64","path":["value"]},{"data":"eA==","encoding":"base64","path":["a",0]}],` +
		`"model_module":null,"model_module_version":null,"model_name":"Image","state":{"_model_name":"Image"}},` +
		`"s":{"model_module":"m","model_module_version":null,"model_name":"Slider","state":{"_model_module":"m","_model_name":"Slider","max":9,"value":2}},` +
		`"w":{"model_module":"@jupyter-widgets/output","model_module_version":"1.0.0","model_name":"OutputModel","state":{` +
		`"_model_module":"@jupyter-widgets/output","_model_module_version":"1.0.0","_model_name":"OutputModel","msg_id":"cell1",` +
		`"outputs":[{"name":"stdout","output_type":"stream","text":"ab"},{"data":{"text/plain":"1"},"execution_count":2,"metadata":{},"output_type":"execute_result"}]}}},` +
		`"version_major":2,"version_minor":0}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}

	told := r.widgets.news()
	if len(told["w"]) != 2 || len(told) != 1 {
		t.Errorf("the kernel is told of %v", told)
	}
	if again := r.widgets.news(); again != nil {
		t.Errorf("the kernel is told twice: %v", again)
	}
}

func TestWidgetIsSetByTheKernel(t *testing.T) {
	_, r := played(t, append(capturing("w", "cell1"),
		`stream {"name":"stdout","text":"old"}`,
		`comm_msg {"comm_id":"w","data":{"state":{"outputs":[{"output_type":"stream","name":"stdout","text":"new"}]}}}`,
		`stream {"name":"stdout","text":" and more"}`)...)
	want := []any{map[string]any{"output_type": "stream", "name": "stdout", "text": "new and more"}}
	if diff := cmp.Diff(want, r.widgets.captures["w"].state()); diff != "" {
		t.Error(diff)
	}
}

func TestNoWidgetsNoState(t *testing.T) {
	_, r := played(t, `stream {"name":"stdout","text":"a"}`)
	nb := &nbformat.Notebook{Metadata: map[string]any{}}
	if r.widgets.save(nb); len(nb.Metadata) != 0 {
		t.Errorf("the notebook has %v", nb.Metadata)
	}
}
