package machine

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// naive is what the format page says of rules and of a run's end, written
// down a second time in the plainest way: it keeps the whole history and
// looks through it. It knows tasks that are processes only.
type naive struct {
	w      *spec.Workflow
	past   []happening
	fired  map[int]int // rule -> length of the past when it last fired
	status []freshet.Status
}

// happening is an event, or the end of a task.
type happening struct {
	event *freshet.Event
	task  int
}

func newNaive(w *spec.Workflow) *naive {
	n := &naive{w: w, fired: map[int]int{}, status: make([]freshet.Status, len(w.Tasks))}
	for i := range n.status {
		n.status[i] = freshet.Waiting
	}
	return n
}

// happen adds a happening and gives the rules that fire on it.
func (n *naive) happen(s happening) []int {
	n.past = append(n.past, s)
	var list []int
	for _, r := range n.w.Rules {
		if n.examined(r, s) && n.holds(r, r.When, false) {
			list = append(list, r.ID)
		}
	}
	for _, id := range list {
		n.fired[id] = len(n.past)
	}
	return list
}

// examined: one of its signals happens, or one of its states changes.
func (n *naive) examined(r *spec.Rule, s happening) bool {
	for _, c := range r.Nodes {
		if s.event == nil {
			if slices.ContainsFunc(c.Wants, func(want spec.Want) bool { return want.Task == s.task }) {
				return true
			}
		} else if c.Signal() && matches(c, s) && n.holds(r, c, true) {
			return true
		}
	}
	return false
}

func matches(c *spec.Condition, s happening) bool {
	if s.event == nil || s.event.Key != c.Key {
		return false
	}
	if c.If == nil {
		return true
	}
	var least int
	if _, err := fmt.Sscanf(c.If.Source(), "event.data > %d", &least); err != nil {
		panic(err)
	}
	return data(s.event) > least
}

func data(ev *freshet.Event) int {
	v, err := strconv.Atoi(ev.Value)
	if err != nil {
		panic(err)
	}
	return v
}

// holds: signals inside `all`, counts and sums look at all that came since the
// rule last fired, other signals at the newest only.
func (n *naive) holds(r *spec.Rule, c *spec.Condition, inAll bool) bool {
	since := n.past[n.fired[r.ID]:]
	switch c.Kind {
	case spec.EventIs:
		if !inAll {
			since = n.past[len(n.past)-1:]
		}
		return slices.ContainsFunc(since, func(s happening) bool { return matches(c, s) })
	case spec.CountIs, spec.SumIs:
		have := 0
		for _, s := range since {
			switch {
			case !matches(c, s):
			case c.Kind == spec.CountIs:
				have++
			default:
				have += data(s.event)
			}
		}
		came := slices.ContainsFunc(since, func(s happening) bool { return matches(c, s) })
		return came && float64(have) >= c.Reaches
	case spec.AfterIs:
		one := false
		for _, want := range c.Wants {
			s := n.status[want.Task]
			success := s == freshet.Success || s == freshet.Failed && n.w.Tasks[want.Task].AllowFailure
			if !success && s != freshet.Skipped {
				return false
			}
			one = one || success
		}
		return one
	case spec.StatusIs:
		for _, want := range c.Wants {
			if !slices.Contains(want.Statuses, n.status[want.Task]) {
				return false
			}
		}
		return true
	case spec.AllOf:
		for _, p := range c.Parts {
			if !n.holds(r, p, true) {
				return false
			}
		}
		return true
	}
	for _, p := range c.Parts {
		if n.holds(r, p, inAll) {
			return true
		}
	}
	return false
}

// over is the completion rule with its whole least fixpoint: nothing is
// alive, and no task can start any more.
func over(w *spec.Workflow, st *Run) bool {
	alive := func(i int) bool {
		x := st.Tasks[i].Latest
		return x != nil && !x.Status.Final() || len(st.Tasks[i].Waiting) > 0
	}
	stands := false
	for i, t := range w.Tasks {
		if alive(i) {
			return false
		}
		if x := st.Tasks[i].Latest; x != nil && x.Status == freshet.Failed && !t.AllowFailure {
			stands = true
		}
	}
	if w.Ends == spec.Never {
		return false
	}
	can := map[int]bool{}
	for grew := true; grew; {
		grew = false
		for i, t := range w.Tasks {
			signals := st.Tasks[i].Latest == nil && !t.Optional && w.Ends != spec.Idle && !stands
			for _, r := range t.Rules {
				c := coming{w, st, r, signals, func(task int) bool { return alive(task) || can[task] }}
				if r.Action != spec.Stop && !can[i] && c.comes(r.When) {
					can[i], grew = true, true
				}
			}
		}
	}
	return len(can) == 0
}

type coming struct {
	w       *spec.Workflow
	st      *Run
	rule    *spec.Rule
	signals bool
	can     func(task int) bool
}

// comes: something of the condition is still to come, and the rest is so, is
// remembered or can come.
func (x coming) comes(c *spec.Condition) bool {
	switch c.Kind {
	case spec.EventIs, spec.CountIs, spec.SumIs:
		return x.signals
	case spec.StatusIs, spec.AfterIs:
		some := false
		for _, want := range c.Wants {
			switch {
			case x.can(want.Task):
				some = true
			case !x.wanted(c, want):
				return false
			}
		}
		return some
	case spec.AllOf:
		some := false
		for _, p := range c.Parts {
			switch {
			case x.comes(p):
				some = true
			case !x.so(p):
				return false
			}
		}
		return some
	}
	return slices.ContainsFunc(c.Parts, x.comes)
}

func (x coming) wanted(c *spec.Condition, want spec.Want) bool {
	s := x.st.Tasks[want.Task].Status()
	if c.Kind == spec.AfterIs {
		return s == freshet.Success || s == freshet.Skipped || s == freshet.Failed && x.w.Tasks[want.Task].AllowFailure
	}
	return slices.Contains(want.Statuses, s)
}

func (x coming) so(c *spec.Condition) bool {
	switch c.Kind {
	case spec.EventIs, spec.CountIs, spec.SumIs:
		s := x.st.Rules[x.rule.ID]
		if s == nil || s[c.Node].Event == nil {
			return false
		}
		return c.Kind == spec.EventIs || c.Kind == spec.CountIs && float64(s[c.Node].Count) >= c.Reaches ||
			c.Kind == spec.SumIs && s[c.Node].Sum >= c.Reaches
	case spec.StatusIs:
		return !slices.ContainsFunc(c.Wants, func(want spec.Want) bool { return !x.wanted(c, want) })
	case spec.AfterIs:
		success := slices.ContainsFunc(c.Wants, func(want spec.Want) bool {
			return x.wanted(c, want) && x.st.Tasks[want.Task].Status() != freshet.Skipped
		})
		return success && !slices.ContainsFunc(c.Wants, func(want spec.Want) bool { return !x.wanted(c, want) })
	case spec.AllOf:
		return !slices.ContainsFunc(c.Parts, func(p *spec.Condition) bool { return !x.so(p) })
	}
	return slices.ContainsFunc(c.Parts, x.so)
}
