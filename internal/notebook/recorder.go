package notebook

import (
	"time"

	"github.com/freshet/freshet/internal/nbformat"
)

// recorder writes what a kernel says into the cells of a notebook, as a
// frontend would. What a cell's threads say after its end still goes to it.
type recorder struct {
	now      *place            // of the cell that runs
	places   []*place          // of all that have run
	requests map[string]*place // by the id of the request
	displays map[string][]display
	widgets  widgets
	unread   map[*nbformat.Output]bool // errors that nobody could read
	touch    func(*nbformat.Cell)      // a cell that has changed
}

// place is where the outputs of a request go.
type place struct {
	pane
	cell *nbformat.Cell
}

// display is an output that has a display id, and where it stands.
type display struct {
	cell   *nbformat.Cell
	pane   *pane
	output *nbformat.Output
}

func newRecorder(touch func(*nbformat.Cell)) *recorder {
	return &recorder{requests: map[string]*place{}, displays: map[string][]display{}, widgets: newWidgets(),
		unread: map[*nbformat.Output]bool{}, touch: touch}
}

// begin says which cell runs from now on.
func (r *recorder) begin(c *nbformat.Cell) {
	c.Outputs, c.ExecutionCount = nil, nil
	c.Metadata["execution"] = map[string]any{}
	r.now = &place{cell: c}
	r.places = append(r.places, r.now)
	r.touch(c)
}

// settle brings the cells up to what was said.
func (r *recorder) settle() {
	for _, p := range r.places {
		p.settle()
		p.cell.Outputs = p.outputs
	}
}

// hear records a message about the cell that runs.
func (r *recorder) hear(m *said) {
	if r.requests[m.request] == nil {
		r.requests[m.request] = r.now
	}
	r.late(m)
}

// fail adds an output of the runner's own to the cell that runs.
func (r *recorder) fail(o *nbformat.Output) {
	r.now.add(o)
	r.touch(r.now.cell)
}

// late records a message about any cell that has run, and tells whether it is
// about one.
func (r *recorder) late(m *said) bool {
	p := r.requests[m.request]
	if p == nil {
		return false
	}
	r.touch(p.cell)
	b := &m.body
	if b.Count != nil {
		p.cell.ExecutionCount = b.count()
	}
	if id := b.Transient.DisplayID; id != "" {
		switch m.kind {
		case "display_data", "execute_result", "update_display_data":
			r.update(id, b)
		}
	}
	switch m.kind {
	case "status":
		if b.State == "busy" || b.State == "idle" {
			stamp(p.cell, "iopub.status."+string(b.State), m.at)
		}
	case "execute_input":
		stamp(p.cell, "iopub.execute_input", m.at)
	case "clear_output":
		if to := r.target(m, p); to.clear(bool(b.Wait)) {
			r.forget(to)
		}
	case "comm_open", "comm_msg", "comm_close":
		r.widgets.hear(m)
	default:
		if o := b.output(m.kind); o != nil {
			r.add(m, p, o)
		}
	}
	return true
}

// add appends an output to where the outputs of its request go.
func (r *recorder) add(m *said, p *place, o *nbformat.Output) {
	to := r.target(m, p)
	o, emptied := to.add(o)
	if emptied {
		r.forget(to)
	}
	if m.unread {
		r.unread[o] = true
	}
	if id := m.body.Transient.DisplayID; id != "" {
		r.displays[id] = append(r.displays[id], display{p.cell, to, o})
	}
}

// target is the Output widget that captures the outputs of a request, else
// its cell.
func (r *recorder) target(m *said, p *place) *pane {
	if captured := r.widgets.capturing(m.request); captured != nil {
		return captured
	}
	return &p.pane
}

// update changes all outputs that have a display id.
func (r *recorder) update(id string, b *body) {
	for _, d := range r.displays[id] {
		d.output.Data, d.output.Metadata = notNil(b.Data), notNil(b.Metadata)
		r.touch(d.cell)
	}
}

// forget drops the display ids of outputs that are gone.
func (r *recorder) forget(p *pane) {
	for id, list := range r.displays {
		var left []display
		for _, d := range list {
			if d.pane != p {
				left = append(left, d)
			}
		}
		r.displays[id] = left
	}
}

// stamp notes when the kernel said something, as nbclient does.
func stamp(c *nbformat.Cell, what string, at time.Time) {
	times, ok := c.Metadata["execution"].(map[string]any)
	if ok && !at.IsZero() {
		times[what] = at.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
}
