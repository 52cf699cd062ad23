package machine

import (
	"encoding/json"
	"fmt"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/tick"
)

// ApprovalRequested is the key of the event that an approval sends when it
// begins to wait.
const ApprovalRequested = "approval_requested"

// request lets an approval wait for its answer, and tells whoever listens.
func (d *draft) request(c cell) {
	x := d.running(c)
	message := ""
	if x.Call != nil {
		message = x.Call.Message
	}
	value, _ := json.Marshal(struct {
		RunID    int64  `json:"run_id"`
		Workflow string `json:"workflow"`
		Task     string `json:"task"`
		Seq      int    `json:"seq"`
		Message  string `json:"message"`
	}{d.st.ID, d.st.Workflow, x.Key.Task, x.Key.Seq, message})
	d.d.Emit = append(d.d.Emit, Entry{Namespace: d.st.Namespace, Kind: EventHappened, Run: d.st.ID, Cause: d.entry.Offset,
		Depth: min(max(d.st.Depth, d.entry.Depth+1), freshet.MaxDepth),
		Event: &freshet.Event{Namespace: d.st.Namespace, Key: ApprovalRequested, Value: string(value), Sender: x.Key.Task, RunID: d.st.ID,
			Traceparent: string(d.trace(x.Key))}})
	d.size++
}

// answered takes a person's answer.
func (d *draft) answered() {
	name, a := d.entry.Body.Task, d.entry.Body.Answer
	t, ok := d.w.Task(name)
	if !ok {
		d.d.Refused = freshet.Errorf(freshet.NotFound, "run %d has no task %s", d.st.ID, name)
		return
	}
	c := cell{t.Index, a.Item}
	x := d.at(c)
	switch {
	case t.Kind != spec.Approve:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "task %s asks for no approval", name)
		return
	case t.Foreach != nil && a.Item == freshet.NoItem:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "task %s asks once for each item", name).WithHint("name the item: %s[0]", name)
		return
	case t.Foreach == nil && a.Item != freshet.NoItem:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "task %s has no items", name)
		return
	case x == nil || x.Status != freshet.Running:
		d.d.Refused = freshet.Errorf(freshet.Conflict, "task %s does not wait for an answer", freshet.TaskName(name, a.Item))
		return
	}
	d.d.Reply = x.Key.Seq
	out := freshet.Outcome{Task: name, Rule: -1, Result: freshet.Fired, Action: "approve", Seq: x.Key.Seq, Note: a.Comment}
	if !a.Approved {
		out.Action = "reject"
		d.note(out)
		reason := "rejected"
		if a.Comment != "" {
			reason += ": " + a.Comment
		}
		d.finish(c, freshet.Failed, freshet.CodeRejected, reason)
		return
	}
	d.note(out)
	d.approve(c, a.Comment)
}

func (d *draft) approve(c cell, comment string) {
	d.edit(c, func(x *Execution) { x.Outputs = map[string]any{"comment": comment} })
	d.finish(c, freshet.Success, "", "")
}

// unanswered ends an approval that nobody has answered: it is stopped, or its
// time is over.
func (d *draft) unanswered(c cell, why freshet.Code) {
	a := d.w.Tasks[c.task].Approval
	switch {
	case why != freshet.CodeTimeout:
		d.edit(c, func(x *Execution) { x.Asked = why })
		d.finish(c, freshet.Stopped, why, stopText[why])
	case a.OnTimeout == spec.Approved:
		d.approve(c, "")
	default:
		d.finish(c, freshet.Failed, freshet.CodeRejected, fmt.Sprintf("nobody answered within %s", tick.Span(a.Timeout)))
	}
}
