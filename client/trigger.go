package client

import (
	"context"
	"net/http"
	"time"

	"github.com/freshet/freshet"
)

// TriggerQuery selects triggers; what is empty selects all.
type TriggerQuery struct {
	Namespace string
	Workflow  string
	Kind      freshet.TriggerKind
	Before    int64  // ids below; 0: all
	Limit     int    // 0: 50
	Cursor    string // Next of the page before
}

// Triggers gives a page of triggers, newest first.
func (c *Client) Triggers(ctx context.Context, f TriggerQuery) (freshet.TriggerPage, error) {
	q := newQuery().text("namespace", f.Namespace).text("workflow", f.Workflow).text("kind", string(f.Kind)).
		number("before", f.Before).number("limit", int64(f.Limit)).text("cursor", f.Cursor)
	var page freshet.TriggerPage
	return page, c.into(ctx, get("triggers").with(q.Values), &page)
}

// Trigger gives one trigger.
func (c *Client) Trigger(ctx context.Context, trigger int64) (freshet.Trigger, error) {
	var t freshet.Trigger
	return t, c.into(ctx, get("triggers", id(trigger)), &t)
}

// AddTrigger adds a trigger to a workflow.
func (c *Client) AddTrigger(ctx context.Context, namespace string, r freshet.TriggerRequest) (freshet.Trigger, error) {
	var t freshet.Trigger
	req, err := post("namespaces", namespace, "triggers").json(r)
	if err != nil {
		return t, err
	}
	return t, c.into(ctx, req, &t)
}

// ChangeTrigger pauses, resumes or deletes a trigger, and gives it as it is
// then; a deleted one as it was.
func (c *Client) ChangeTrigger(ctx context.Context, trigger int64, action freshet.TriggerAction) (freshet.Trigger, error) {
	var t freshet.Trigger
	if action == freshet.DeleteTrigger {
		return t, c.into(ctx, request{method: http.MethodDelete, path: []string{"triggers", id(trigger)}}, &t)
	}
	r := post("triggers", id(trigger), string(action))
	r.again = true
	return t, c.into(ctx, r, &t)
}

// DeleteTriggers deletes the triggers of a workflow that were added at run
// time, all or, with a kind, those of that kind, and gives their ids. Those
// of its file stay.
func (c *Client) DeleteTriggers(ctx context.Context, namespace, workflow string, kind freshet.TriggerKind) ([]int64, error) {
	r := request{method: http.MethodDelete, path: []string{"namespaces", namespace, "workflows", workflow, "triggers"}}
	var ids []int64
	return ids, c.into(ctx, r.with(newQuery().text("kind", string(kind)).Values), &ids)
}

// PreviewQuery asks for the next times of a schedule.
type PreviewQuery struct {
	Expression string    // five fields, @daily and the like, or `every 10m`
	Timezone   string    // empty: UTC
	From       time.Time // times after it; zero: now
	Count      int       // 0: 10
}

// Preview tells when a schedule would be due. Where there are fewer times
// than asked for, there are no more.
func (c *Client) Preview(ctx context.Context, f PreviewQuery) ([]freshet.Tick, error) {
	q := newQuery().text("expression", f.Expression).text("timezone", f.Timezone).time("from", f.From).number("count", int64(f.Count))
	var ticks []freshet.Tick
	return ticks, c.into(ctx, get("schedule", "preview").with(q.Values), &ticks)
}
