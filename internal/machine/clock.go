package machine

import (
	"fmt"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/tick"
)

// begin lets the conditions of a rule that wait for a time wait from now on.
// An absence begins now, whatever came before; a time of day that is still
// ahead counts for what was remembered before.
func begin(sc scene, r *spec.Rule) {
	now := sc.clock()
	for _, c := range r.Nodes {
		k := sc.key(r, c.Node)
		switch {
		case c.Tick():
			sc.arm(k, c.Ticks.Next(now, sc.anchor()))
		case c.Kind == spec.MissingIs:
			if s := sc.memory(r); s != nil && !s[c.Node].Since.IsZero() {
				sc.remember(r, c.Node, func(n *NodeState) { n.Since = time.Time{} })
			}
			sc.arm(k, freshet.Time(now.Add(c.For)))
		}
	}
	x := examination{sc: sc, rule: r, state: sc.memory(r)}
	if early := notBefore(sc, r); !early.IsZero() && x.met(r.When) {
		sc.arm(sc.key(r, r.When.Node), early)
		return
	}
	awaitDeadline(sc, r)
}

// rest lets them wait no more.
func rest(sc scene, r *spec.Rule) {
	for _, c := range r.Nodes {
		if k := sc.key(r, c.Node); !sc.due(k).IsZero() {
			sc.arm(k, time.Time{})
		}
	}
}

// missedGrace is how late a tick may be that was missed, and still happen
// though nothing is to be caught up: a server that is restarted at six runs
// what was due at six.
const missedGrace = time.Minute

// ticksAtOnce bounds the ticks that one due time stands for; the rest is due
// at once again.
const ticksAtOnce = 100

// ticks tells what becomes of the ticks of a condition that are due: those
// that happen now, oldest first, and how many are left out. What was due
// before the server came up, or woke, was missed, and is made up for as
// `catchup` says. The next is due after now, or is the rest of many.
func ticks(c *spec.Condition, catchup spec.Catchup, due, now, up, anchor time.Time) (happen []time.Time, next time.Time) {
	missed := up
	if missed.After(now) {
		missed = now
	}
	first := due // of those that happen
	if due.Before(missed) {
		first = c.Ticks.Next(missed.Add(-time.Microsecond), anchor)
		last := c.Ticks.Last(missed.Add(-time.Microsecond), anchor) // the newest that was missed
		switch catchup.Mode {
		case spec.CatchupAll:
			first = due
		case spec.CatchupSpan:
			if first = due; missed.Sub(due) > catchup.Span {
				first = c.Ticks.Next(missed.Add(-catchup.Span).Add(-time.Microsecond), anchor)
			}
		case spec.CatchupLatest:
			first = last
		default:
			if (first.IsZero() || first.After(now)) && now.Sub(last) <= missedGrace {
				first = last
			}
		}
	}
	for next = first; !next.IsZero() && !next.After(now); next = c.Ticks.Next(next, anchor) {
		if len(happen) == ticksAtOnce {
			return happen, next
		}
		happen = append(happen, next)
	}
	return happen, next
}

// wake looks at a condition whose time has come, unless that time was
// another's. What it makes of it is shown to the rule signal by signal.
func wake(sc scene, r *spec.Rule, c *spec.Condition, catchup spec.Catchup, tm *Timer, up time.Time, tell func(fired, bool, freshet.Outcome)) {
	k, now := sc.key(r, c.Node), sc.clock()
	if !sc.due(k).Equal(tm.Due) {
		return // it was armed anew, and this is the echo of before
	}
	sc.arm(k, time.Time{})
	switch {
	case c.Tick():
		happen, next := ticks(c, catchup, tm.Due, now, up, sc.anchor())
		sc.arm(k, next)
		for _, at := range happen {
			tell(observe(sc, r, []*spec.Condition{c}, signal{tick: at}))
		}
		if len(happen) == 0 {
			tell(fired{rule: r}, false, freshet.Outcome{Rule: r.ID, Result: freshet.Expired, Note: "the tick was missed while the server was down"})
		}
	case c.Kind == spec.MissingIs:
		if s := sc.memory(r); s != nil && s[c.Node].Since.Add(c.For).After(now) {
			sc.arm(k, freshet.Time(s[c.Node].Since.Add(c.For))) // it has come since
			return
		}
		tell(observe(sc, r, []*spec.Condition{c}, signal{}))
	case c == r.When:
		f, ok, out := clockStrikes(sc, r, tm.Due)
		tell(f, ok, out)
	}
}

