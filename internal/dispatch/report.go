package dispatch

import (
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
)

// reportBatch bounds how many facts go in one submission.
const reportBatch = 200

// sent is facts that the engine has and has not answered.
type sent struct {
	entries []machine.Entry
	wait    func(context.Context) ([]engine.Reply, error)
}

// report turns the executor's reports into facts. It does not wait for one to
// be recorded before it sends the next: another goroutine waits, in order, and
// sends again what was not recorded.
func (d *Dispatch) report(ctx context.Context) {
	inFlight := make(chan sent, 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range inFlight {
			d.confirm(ctx, s)
		}
	}()
	defer func() {
		close(inFlight)
		<-done
	}()
	for {
		select {
		case r := <-d.cfg.Executor.Reports():
			entries, lazy := d.collect(r)
			wait, err := d.cfg.Engine.Send(ctx, lazy, entries...)
			if err != nil {
				return // the engine is closing: whoever holds the attempts will report again
			}
			inFlight <- sent{entries, wait}
		case <-ctx.Done():
			return
		}
	}
}

// collect takes what else has been reported by now. Starts alone are lazy.
func (d *Dispatch) collect(first executor.Report) (entries []machine.Entry, lazy bool) {
	entries, lazy = []machine.Entry{fact(first)}, first.Kind == executor.Started
	for len(entries) < reportBatch {
		select {
		case r := <-d.cfg.Executor.Reports():
			entries = append(entries, fact(r))
			lazy = lazy && r.Kind == executor.Started
		default:
			return entries, lazy
		}
	}
	return entries, lazy
}

// confirm waits until facts are recorded, and sends them again as long as
// they are not.
func (d *Dispatch) confirm(ctx context.Context, s sent) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		replies, err := s.wait(ctx)
		if err != nil {
			return // closing
		}
		var again []machine.Entry
		for i, r := range replies {
			if code := freshet.CodeOf(r.Err); code == freshet.Unavailable || code == freshet.Unreachable {
				again = append(again, s.entries[i])
			}
		}
		if len(again) == 0 {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if s.wait, err = d.cfg.Engine.Send(ctx, false, again...); err != nil {
			return
		}
		s.entries = again
	}
}

// fact is a report as the journal has it.
func fact(r executor.Report) machine.Entry {
	kind := machine.Started
	if r.Kind == executor.Ended {
		kind = machine.Ended
	}
	return machine.Entry{Namespace: "", Kind: kind, Run: r.Key.Run, Body: machine.Body{Process: &machine.Process{
		Task: r.Key.Task, Item: r.Key.Item, Seq: r.Key.Seq, Try: r.Key.Try, Epoch: r.Epoch, Time: freshet.Time(r.Time),
		PID: r.PID, Log: r.Log, ExitCode: r.ExitCode, Code: r.Code, Reason: r.Reason, Outputs: r.Outputs, BadOut: r.BadOut,
		Artifacts: r.Artifacts, BadArtifacts: r.BadArtifacts}}}
}
