package notebook

import (
	"cmp"
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/papermill"
)

// The times that are meant where none are given.
const (
	defaultStart = 60 * time.Second
	defaultGrace = 8 * time.Second
)

// execution is a run of a notebook.
type execution struct {
	Options
	document *document
	record   *papermill.Record
	saver    *saver
	live     live
	gaps     gaps
	begun    time.Time
	result   *Result

	kernel *kernel
	hung   bool // the kernel did not listen: nobody is polite to it any more
}

// Run runs a notebook. An error says that nothing was executed and, but for a
// file that could not be written at the end, why; what became of a notebook
// that was executed, also in part, stands in the Result. When ctx ends the
// kernel is interrupted and the notebook is saved.
func Run(ctx context.Context, o Options) (*Result, error) {
	begun := time.Now()
	o.StartTimeout = cmp.Or(o.StartTimeout, defaultStart)
	o.Grace = cmp.Or(o.Grace, defaultGrace) / 2 // from here on that of each step
	x, err := prepare(o)
	if err != nil {
		return nil, err
	}
	x.begun = begun
	if o.Begin != nil {
		if err := o.Begin(); err != nil {
			return nil, err
		}
	}
	if o.PrepareOnly {
		x.result.Status = freshet.Success
		return x.result, x.document.save(true)
	}
	x.document.change(func(nb *nbformat.Notebook) { x.record = papermill.Begin(nb, begun) })
	if err := x.document.save(false); err != nil {
		return nil, err
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, errTimeout)
		defer cancel()
	}
	return x.run(ctx)
}

// run executes the notebook and leaves its file finished and its kernel ended.
func (x *execution) run(ctx context.Context) (*Result, error) {
	saving, finish := context.WithCancel(context.Background())
	saved := make(chan struct{})
	go func() { x.saver.run(saving); close(saved) }()

	failure := x.start(ctx)
	if failure == nil {
		x.live.work(true)
		failure = x.cells(ctx)
	}
	over, gone := time.Now(), make(chan struct{})
	end := func() { x.endKernel(failure); close(gone) }
	hurry := ctx.Err() != nil
	if !hurry {
		go end()
	}
	finish()
	<-saved
	x.finish(failure)
	err := x.document.save(true)
	if hurry { // the file has come first: whoever stopped this may soon use force
		x.Grace = max(x.Grace-time.Since(over), 0)
		end()
	}
	<-gone
	x.live.work(false)
	x.result.Elapsed = time.Since(x.begun)
	return x.result, err
}

// finish writes into the notebook how it ended.
func (x *execution) finish(f *Failure) {
	r := x.result
	r.Status, r.Failure = freshet.Success, f
	if x.kernel != nil {
		r.Warnings = append(r.Warnings, x.gaps.warnings(x.kernel.Dropped())...)
	}
	switch {
	case f == nil:
	case f.Reason == Cancelled:
		r.Status = freshet.Stopped
	default:
		r.Status = freshet.Failed
	}
	x.document.finish(func(nb *nbformat.Notebook) []*nbformat.Cell { return x.end(nb, f) })
}

// end writes papermill's last records, and its marks where the run failed. It
// tells which cells it has changed.
func (x *execution) end(nb *nbformat.Notebook, f *Failure) (changed []*nbformat.Cell) {
	now := time.Now()
	switch {
	case f == nil:
		return x.record.End(now)
	case f.Cell == 0:
		return x.record.Fail(nil, causes[f.Reason], f.Message, now)
	}
	c := nb.Cells[f.Cell-1]
	x.record.CellFailed(c)
	changed = append(x.record.End(now), c)
	papermill.MarkError(nb, c, causes[f.Reason], f.detail())
	return changed
}