// clockStrikes is for `not_before` and `deadline`: the condition is looked at
// again, and at the deadline part of it is enough.
func clockStrikes(sc scene, r *spec.Rule, due time.Time) (fired, bool, freshet.Outcome) {
	now := sc.clock()
	out := freshet.Outcome{Rule: r.ID, Result: freshet.Fired}
	x := examination{sc: sc, rule: r, state: sc.memory(r)}
	if !sameDay(r, due, now) {
		out.Result, out.Note = freshet.Expired, "its time passed while the server was down, and the day is over"
		return fired{rule: r}, false, out
	}
	if f, ok := examine(sc, r, nil, signal{}); ok {
		out.Offsets = offsets(f.by)
		return f, true, out
	}
	d := r.When.Deadline
	switch {
	case d == nil || due.Before(d.On(due, r.Zone)) || x.firedToday(r.When):
		awaitDeadline(sc, r)
		out.Result, out.Note = freshet.Unmet, pending(sc, r)
		return fired{rule: r}, false, out
	case !x.some(r.When):
		out.Result, out.Note = freshet.Unmet, "nothing had come by the deadline "+d.String()
		return fired{rule: r}, false, out
	}
	missing := x.lacks(r.When)
	f := x.partly(r)
	f.missing = missing
	out.Offsets, out.Note = offsets(f.by), "by its deadline, without "+strings.Join(missing, ", ")
	return f, true, out
}

// partly fires a rule of which only parts are met.
func (x *examination) partly(r *spec.Rule) fired {
	var list []*freshet.Event
	f := fired{}
	for _, p := range r.When.Parts {
		list = append(list, x.took(p, signal{}, &f)...)
	}
	full := x.fire(r, signal{})
	full.by, full.tick = newest(list), f.tick
	return full
}

// some tells whether a signal is remembered below c.
func (x *examination) some(c *spec.Condition) bool {
	for _, p := range c.Parts {
		if x.some(p) {
			return true
		}
	}
	return c.Signal() && x.held(c)
}

// lacks names the parts of an `all` that are not met.
func (x *examination) lacks(c *spec.Condition) []string {
	var list []string
	for _, p := range c.Parts {
		if !x.met(p) {
			list = append(list, partName(p))
		}
	}
	return list
}

// partName is what a part of a condition is called in `run.missing`.
func partName(c *spec.Condition) string {
	switch {
	case c.Kind == spec.MissingIs:
		return "absence of " + partSubject(c)
	case c.Tick():
		return c.Ticks.String()
	case len(c.Parts) > 0:
		names := make([]string, len(c.Parts))
		for i, p := range c.Parts {
			names[i] = partName(p)
		}
		return strings.Join(names, map[spec.ConditionKind]string{spec.AllOf: " and ", spec.AnyOf: " or "}[c.Kind])
	}
	return partSubject(c)
}

func partSubject(c *spec.Condition) string {
	if c.Key != "" {
		return c.Key
	}
	names := make([]string, len(c.Flows))
	for i, f := range c.Flows {
		names[i] = f.Name
	}
	return strings.Join(names, " or ")
}

// awaitDeadline arms a rule's deadline once something is remembered before it.
func awaitDeadline(sc scene, r *spec.Rule) {
	d, now := r.When.Deadline, sc.clock()
	if d == nil {
		return
	}
	x := examination{sc: sc, rule: r, state: sc.memory(r)}
	at := freshet.Time(d.On(now, r.Zone))
	if !now.Before(at) || x.firedToday(r.When) || !x.some(r.When) {
		return
	}
	if k := sc.key(r, r.When.Node); sc.due(k).IsZero() {
		sc.arm(k, at)
	}
}

// notBefore is when a rule whose condition holds may fire; zero: now.
func notBefore(sc scene, r *spec.Rule) time.Time {
	if r.When.NotBefore == nil {
		return time.Time{}
	}
	if at := freshet.Time(r.When.NotBefore.On(sc.clock(), r.Zone)); sc.clock().Before(at) {
		return at
	}
	return time.Time{}
}

// pending says in short why a rule that remembers has not fired, where it is
// the clock's doing.
func pending(sc scene, r *spec.Rule) string {
	x := examination{sc: sc, rule: r, state: sc.memory(r)}
	switch {
	case x.firedToday(r.When):
		return "it has fired today already"
	case r.When.NotBefore != nil && x.met(r.When):
		return fmt.Sprintf("it fires at %s", r.When.NotBefore)
	}
	return ""
}

// sameDay tells whether two times lie on one day of the rule's zone.
func sameDay(r *spec.Rule, a, b time.Time) bool {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	return tick.Midnight(a, zone).Equal(tick.Midnight(b, zone))
}
