package machine

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// maxAmount is so small that no number of events makes a sum infinite.
const maxAmount = 1e280

// add counts or sums up an event.
func add(sc scene, r *spec.Rule, c *spec.Condition, ev *freshet.Event, amount float64) {
	now, k := sc.clock(), sc.key(r, c.Node)
	sc.remember(r, c.Node, func(n *NodeState) {
		if !n.At.IsZero() && !held(r, c, n.At, now) { // forgotten: it begins anew
			if last := len(n.Marks); last > 0 {
				sc.cut(k, n.Marks[last-1].N+1)
			}
			*n = NodeState{}
		}
		if n.Event != nil && c.Within.Day && !sameDay(r, n.Event.Time, now) { // another day's
			n.Count, n.Sum = 0, 0
		}
		n.Event = ev
		if c.Within.Span > 0 {
			m := Mark{N: 1, At: now, Amount: amount}
			if last := len(n.Marks); last > 0 {
				m.N = n.Marks[last-1].N + 1
			}
			n.Marks = append(n.Marks, m)
			sc.mark(k, m)
			if gone := n.outside(c, now); gone > 0 {
				sc.cut(k, n.Marks[gone].N)
				n.Marks = n.Marks[gone:]
			}
		} else {
			n.Count++
			if c.Kind == spec.SumIs {
				n.Sum += amount
			}
		}
		if n.have(c, now) >= c.Reaches {
			n.At = now
		}
	})
}

// outside counts the oldest marks that are within the span no more.
func (n *NodeState) outside(c *spec.Condition, now time.Time) int {
	limit := now.Add(-c.Within.Span)
	gone := 0
	for gone < len(n.Marks) && !n.Marks[gone].At.After(limit) {
		gone++
	}
	return gone
}

// have is how far a count or a sum has come.
func (n *NodeState) have(c *spec.Condition, now time.Time) float64 {
	switch {
	case c.Within.Span > 0:
		marks := n.Marks[n.outside(c, now):]
		if c.Kind == spec.CountIs {
			return float64(len(marks))
		}
		total := 0.0
		for _, m := range marks {
			total += m.Amount
		}
		return total
	case c.Kind == spec.SumIs:
		return n.Sum
	}
	return float64(n.Count)
}
