package why

import (
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// lookedAt bounds the events of a key that are looked at, one by one, in a
// run whose newest decisions do not tell.
const lookedAt = 20

// lastSeen tells what became of the newest event that a condition listens to;
// without a capital and a full stop.
func (p *post) lastSeen(c *spec.Condition) freshet.Reason {
	fired := false // since the event at hand
	recent := p.recent()
	for _, row := range recent.rows {
		if s, ok := p.seen(c, row, fired); ok {
			return s
		}
		o, ok := p.outcome(row)
		fired = fired || ok && o.Result == freshet.Fired
	}
	_, began := p.since()
	none := freshet.Reason{Text: fmt.Sprintf("event %s has not arrived since %s", c.Key, began)}
	if p.idle() {
		none.Text = fmt.Sprintf("event %s is not looked at now", c.Key)
	}
	if recent.whole {
		return none
	}
	candidates, all := p.arrived(c.Key)
	for _, ev := range candidates {
		for _, row := range p.decided(ev.Offset) {
			if s, ok := p.seen(c, row, true); ok {
				return s
			}
		}
	}
	if !all {
		none.Text = fmt.Sprintf("event %s has not arrived as far as the newest %d decisions tell", c.Key, recentRows)
	}
	return none
}

// arrived lists the newest events of a key that may have concerned the rule,
// newest first, and tells whether these are all. Triggers see every event,
// runs those of nobody and their own.
func (p *post) arrived(key string) ([]freshet.Event, bool) {
	since, _ := p.since()
	f := store.EventFilter{Namespace: p.namespace(), Keys: []string{key}, Since: since, Newest: true, Limit: lookedAt}
	runs := []int64{0}
	if p.v != nil {
		f.Since, runs = p.v.CreatedAt, []int64{p.v.ID, 0}
	}
	var list []freshet.Event
	all := true
	for _, run := range runs {
		if p.q.err != nil {
			return nil, false
		}
		f.Run = run
		found, err := p.q.x.reader.Events(p.q.ctx, f)
		if !p.q.ok(err) {
			return nil, false
		}
		all = all && len(found) < lookedAt
		for _, ev := range found {
			if p.t != nil || ev.RunID == run {
				list = append(list, ev)
			}
		}
	}
	slices.SortFunc(list, func(a, b freshet.Event) int { return int(b.Offset - a.Offset) })
	return list, all
}

// seen tells what the rule made of the event of a decision, if the event is
// one that the condition listens to. fired tells that the rule has, or may
// have, fired since.
func (p *post) seen(c *spec.Condition, row store.LedgerRow, fired bool) (freshet.Reason, bool) {
	o, ok := p.outcome(row)
	if !ok {
		return freshet.Reason{}, false
	}
	e := p.q.entry(row.Offset)
	if e == nil || e.Kind != machine.EventHappened || e.Event.Key != c.Key {
		return freshet.Reason{}, false
	}
	text := fmt.Sprintf("event %s arrived at offset %d", c.Key, row.Offset)
	if o.Result == freshet.Filtered || o.Result == freshet.Erred {
		text += value(e.Event)
	}
	switch {
	case o.Result == freshet.Paused:
		text += ", but was not looked at: " + wasPaused(o)
	case o.Result == freshet.Erred && p.t != nil:
		text += ", but " + erred(o.Note)
	case o.Result == freshet.Fired && o.Action == "" && p.t != nil:
		text += "; the condition held, but no run was started: " + clip(o.Note)
	case o.Result == freshet.Erred:
		text += ", but an expression failed: " + clip(o.Note)
	case o.Result == freshet.Fired && o.Action == "" && o.Note != "":
		text += ", but nothing was done: " + clip(o.Note)
	case o.Result == freshet.Fired:
		text += ", and none has come since the rule fired"
	case fired && (o.Result == freshet.Remembered || o.Result == freshet.Counted):
		text += ", and none has come since the rule fired"
	case o.Result == freshet.Remembered && o.Note != "":
		text += ": " + clip(o.Note)
	case o.Result == freshet.Remembered && c.InAll && c.Keeps != (spec.Window{}):
		text += ", but is remembered no more" + kept(c.Keeps)
	case c.If != nil && !(o.Result == freshet.Counted && c.Kind != spec.EventIs):
		text += fmt.Sprintf(", but was filtered: %s was false", c.If.Source())
	case o.Result == freshet.Unmet:
		text += ", but the other parts were not so at that time"
	}
	return freshet.Reason{Text: text, Time: moment(e.Time), Offset: row.Offset, RunID: row.Run, Result: o.Result}, true
}

// value is what an event says, cut short.
func value(ev *freshet.Event) string {
	if ev.Value == "" {
		return " without a value"
	}
	return carries(ev)
}

// carries is the value of an event, cut short; nothing where it has none.
func carries(ev *freshet.Event) string {
	if ev.Value == "" {
		return ""
	}
	text := []rune(clip(ev.Value))
	if len(text) > 60 {
		text = append(text[:60], '…')
	}
	return " with the value " + string(text)
}
