package why

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// lookedAt bounds the events of a key that are looked at, one by one, in a
// run whose newest decisions do not tell.
const lookedAt = 20

// lastSeen tells what became of the newest event that a condition listens to;
// without a capital and a full stop.
func (q *inquiry) lastSeen(v *view, r *spec.Rule, c *spec.Condition) freshet.Reason {
	fired := false // since the event at hand
	for _, row := range q.recent(v) {
		if s, ok := q.seen(r, c, row, fired); ok {
			return s
		}
		fired = fired || slices.ContainsFunc(row.Outcomes, func(o freshet.Outcome) bool { return o.Rule == r.ID && o.Result == freshet.Fired })
	}
	none := freshet.Reason{Text: fmt.Sprintf("event %s has not arrived since the run began", c.Key), RunID: v.ID}
	if v.whole {
		return none
	}
	candidates, all := q.arrived(v, c.Key)
	for _, ev := range candidates {
		for _, row := range q.decided(v.ID, ev.Offset) {
			if s, ok := q.seen(r, c, row, true); ok {
				return s
			}
		}
	}
	if !all {
		none.Text = fmt.Sprintf("event %s has not arrived as far as the newest %d decisions of the run tell", c.Key, recentRows)
	}
	return none
}

// arrived lists the newest events of a key that may have concerned a run,
// newest first, and tells whether these are all.
func (q *inquiry) arrived(v *view, key string) ([]freshet.Event, bool) {
	var list []freshet.Event
	all := true
	for _, run := range []int64{v.ID, 0} {
		if q.err != nil {
			return nil, false
		}
		found, err := q.x.reader.Events(q.ctx, store.EventFilter{Namespace: v.Namespace, Keys: []string{key},
			Run: run, Since: v.CreatedAt, Newest: true, Limit: lookedAt})
		if !q.ok(err) {
			return nil, false
		}
		all = all && len(found) < lookedAt
		for _, ev := range found {
			if ev.RunID == run {
				list = append(list, ev)
			}
		}
	}
	slices.SortFunc(list, func(a, b freshet.Event) int { return int(b.Offset - a.Offset) })
	return list, all
}

// seen tells what a rule made of the event of a decision, if the event is one
// that the condition listens to. fired tells that the rule has, or may have,
// fired since.
func (q *inquiry) seen(r *spec.Rule, c *spec.Condition, row store.LedgerRow, fired bool) (freshet.Reason, bool) {
	i := slices.IndexFunc(row.Outcomes, func(o freshet.Outcome) bool { return o.Rule == r.ID })
	if i < 0 {
		return freshet.Reason{}, false
	}
	e := q.entry(row.Offset)
	if e == nil || e.Event == nil || e.Event.Key != c.Key {
		return freshet.Reason{}, false
	}
	o := row.Outcomes[i]
	text := fmt.Sprintf("event %s arrived at offset %d", c.Key, row.Offset)
	if o.Result == freshet.Filtered || o.Result == freshet.Erred {
		text += value(e.Event)
	}
	switch {
	case o.Result == freshet.Erred:
		text += ", but an expression failed: " + clip(o.Note)
	case o.Result == freshet.Fired && o.Action == "" && o.Note != "":
		text += ", but nothing was done: " + clip(o.Note)
	case o.Result == freshet.Fired:
		text += ", and none has come since the rule fired"
	case fired && (o.Result == freshet.Remembered || o.Result == freshet.Counted):
		text += ", and none has come since the rule fired"
	case c.If != nil && !(o.Result == freshet.Counted && c.Kind != spec.EventIs):
		text += fmt.Sprintf(", but was filtered: %s was false", c.If.Source())
	case o.Result == freshet.Unmet:
		text += ", but the other parts were not so at that time"
	}
	return freshet.Reason{Text: text, Time: moment(e.Time), Offset: row.Offset, RunID: row.Run}, true
}

// value is what an event says, cut short.
func value(ev *freshet.Event) string {
	if ev.Value == "" {
		return " without a value"
	}
	text := []rune(clip(ev.Value))
	if len(text) > 60 {
		text = append(text[:60], '…')
	}
	return " with the value " + string(text)
}
