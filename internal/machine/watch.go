package machine

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/spec"
)

// scene is where a rule is watched: a run, or a namespace with one of its
// triggers. What it is told lies over the state, in a decision to be.
type scene interface {
	clock() time.Time                                      // journal time
	anchor() time.Time                                     // when the run started, or the trigger was made
	key(r *spec.Rule, node int) NodeKey                    //
	memory(r *spec.Rule) RuleState                         // nil: nothing
	remember(r *spec.Rule, node int, f func(n *NodeState)) // changes what one condition remembers
	forget(r *spec.Rule, kept RuleState)                   // kept is all that is left
	mark(k NodeKey, m Mark)                                // a mark was added
	cut(k NodeKey, before int64)                           // marks have gone
	due(k NodeKey) time.Time                               // when a condition is looked at next; zero: it waits for no time
	arm(k NodeKey, at time.Time)                           // zero: it waits no more
	ruleVars(r *spec.Rule, ev *freshet.Event) expr.Vars    // what `if` and `of` see
	seen(task int) freshet.Status                          // of a run's task, as rules may know it
	done(task int, s freshet.Status) freshet.Status        // as `after` takes it
}

// signal is what rules are shown: an event, or a time that has come for one
// of their conditions.
type signal struct {
	ev   *freshet.Event // nil: a time
	tick time.Time      // a tick's own time; zero: none
}

// fired is a rule whose condition held, with what took part.
type fired struct {
	rule    *spec.Rule
	by      []*freshet.Event // newest of each key, oldest first; nil: states and times only
	tick    time.Time        // the newest tick that took part; zero: none
	missing []string         // parts that were not met, where a deadline fired it
	skip    bool             // all upstreams were skipped: the action is to skip
	outcome int              // index in Decision.Outcomes
}

// observe shows a signal to those conditions of a rule that it concerns, and
// examines the rule if one of their own signals happened.
func observe(sc scene, r *spec.Rule, nodes []*spec.Condition, sig signal) (fired, bool, freshet.Outcome) {
	out := freshet.Outcome{Rule: r.ID, Result: freshet.Filtered}
	var hit []int // conditions whose signal happens now
	for _, c := range nodes {
		result, note := see(sc, r, c, sig)
		switch result {
		case freshet.Fired:
			hit = append(hit, c.Node)
		case freshet.Counted:
			have := sc.memory(r)[c.Node].have(c, sc.clock())
			out.Result, out.Have, out.Need = freshet.Counted, have, c.Reaches
			if have >= c.Reaches {
				hit = append(hit, c.Node)
			}
		case freshet.Erred, freshet.Remembered:
			if out.Result == freshet.Filtered {
				out.Result, out.Note = result, note
			}
		}
	}
	if len(hit) == 0 {
		return fired{rule: r}, false, out
	}
	f, ok := examine(sc, r, hit, sig)
	switch {
	case ok:
		out.Result, out.Offsets, out.Note = freshet.Fired, offsets(f.by), ""
	case slices.ContainsFunc(r.Nodes, func(c *spec.Condition) bool { return c.InAll }):
		out.Result, out.Note = freshet.Remembered, pending(sc, r)
	default:
		out.Result = freshet.Unmet
	}
	return f, ok, out
}

// see shows a signal to one condition: Fired where its own signal happens,
// Counted where it was added up, Filtered or Erred where its `if` or `of` did
// not let it through, Remembered where an absence begins anew.
func see(sc scene, r *spec.Rule, c *spec.Condition, sig signal) (freshet.Result, string) {
	now := sc.clock()
	if sig.ev != nil && c.If != nil {
		yes, err := c.If.Bool(sc.ruleVars(r, sig.ev))
		if err != nil {
			return freshet.Erred, fmt.Sprintf("if: %s: %v", c.If.Source(), err)
		}
		if !yes {
			return freshet.Filtered, ""
		}
	}
	switch c.Kind {
	case spec.SumIs, spec.CountIs:
		amount := 1.0
		if c.Kind == spec.SumIs {
			var err error
			if amount, err = c.Of.Number(sc.ruleVars(r, sig.ev)); err != nil {
				return freshet.Erred, fmt.Sprintf("of: %s: %v", c.Of.Source(), err)
			}
			if math.Abs(amount) > maxAmount {
				return freshet.Erred, fmt.Sprintf("of: %s: %g is too large to be summed up", c.Of.Source(), amount)
			}
		}
		add(sc, r, c, sig.ev, amount)
		return freshet.Counted, ""
	case spec.MissingIs:
		if sig.ev == nil { // its time has come
			break
		}
		k := sc.key(r, c.Node)
		sc.remember(r, c.Node, func(n *NodeState) { n.Since = now })
		if sc.due(k).IsZero() {
			sc.arm(k, freshet.Time(now.Add(c.For)))
		}
		return freshet.Remembered, "it has come, so its absence begins anew"
	}
	if c.InAll {
		at := now
		if !sig.tick.IsZero() {
			at = sig.tick
		}
		sc.remember(r, c.Node, func(n *NodeState) { n.Event, n.At = sig.ev, at })
	}
	return freshet.Fired, ""
}

// held tells whether a signal that happened at a time is still remembered.
func held(r *spec.Rule, c *spec.Condition, at, now time.Time) bool {
	return !at.IsZero() && (c.Keeps.Span == 0 || now.Before(at.Add(c.Keeps.Span))) && (!c.Keeps.Day || sameDay(r, at, now))
}

