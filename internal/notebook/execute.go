package notebook

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
)

// answer is how the execution of a cell ended.
type answer struct {
	reply *jupyter.Reply
	err   error
}

// execute sends a cell to the kernel and waits for its end. A cell that takes
// too long, or that somebody stops, is interrupted and has the grace to end;
// what it says then is recorded.
func (x *execution) execute(ctx context.Context, c *nbformat.Cell) (*jupyter.Reply, *Failure) {
	listening, quit := context.WithCancel(context.Background())
	defer quit()
	request := jupyter.Request{Code: c.Source, StoreHistory: true, StopOnError: !c.HasTag(raisesTag)}
	done := make(chan answer, 1)
	go func() {
		reply, err := x.kernel.Execute(listening, request, func(m *jupyter.Message) { x.hear(m, false) })
		done <- answer{reply, err}
	}()
	var overdueAt <-chan time.Time
	if x.CellTimeout > 0 {
		timer := time.NewTimer(x.CellTimeout)
		defer timer.Stop()
		overdueAt = timer.C
	}
	var f *Failure
	select {
	case a := <-done:
		if a.err != nil {
			return nil, x.broken(ctx, a.err, KernelSilent)
		}
		return a.reply, nil
	case <-overdueAt:
		f = overdue(x.CellTimeout)
	case <-ctx.Done():
		f = x.stopped(ctx)
	}
	x.interrupt(done)
	quit()
	return nil, f
}

// interrupt stops the cell that runs, and waits for its end as long as the
// grace is.
func (x *execution) interrupt(done <-chan answer) {
	ctx, cancel := context.WithTimeout(context.Background(), x.Grace)
	defer cancel()
	_ = x.kernel.Interrupt(ctx) // if it cannot be, the grace is soon over
	select {
	case <-done:
	case <-ctx.Done():
		x.hung = true
	}
}

// hear takes a message of the kernel. Of one that cannot be read, or not as a
// whole, a warning tells; an error that cannot be read is an error.
func (x *execution) hear(m *jupyter.Message, late bool) {
	s := &said{kind: m.Header.Type, request: m.Parent.ID, at: sent(m), buffers: m.Buffers}
	err := s.body.read(m.Content)
	if err == nil {
		x.gaps.missing(s.kind, s.body.lost())
	} else {
		x.gaps.missing(s.kind, err)
		if s.kind != "error" {
			return
		}
		s.unread, s.body = true, unreadable()
	}
	if x.document.hear(s, late) {
		x.live.hear(s)
		x.saver.changed()
	}
}

// sent is when a message was sent, by the clock of its sender.
func sent(m *jupyter.Message) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999"} {
		if t, err := time.Parse(layout, m.Header.Date); err == nil {
			return t
		}
	}
	return time.Time{}
}

// tellWidgets tells Output widgets in the kernel what they have taken.
func (x *execution) tellWidgets(ctx context.Context) {
	var news map[string][]any
	x.document.change(func(*nbformat.Notebook) { news = x.document.record.widgets.news() })
	for comm, outputs := range news {
		_, _ = x.kernel.Send(ctx, jupyter.Shell, "comm_msg", map[string]any{"comm_id": comm, "data": map[string]any{
			"method": "update", "state": map[string]any{"outputs": outputs}, "buffer_paths": []any{}}})
	}
}
