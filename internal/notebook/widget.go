package notebook

import (
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/freshet/freshet/internal/nbformat"
)

// widgets is what the interactive widgets of a notebook show: their state as
// the kernel told it, by comm id. Output widgets take the outputs of a request
// while the kernel says so.
type widgets struct {
	state    map[string]map[string]any
	buffers  map[string][]buffer
	captures map[string]*capture   // of Output widgets, by comm id
	stacks   map[string][]*capture // who takes the outputs of a request; the last one does
}

// buffer is a binary part of a widget's state.
type buffer struct{ path, data string }

// capture is an Output widget.
type capture struct {
	pane
	comm    string
	request string // whose outputs it takes, or empty
	changed bool   // the kernel has not heard of it
}

func newWidgets() widgets {
	return widgets{map[string]map[string]any{}, map[string][]buffer{}, map[string]*capture{}, map[string][]*capture{}}
}

// hear keeps what a message of a comm says about a widget.
func (w *widgets) hear(m *said) {
	comm := string(m.body.Comm)
	state, ok := m.body.Data["state"].(map[string]any)
	if !ok {
		return // a message of the widget's own
	}
	if w.state[comm] == nil {
		w.state[comm] = map[string]any{}
	}
	for name, v := range state {
		w.state[comm][name] = v
	}
	w.keepBuffers(m)
	if m.kind == "comm_open" && m.body.Target == "jupyter.widget" &&
		state["_model_module"] == "@jupyter-widgets/output" && state["_model_name"] == "OutputModel" {
		w.captures[comm] = &capture{comm: comm}
	}
	if c := w.captures[comm]; c != nil {
		w.steer(c, state)
	}
}

// steer does what the kernel says to an Output widget: whose outputs to take,
// and what to show.
func (w *widgets) steer(c *capture, state map[string]any) {
	if list, ok := state["outputs"].([]any); ok {
		c.empty()
		for _, v := range list {
			var b body
			if raw, err := json.Marshal(v); err == nil && b.read(raw) == nil {
				if o := b.output(string(b.OutputType)); o != nil {
					c.add(o)
				}
			}
		}
	}
	request, ok := state["msg_id"].(string)
	if !ok {
		return
	}
	if c.request != "" {
		stack := w.stacks[c.request]
		if at := slices.Index(stack, c); at >= 0 {
			w.stacks[c.request] = slices.Delete(stack, at, at+1)
		}
	}
	if c.request = request; request != "" {
		w.stacks[request] = append(w.stacks[request], c)
	}
}

// capturing is where the outputs of a request go, nil for its cell.
func (w *widgets) capturing(request string) *pane {
	stack := w.stacks[request]
	if len(stack) == 0 {
		return nil
	}
	c := stack[len(stack)-1]
	c.changed = true
	return &c.pane
}

// keepBuffers keeps the binary parts of a state by their path.
func (w *widgets) keepBuffers(m *said) {
	paths, _ := m.body.Data["buffer_paths"].([]any)
	for i, path := range paths[:min(len(paths), len(m.buffers))] {
		raw, err := json.Marshal(path)
		if err != nil {
			continue
		}
		b := buffer{string(raw), base64.StdEncoding.EncodeToString(m.buffers[i])}
		comm := string(m.body.Comm)
		list := w.buffers[comm]
		if at := slices.IndexFunc(list, func(o buffer) bool { return o.path == b.path }); at >= 0 {
			list[at] = b
		} else {
			w.buffers[comm] = append(list, b)
		}
	}
}

// outputs is the state of an Output widget.
func (c *capture) state() []any {
	c.settle()
	list := make([]any, len(c.outputs))
	for i, o := range c.outputs {
		list[i] = inState(o)
	}
	return list
}

// news are the Output widgets that have taken outputs which the kernel does
// not know of, by comm id; each is told once.
func (w *widgets) news() map[string][]any {
	var told map[string][]any
	for comm, c := range w.captures {
		if c.changed {
			if told == nil {
				told = map[string][]any{}
			}
			told[comm], c.changed = c.state(), false
		}
	}
	return told
}

const widgetState = "application/vnd.jupyter.widget-state+json"

// save writes the state of all widgets into the notebook.
func (w *widgets) save(nb *nbformat.Notebook) {
	if len(w.state) == 0 {
		return
	}
	all := map[string]any{}
	for comm, state := range w.state {
		if _, widget := state["_model_name"]; !widget {
			continue
		}
		if c := w.captures[comm]; c != nil {
			state["outputs"] = c.state()
		}
		model := map[string]any{"model_name": state["_model_name"], "model_module": state["_model_module"],
			"model_module_version": state["_model_module_version"], "state": state}
		if list := w.buffers[comm]; len(list) > 0 {
			model["buffers"] = encodedBuffers(list)
		}
		all[comm] = model
	}
	nb.Metadata["widgets"] = map[string]any{widgetState: map[string]any{
		"state": all, "version_major": json.Number("2"), "version_minor": json.Number("0")}}
}

func encodedBuffers(list []buffer) []any {
	var out []any
	for _, b := range list {
		var path any
		if decode([]byte(b.path), &path) == nil {
			out = append(out, map[string]any{"data": b.data, "encoding": "base64", "path": path})
		}
	}
	return out
}
