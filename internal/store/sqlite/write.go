package sqlite

import (
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// take keeps the first error of encoding a column.
func (w *writer) take(v any, err error) any {
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encode a row: %w", err)
	}
	return v
}

// entry appends to the journal. The event of an event entry is the entry: its
// offset, namespace, time and run are the entry's. Another entry refers to an
// event that the journal has already.
func (w *writer) entry(e *machine.Entry) {
	var key, value, sender, id, context, traceparent, at any
	if ev := e.Event; ev != nil && e.Kind == machine.EventHappened {
		key, value, sender, id, context = ev.Key, ev.Value, ev.Sender, orNull(ev.ID), orNull(ev.Context)
		traceparent = orNull(ev.Traceparent)
	} else if ev != nil {
		at = ev.Offset
	}
	w.exec("journal_insert", e.Offset, e.Namespace, string(e.Kind), e.Time.UnixMicro(), e.Run, e.Depth, e.Cause,
		key, value, sender, id, context, traceparent, at, w.take(encodeBody(&e.Body)))
}

func (w *writer) ledger(r *store.LedgerRow) {
	outcomes, err := encodeOutcomes(r.Outcomes)
	w.exec("ledger_insert", r.Offset, r.Run, r.Part, r.Namespace, w.take(outcomes, err))
	if r.Run != 0 {
		return
	}
	for i := range r.Outcomes { // of a trigger
		for _, offset := range r.Outcomes[i].Offsets {
			if offset != r.Offset {
				w.exec("contribution_insert", offset, r.Offset)
			}
		}
	}
}

// run writes a run's row. What a run was started with never changes, and is
// left alone where the row exists.
func (w *writer) run(r *machine.RunRow) {
	w.exec("run_put", r.ID, r.Namespace, r.Workflow, r.Version, string(r.Status), string(r.Type), w.take(encodeMap(r.Parameters)),
		micros(r.CreatedAt), micros(r.ScheduledAt), micros(r.StartedAt), micros(r.EndedAt), string(r.Code), r.Reason,
		eventOffset(r.Event), string(r.Asked), r.Parent, r.RerunOf, orNull(r.Key), r.Trigger, w.take(encodeList(r.Missing)), r.Depth,
		w.take(encodeMap(r.Outputs)), string(r.Result), orNull(string(r.Trace)), w.take(encodeCaller(r.Caller)), r.Place)
}

func eventOffset(ev *freshet.Event) any {
	if ev == nil {
		return nil
	}
	return ev.Offset
}

func (w *writer) execution(x *machine.Execution) {
	var exit any
	if x.HasExit {
		exit = x.ExitCode
	}
	w.exec("execution_put", x.Key.Run, x.Key.Task, x.Key.Seq, x.Key.Item, x.Key.Try, string(x.Status),
		micros(x.QueuedAt), micros(x.StartedAt), micros(x.EndedAt), exit, string(x.Code), x.Reason,
		x.Offset, encodeOffsets(x.By), string(x.Asked), w.take(encodeCall(x.Call)), w.take(encodeMap(x.Outputs)), micros(x.Due),
		x.Epoch, x.Node, x.PID, x.Log, x.Executor, x.Held, x.Child, x.Place, x.Asks, w.take(encodeList(x.Artifacts)))
}

func (w *writer) unhold(k *machine.HeldKey) { w.exec("execution_unhold", k.Run, k.Task, k.Seq) }

func (w *writer) wait(x *machine.Wait) {
	w.exec("wait_put", x.Run, x.Task, x.N, x.Rule, encodeOffsets(x.By), micros(x.At))
}

func (w *writer) unwait(k *machine.WaitKey) {
	w.exec("wait_delete", k.Run, k.Task, k.N)
}

func (w *writer) rule(r *machine.RuleRow) {
	if !remembers(r.State) {
		w.exec("rule_delete", r.Run, r.Rule)
		return
	}
	w.exec("rule_put", r.Run, r.Rule, encodeState(r.State))
}

func (w *writer) mark(m *machine.MarkRow) {
	w.exec("mark_put", m.Run, m.Rule, m.Node, m.N, micros(m.At), m.Amount)
}

func (w *writer) unmark(m *machine.MarkCut) {
	w.exec("mark_cut", m.Run, m.Rule, m.Node, m.Before)
}

func (w *writer) timer(t *machine.Timer) {
	w.exec("timer_put", string(t.Kind), t.Key.Run, t.Rule, t.Node, t.Key.Task, t.Key.Item, t.Key.Seq, t.Key.Try, t.Due.UnixMicro())
}

func (w *writer) untimer(t *machine.Timer) {
	w.exec("timer_delete", string(t.Kind), t.Key.Run, t.Rule, t.Node, t.Key.Task, t.Key.Item, t.Key.Seq, t.Key.Try)
}

func (w *writer) workflow(r *machine.WorkflowRow) {
	w.exec("workflow_put", r.Namespace, r.Name, r.Version, r.Description, w.take(encodeList(r.Tasks)),
		w.take(encodeList(r.Emits)), r.Enabled, micros(r.CreatedAt), micros(r.UpdatedAt), retentionMicros(r.Retention))
}

func (w *writer) unflow(f *store.Unflow) {
	w.exec("workflow_delete", f.Namespace, f.Name)
	w.exec("workflow_remove", f.Namespace, f.Name, f.NextRun, micros(f.Time))
}

// version writes a version. It is named by its content, so only its time can
// be new: it has been uploaded again.
func (w *writer) version(r *machine.VersionRow) {
	w.exec("version_put", r.Namespace, r.Name, r.Version, r.Source, w.take(encodeList(r.Files)), micros(r.CreatedAt))
}

func (w *writer) trigger(r *machine.TriggerRow) {
	w.exec("trigger_put", r.ID, r.Namespace, r.Workflow, r.Name, string(r.Kind), r.Expression, r.Timezone, r.Catchup, string(r.Source),
		r.Index, r.Hash, r.Text, w.take(encodeList(r.Events)), w.take(encodeList(r.Workflows)), w.take(encodeList(r.Unfiltered)),
		r.Paused, micros(r.CreatedAt), micros(r.Since))
}

// untrigger forgets a trigger and all that it remembers and waits for.
func (w *writer) untrigger(id *int64) {
	for _, statement := range []string{"trigger_delete", "rule_forget", "mark_forget", "timer_forget"} {
		w.exec(statement, *id)
	}
}

func (w *writer) space(r *machine.NamespaceRow) {
	w.exec("namespace_put", r.Name, w.take(encodeMap(r.Properties)), micros(r.CreatedAt))
}

func (w *writer) unspace(name *string) {
	w.exec("namespace_delete", *name)
}
