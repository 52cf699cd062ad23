package notebook

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
)

// cells executes the cells in their order, until one fails or ends the
// notebook, and looks for errors that no cell failed by.
func (x *execution) cells(ctx context.Context) *Failure {
	all := x.document.nb.Cells
	for i, c := range all {
		x.progress(i, c)
		begun := time.Now()
		x.document.change(func(*nbformat.Notebook) { x.record.CellStarted(c, begun) }, c)
		x.saver.changed()
		failure, over := x.cell(ctx, c)
		x.document.change(func(*nbformat.Notebook) {
			if failure != nil {
				failure.Cell, failure.Cells, failure.Count = i+1, len(all), c.ExecutionCount
				x.record.CellFailed(c)
			}
			x.record.CellEnded(c, time.Now())
		}, c)
		x.saver.changed()
		if failure != nil {
			return failure
		}
		if over {
			failure := x.scan()
			if failure == nil && slices.ContainsFunc(all[i+1:], runs) {
				x.result.Warnings = append(x.result.Warnings, fmt.Sprintf("the notebook ended early at cell %d of %d", i+1, len(all)))
			}
			return failure
		}
	}
	x.progress(len(all), nil)
	return x.scan()
}

// progress says which cell comes next.
func (x *execution) progress(done int, c *nbformat.Cell) {
	if x.Progress == nil {
		return
	}
	cells := len(x.document.nb.Cells)
	p := Progress{Cell: min(done+1, cells), Cells: cells, Done: done, Elapsed: time.Since(x.begun)}
	if c != nil {
		p.Description = description(c)
	}
	x.Progress(p)
}

// description is what a cell's source calls it.
func description(c *nbformat.Cell) string {
	_, rest, ok := strings.Cut(c.Source, "papermill_description=")
	if words := strings.Fields(rest); ok && len(words) > 0 {
		return words[0]
	}
	return ""
}

const (
	skipTag   = "skip-execution"
	raisesTag = "raises-exception"
)

// cell executes a cell, if it is one that is. over says that the notebook has
// ended itself, in success.
func (x *execution) cell(ctx context.Context, c *nbformat.Cell) (f *Failure, over bool) {
	if ctx.Err() != nil {
		return x.stopped(ctx), false
	}
	if !runs(c) {
		return nil, false
	}
	x.document.change(func(*nbformat.Notebook) { x.document.record.begin(c) })
	x.result.Executed++
	reply, f := x.execute(ctx, c)
	if f == nil {
		f = unanswered(reply)
	}
	if f != nil {
		x.document.change(func(*nbformat.Notebook) { x.document.record.fail(errorOutput(f)) })
		x.live.work(false)
		x.live.say(f.Message)
		return f, false
	}
	at := sent(reply.Message)
	x.document.change(func(*nbformat.Notebook) { stamp(c, "shell.execute_reply", at) }, c)
	x.tellWidgets(ctx)
	expected := c.HasTag(raisesTag)
	if reply.Status == jupyter.StatusError {
		switch {
		case expected:
			return nil, false
		case reply.ErrorName == "SystemExit" && exitsWell(reply.ErrorValue):
			return nil, true
		}
		return raised(reply.ErrorName, reply.ErrorValue, reply.Traceback), false
	}
	value, called := exitCalled(reply)
	if called && !falsy(value) && !expected {
		return x.exited(value), false
	}
	return nil, called && falsy(value)
}

// runs tells whether a cell is executed.
func runs(c *nbformat.Cell) bool {
	return c.Type == nbformat.Code && strings.TrimSpace(c.Source) != "" && !c.HasTag(skipTag)
}

// errorOutput is the output of a cell that was stopped from outside, so that
// whoever looks at its outputs sees it.
func errorOutput(f *Failure) *nbformat.Output {
	name := "DeadKernelError"
	switch f.Reason {
	case CellTimeout, Timeout:
		name = "CellTimeoutError"
	case Cancelled:
		name = "Cancelled"
	case KernelSilent:
		name = "KernelError"
	}
	return &nbformat.Output{Type: nbformat.Error, EName: name, EValue: f.Message, Traceback: []string{name + ": " + f.Message}}
}

// scan finds the first cell with an error that did not fail it, as one that
// code has shown instead of raising it.
func (x *execution) scan() (f *Failure) {
	x.document.change(func(nb *nbformat.Notebook) {
		x.document.record.settle()
		f = shownError(nb, x.document.record.unread)
	})
	return f
}

func shownError(nb *nbformat.Notebook, unread map[*nbformat.Output]bool) *Failure {
	for i, c := range nb.Cells {
		if c.HasTag(raisesTag) {
			continue
		}
		for _, o := range c.Outputs {
			if o.Type != nbformat.Error || o.EName == "SystemExit" && exitsWell(o.EValue) {
				continue
			}
			f := raised(o.EName, o.EValue, o.Traceback)
			if unread[o] {
				f = &Failure{Reason: KernelSilent, Message: o.EValue}
			}
			f.Cell, f.Cells, f.Count = i+1, len(nb.Cells), c.ExecutionCount
			return f
		}
	}
	return nil
}
