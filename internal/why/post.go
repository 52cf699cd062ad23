package why

import (
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// post is where a rule stands, and how: in a run, or as a trigger of a
// namespace.
type post struct {
	q    *inquiry
	rule *spec.Rule
	look machine.Look
	v    *view    // nil: a trigger's
	t    *trigger // nil: a run's
}

// post is a rule of a run.
func (q *inquiry) post(v *view, r *spec.Rule) *post {
	return &post{q: q, rule: r, look: machine.LookAt(v.w, v.Run, r, q.now), v: v}
}

// watch is a trigger as a rule.
func (q *inquiry) watch(t *trigger) *post {
	return &post{q: q, rule: &t.on.Rule, look: machine.LookAtTrigger(&t.Trigger, t.on, q.now), t: t}
}

// over tells whether the rule acts no more.
func (p *post) over() bool { return p.v != nil && !p.v.Listening() && p.v.Status != freshet.Queued }

// pending tells whether the rule does not act yet.
func (p *post) pending() bool { return p.v != nil && p.v.Status == freshet.Queued }

// idle tells whether it is a trigger that does not watch.
func (p *post) idle() bool { return p.t != nil && !p.t.watches() }

// since is from when on the rule watches, and what began then.
func (p *post) since() (time.Time, string) {
	if p.v != nil {
		if p.v.StartedAt.IsZero() {
			return p.v.CreatedAt, "the run was created"
		}
		return p.v.StartedAt, "the run began"
	}
	return p.t.Since, "the trigger began to watch"
}

func (p *post) namespace() string {
	if p.v != nil {
		return p.v.Namespace
	}
	return p.t.Namespace
}

// task is the name of the rule's task, empty where it has none.
func (p *post) task() string {
	if p.v == nil || p.rule.Task == spec.NoTask {
		return ""
	}
	return p.v.w.Tasks[p.rule.Task].Name
}

// mine tells whether an outcome is of this rule.
func (p *post) mine(o freshet.Outcome) bool {
	if p.t != nil {
		return o.Trigger == p.t.ID
	}
	return o.Rule == p.rule.ID
}

// recent are newest decisions, with the rule's among them.
func (p *post) recent() history {
	if p.v != nil {
		return p.q.recent(p.v, p.task())
	}
	return p.q.triggered(p.t)
}

// decided is what was decided about one entry, with what is the rule's.
func (p *post) decided(offset int64) []store.LedgerRow {
	if p.v != nil {
		return p.q.decided(p.v.ID, p.task(), offset)
	}
	return p.q.fired(offset)
}

// outcome is the rule's part of a decision.
func (p *post) outcome(row store.LedgerRow) (freshet.Outcome, bool) {
	i := slices.IndexFunc(row.Outcomes, p.mine)
	if i < 0 {
		return freshet.Outcome{}, false
	}
	return row.Outcomes[i], true
}
