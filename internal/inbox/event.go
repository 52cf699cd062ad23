package inbox

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// Send accepts events of a namespace, in order. It returns once they are on
// disk. Where one is refused, its error stands in its place and the others are
// accepted; the error of the call itself means that none is known to be.
func (x *Inbox) Send(ctx context.Context, namespace string, events []freshet.EventRequest) ([]freshet.EventResult, []error, error) {
	if err := x.namespace(ctx, namespace); err != nil {
		return nil, nil, err
	}
	results, errs := make([]freshet.EventResult, len(events)), make([]error, len(events))
	entries := make([]machine.Entry, 0, len(events))
	at := make([]int, 0, len(events))
	for i, r := range events {
		ev := &freshet.Event{ID: r.ID, Namespace: namespace, Key: r.Key, Value: r.Value, Sender: r.Sender, Context: r.Context, RunID: r.RunID,
			Traceparent: freshet.Traceparent(r.Traceparent)}
		if errs[i] = x.check(ctx, ev); errs[i] != nil {
			continue
		}
		entries = append(entries, machine.Entry{Namespace: namespace, Kind: machine.EventHappened, Run: r.RunID, From: r.FromRun, Event: ev})
		at = append(at, i)
	}
	replies, err := x.engine.Submit(ctx, entries...)
	if err != nil {
		return nil, nil, err
	}
	for j, r := range replies {
		i := at[j]
		results[i], errs[i] = freshet.EventResult{Offset: r.Offset, Time: r.Time, Known: r.Known}, r.Err
	}
	return results, errs, nil
}

// check tells what is wrong with an event, and whether the run that it
// carries still listens.
func (x *Inbox) check(ctx context.Context, ev *freshet.Event) error {
	if err := ev.Check(); err != nil {
		return err
	}
	if ev.RunID == 0 {
		return nil
	}
	run, err := x.store.Run(ctx, ev.RunID)
	if err != nil {
		return err
	}
	if run.Namespace != ev.Namespace {
		return freshet.Errorf(freshet.Invalid, "run %d belongs to namespace %s, the event to %s", run.ID, run.Namespace, ev.Namespace).
			WithHint("send it to namespace %s", run.Namespace)
	}
	if run.Status.Final() {
		return freshet.Errorf(freshet.Conflict, "run %d has ended (%s) and takes no events any more", run.ID, run.Status).
			WithHint("send it without a run to reach every run that is alive")
	}
	return nil
}
