package machine

import (
	"maps"
	"slices"
	"time"

	"github.com/freshet/freshet/internal/spec"
)

// recall is what a decision changes of what rules remember and wait for. It
// lies over the state, of a run or of a namespace's triggers.
type recall struct {
	d     Decision
	rules map[int64]RuleState // changed
	dues  Dues                // changed; zero: it waits no more
	size  int                 // rows that the decision touches, about
}

// remembered is what a rule remembers, as changed.
func (c *recall) remembered(rule int64, stored RuleState) RuleState {
	if s, ok := c.rules[rule]; ok {
		return s
	}
	return stored
}

// rememberIn changes what one condition of a rule remembers.
func (c *recall) rememberIn(rule int64, stored RuleState, r *spec.Rule, node int, f func(n *NodeState)) {
	s, ok := c.rules[rule]
	if !ok {
		s = make(RuleState, len(r.Nodes))
		copy(s, stored)
		c.set(rule, s)
	}
	f(&s[node])
}

// forgetIn forgets what a rule remembers, but for what is kept.
func (c *recall) forgetIn(rule int64, stored, kept RuleState) {
	if c.remembered(rule, stored).any() || kept.any() {
		c.set(rule, kept)
	}
}

func (c *recall) set(rule int64, s RuleState) {
	if c.rules == nil {
		c.rules = map[int64]RuleState{}
	}
	if _, ok := c.rules[rule]; !ok {
		c.size++
	}
	c.rules[rule] = s
}

func (c *recall) mark(k NodeKey, m Mark) {
	c.d.Marks = append(c.d.Marks, MarkRow{k, m})
	c.size++
}

func (c *recall) cut(k NodeKey, before int64) {
	c.d.cut(k, before)
	c.size++
}

// armedFor is when a condition is looked at next, as changed.
func (c *recall) armedFor(k NodeKey, stored Dues) time.Time {
	if at, ok := c.dues[k]; ok {
		return at
	}
	return stored[k]
}

func (c *recall) arm(k NodeKey, at time.Time) {
	if c.dues == nil {
		c.dues = Dues{}
	}
	c.dues[k] = at
	c.size++
}

// collect brings what has changed into the decision, in a fixed order.
func (c *recall) collect(run int64) {
	for _, id := range slices.Sorted(maps.Keys(c.rules)) {
		c.d.Rules = append(c.d.Rules, RuleRow{Run: run, Rule: id, State: c.rules[id]})
	}
	for _, k := range sortedKeys(c.dues) {
		if at := c.dues[k]; at.IsZero() {
			c.d.Untimers = append(c.d.Untimers, NodeTimer(k, at))
		} else {
			c.d.Timers = append(c.d.Timers, NodeTimer(k, at))
		}
	}
}

// sortedKeys are the conditions of some due times in a fixed order.
func sortedKeys(dues Dues) []NodeKey { return slices.SortedFunc(maps.Keys(dues), NodeKey.Compare) }
