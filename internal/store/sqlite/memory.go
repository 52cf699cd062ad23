package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/freshet/freshet/internal/machine"
)

// memory is what rules, of runs or of triggers, remember and wait for, ordered
// by run, rule and node, with events still as offsets.
type memory struct {
	rules  []storedRule
	marks  []machine.MarkRow
	timers []machine.Timer // of kind RuleTimer or RunStartTimer
}

// readMemory reads what the rule_…, mark_… and timer_… statements of a form
// give: alive, of a run, or of a trigger.
func readMemory(ctx context.Context, c *conn, form string, args ...any) (m memory, err error) {
	if m.rules, err = query(ctx, c, scanRule, "rule_"+form, args...); err != nil {
		return m, err
	}
	if m.marks, err = query(ctx, c, scanMark, "mark_"+form, args...); err != nil {
		return m, err
	}
	m.timers, err = query(ctx, c, scanNodeTimer, "timer_"+form, args...)
	return m, err
}

// next takes what belongs to the next run or trigger off the front.
func (m *memory) next(belongs func(run, rule int64) bool) (front memory) {
	front.rules, m.rules = cut(m.rules, func(r *storedRule) bool { return belongs(r.run, r.rule) })
	front.marks, m.marks = cut(m.marks, func(k *machine.MarkRow) bool { return belongs(k.Run, k.Rule) })
	front.timers, m.timers = cut(m.timers, func(t *machine.Timer) bool { return belongs(t.Key.Run, t.Rule) })
	return front
}

// offsets are those of the events that rules remember.
func (m *memory) offsets() []int64 {
	var list []int64
	for i := range m.rules {
		for _, n := range m.rules[i].nodes {
			if n.offset != 0 {
				list = append(list, n.offset)
			}
		}
	}
	return list
}

// rows are the rules of a run or trigger with their marks. A rule whose row is
// not there is as long as its last mark asks for.
func (m *memory) rows(ev events) []machine.RuleRow {
	var rows []machine.RuleRow
	for i := range m.rules {
		rows = append(rows, m.rules[i].row(ev))
	}
	for i := range m.marks {
		k := &m.marks[i]
		at, found := slices.BinarySearchFunc(rows, k.Rule, func(r machine.RuleRow, rule int64) int { return cmp.Compare(r.Rule, rule) })
		if !found {
			rows = slices.Insert(rows, at, machine.RuleRow{Run: k.Run, Rule: k.Rule})
		}
		r := &rows[at]
		for len(r.State) <= k.Node {
			r.State = append(r.State, machine.NodeState{})
		}
		r.State[k.Node].Marks = append(r.State[k.Node].Marks, k.Mark)
	}
	return rows
}

// dues are the times at which conditions are looked at, nil for none, and the
// time at which a run is to start.
func (m *memory) dues() (dues machine.Dues, later time.Time) {
	for i := range m.timers {
		t := &m.timers[i]
		if t.Kind == machine.RunStartTimer {
			later = t.Due
			continue
		}
		if dues == nil {
			dues = machine.Dues{}
		}
		dues[t.NodeKey()] = t.Due
	}
	return dues, later
}

type storedRule struct {
	run, rule int64
	nodes     []storedNode
}

func scanRule(rows *sql.Rows) (storedRule, error) {
	var r storedRule
	var state string
	err := rows.Scan(&r.run, &r.rule, &state)
	if err != nil {
		return r, err
	}
	r.nodes, err = decodeState(state)
	return r, err
}

func (r *storedRule) row(ev events) machine.RuleRow {
	row := machine.RuleRow{Run: r.run, Rule: r.rule, State: make(machine.RuleState, len(r.nodes))}
	for i, n := range r.nodes {
		row.State[i] = machine.NodeState{Event: ev[n.offset], At: n.at, Count: n.count, Sum: n.sum, Since: n.since}
		if e := row.State[i].Event; e != nil && n.atEvent {
			row.State[i].At = e.Time
		}
	}
	return row
}

func scanMark(rows *sql.Rows) (machine.MarkRow, error) {
	var m machine.MarkRow
	var at moment
	var amount sql.NullFloat64
	err := rows.Scan(&m.Run, &m.Rule, &m.Node, &m.N, &at, &amount)
	m.At, m.Amount = at.Time, amount.Float64
	if !amount.Valid {
		m.Amount = math.NaN()
	}
	return m, err
}

func scanNodeTimer(rows *sql.Rows) (machine.Timer, error) {
	var t machine.Timer
	var due moment
	err := rows.Scan(&t.Kind, &t.Key.Run, &t.Rule, &t.Node, &due)
	t.Due = due.Time
	return t, err
}

// remembers tells whether a state has a row: it also tells how many nodes
// there are where only marks are remembered.
func remembers(st machine.RuleState) bool {
	return slices.ContainsFunc(st, func(n machine.NodeState) bool { return n.Stored() || len(n.Marks) > 0 })
}

// encodeState is what a rule remembers, without marks: of each node [offset,
// count, sum] where its signal happened when its event did, or not at all;
// else [offset, count, sum, at, since].
func encodeState(st machine.RuleState) string {
	b := []byte{'['}
	for i := range st {
		n := &st[i]
		if i > 0 {
			b = append(b, ',')
		}
		var offset int64
		var happened time.Time
		if n.Event != nil {
			offset, happened = n.Event.Offset, n.Event.Time
		}
		b = append(b, '[')
		b = strconv.AppendInt(b, offset, 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, n.Count, 10)
		b = append(b, ',')
		b = appendFloat(b, n.Sum)
		if !n.At.Equal(happened) || !n.Since.IsZero() {
			b = appendMoment(append(b, ','), n.At)
			b = appendMoment(append(b, ','), n.Since)
		}
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// appendMoment writes microseconds, null for the zero time.
func appendMoment(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, t.UnixMicro(), 10)
}

// storedNode is a node of a rule's state, with its event as an offset.
type storedNode struct {
	offset, count int64
	sum           float64
	at, since     time.Time
	atEvent       bool // at is the time of the event
}

func decodeState(t string) ([]storedNode, error) {
	v, err := decodeJSON(t)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("a rule's state is not %T", v)
	}
	nodes := make([]storedNode, len(list))
	for i, e := range list {
		n := &nodes[i]
		f, ok := e.([]any)
		if !ok || len(f) != 3 && len(f) != 5 {
			return nil, fmt.Errorf("a node of a rule's state is not %v", e)
		}
		n.offset, _ = f[0].(int64)
		n.count, _ = f[1].(int64)
		if n.sum, ok = f[2].(float64); !ok {
			n.sum = math.NaN()
		}
		if n.atEvent = len(f) == 3; !n.atEvent {
			n.at, n.since = asMoment(f[3]), asMoment(f[4])
		}
	}
	return nodes, nil
}

func asMoment(v any) time.Time {
	if n, ok := v.(int64); ok {
		return time.UnixMicro(n).UTC()
	}
	return time.Time{}
}
