package notebook

import "github.com/freshet/freshet/internal/nbformat"

// pane is a list of outputs that grows: those of a cell, or of an Output
// widget. What a stream says one after the other is one output, as every
// frontend shows it.
type pane struct {
	outputs []*nbformat.Output
	open    *screen // of the last output, if it is a stream that may go on
	unread  bool    // it has said something that is not in its output
	pending bool    // the next output comes in the place of all
}

// add appends an output, and returns the one that it has become. emptied says
// that all before it are gone.
func (p *pane) add(o *nbformat.Output) (_ *nbformat.Output, emptied bool) {
	if p.pending {
		p.empty()
		emptied = true
	}
	if o.Type != nbformat.Stream {
		p.settle()
		p.open = nil
		p.outputs = append(p.outputs, o)
		return o, emptied
	}
	if n := len(p.outputs); p.open != nil && p.outputs[n-1].Name == o.Name {
		p.open.write(o.Text)
		p.unread = true
		return p.outputs[n-1], emptied
	}
	p.settle()
	p.open, p.unread = new(screen), true
	p.open.write(o.Text)
	p.outputs = append(p.outputs, o)
	return o, emptied
}

// clear takes all outputs away: at once, or when the next one comes.
func (p *pane) clear(wait bool) (emptied bool) {
	if wait {
		p.pending = true
		return false
	}
	p.empty()
	return true
}

func (p *pane) empty() { *p = pane{} }

// settle writes what an open stream has said into its output.
func (p *pane) settle() {
	if p.unread {
		p.outputs[len(p.outputs)-1].Text = p.open.String()
		p.unread = false
	}
}