// examine asks whether the whole condition of a rule holds. If it does, and
// it is late enough in the day, the rule has fired: its signals are forgotten,
// whatever becomes of the action.
func examine(sc scene, r *spec.Rule, hit []int, sig signal) (fired, bool) {
	x := examination{sc: sc, rule: r, state: sc.memory(r), hit: hit}
	if !x.met(r.When) {
		if len(hit) > 0 {
			awaitDeadline(sc, r)
		}
		return fired{rule: r}, false
	}
	if early := notBefore(sc, r); !early.IsZero() {
		sc.arm(sc.key(r, r.When.Node), early)
		return fired{rule: r}, false
	}
	return x.fire(r, sig), true
}

// fire takes what made the condition hold, and forgets it.
func (x *examination) fire(r *spec.Rule, sig signal) fired {
	f := fired{rule: r}
	f.by = newest(x.took(r.When, sig, &f))
	now := x.sc.clock()
	kept := make(RuleState, len(r.Nodes))
	for i, c := range r.Nodes {
		switch {
		case c.Kind == spec.AllOf && c.Within.Day && (x.met(c) || c == r.When):
			kept[i].Since = now
		case x.state != nil:
			kept[i].Since = x.state[i].Since
		}
		if x.state != nil {
			if last := len(x.state[i].Marks); last > 0 {
				x.sc.cut(x.sc.key(r, i), x.state[i].Marks[last-1].N+1)
			}
		}
	}
	x.sc.forget(r, kept)
	if k := x.sc.key(r, r.When.Node); r.When.Kind == spec.AllOf && !x.sc.due(k).IsZero() {
		x.sc.arm(k, time.Time{})
	}
	return f
}

// newest keeps of each key its newest event, oldest first.
func newest(list []*freshet.Event) []*freshet.Event {
	slices.SortFunc(list, func(a, b *freshet.Event) int { return cmp.Compare(a.Offset, b.Offset) })
	by := list[:0]
	for i, ev := range list {
		later := slices.ContainsFunc(list[i+1:], func(o *freshet.Event) bool { return o.Key == ev.Key })
		if !later {
			by = append(by, ev)
		}
	}
	return by
}

// examination is one look at a rule's condition.
type examination struct {
	sc    scene
	rule  *spec.Rule
	state RuleState
	hit   []int
}

func (x *examination) met(c *spec.Condition) bool {
	switch c.Kind {
	case spec.StatusIs:
		for _, want := range c.Wants {
			if !slices.Contains(want.Statuses, x.sc.seen(want.Task)) {
				return false
			}
		}
		return true
	case spec.AfterIs:
		return x.after(c)
	case spec.AllOf:
		return !x.firedToday(c) && !slices.ContainsFunc(c.Parts, func(p *spec.Condition) bool { return !x.met(p) })
	case spec.AnyOf:
		return slices.ContainsFunc(c.Parts, x.met)
	}
	return slices.Contains(x.hit, c.Node) || x.held(c)
}

// held tells whether a signal is remembered.
func (x *examination) held(c *spec.Condition) bool {
	if x.state == nil {
		return false
	}
	n := &x.state[c.Node]
	counts := (c.Kind == spec.CountIs || c.Kind == spec.SumIs) && c.Within == spec.Window{}
	return held(x.rule, c, n.At, x.sc.clock()) && (!counts || n.have(c, x.sc.clock()) >= c.Reaches)
}

// firedToday tells whether an `all` within a day has had its time.
func (x *examination) firedToday(c *spec.Condition) bool {
	return c.Within.Day && x.state != nil && !x.state[c.Node].Since.IsZero() && sameDay(x.rule, x.state[c.Node].Since, x.sc.clock())
}

// took lists the events of the conditions that made c hold, and notes the
// newest tick among them.
func (x *examination) took(c *spec.Condition, sig signal, f *fired) []*freshet.Event {
	switch {
	case !x.met(c):
		return nil
	case len(c.Parts) > 0:
		var list []*freshet.Event
		for _, p := range c.Parts {
			list = append(list, x.took(p, sig, f)...)
		}
		return list
	case !c.Signal():
		return nil
	}
	ev, at := sig.ev, sig.tick
	if x.state != nil && (x.state[c.Node].Event != nil || x.held(c)) {
		ev, at = x.state[c.Node].Event, x.state[c.Node].At
	}
	if c.Tick() && at.After(f.tick) {
		f.tick = at
	}
	if ev == nil {
		return nil
	}
	return []*freshet.Event{ev}
}

// after holds when every upstream is done and one of them succeeded: a
// failure that is allowed counts as success, and a skip as done.
func (x *examination) after(c *spec.Condition) bool {
	succeeded := false
	for _, want := range c.Wants {
		switch x.sc.done(want.Task, x.sc.seen(want.Task)) {
		case freshet.Success:
			succeeded = true
		case freshet.Skipped:
		default:
			return false
		}
	}
	return succeeded
}

func (x *examination) allSkipped(c *spec.Condition) bool {
	return !slices.ContainsFunc(c.Wants, func(w spec.Want) bool { return x.sc.seen(w.Task) != freshet.Skipped })
}

func offsets(by []*freshet.Event) []int64 {
	if len(by) == 0 {
		return nil
	}
	list := make([]int64, len(by))
	for i, ev := range by {
		list[i] = ev.Offset
	}
	return list
}
