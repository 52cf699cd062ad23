package storetest

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// rulesOfARun is how many rules a drawn run has, and nodesOfARule how many
// conditions a drawn rule.
const rulesOfARun, nodesOfARule = 3, 3

var kinds = rapid.SampledFrom([]freshet.TriggerKind{freshet.OnEvent, freshet.OnSchedule, freshet.OnWorkflow, freshet.OnCondition})

// words draws a few words; nil now and then.
func (d *drawer) words(name string) []string {
	return rapid.OneOf(rapid.Just[[]string](nil), rapid.SliceOfN(texts, 0, 3)).Draw(d.t, name)
}

// rule draws what a rule remembers and waits for.
func (d *drawer) rule(b *store.Batch, run, rule int64) {
	row := machine.RuleRow{Run: run, Rule: rule, State: make(machine.RuleState, d.number("nodes", nodesOfARule))}
	for i := range row.State {
		row.State[i] = d.node()
	}
	if d.number("row", 3) > 0 {
		b.Rules = append(b.Rules, row)
	}
	for node := range nodesOfARule {
		key := machine.NodeKey{Run: run, Rule: rule, Node: node}
		if d.number("unmark", 3) == 0 {
			b.Unmarks = append(b.Unmarks, machine.MarkCut{NodeKey: key, Before: int64(d.number("before", 5))})
		}
		if d.number("mark", 3) == 0 {
			n := int64(d.number("n", 4))
			b.Marks = append(b.Marks,
				machine.MarkRow{NodeKey: key, Mark: machine.Mark{N: n, At: d.time("at"), Amount: rapid.Float64().Draw(d.t, "amount")}},
				machine.MarkRow{NodeKey: key, Mark: machine.Mark{N: n + 1, At: d.time("at"), Amount: 1}})
		}
		switch t := machine.NodeTimer(key, at(int64(d.number("due", 100)))); d.number("timer", 5) {
		case 0:
			b.Timers = append(b.Timers, t)
		case 1:
			b.Untimers = append(b.Untimers, t)
		}
	}
}

func (d *drawer) node() machine.NodeState {
	n := machine.NodeState{Event: d.event(), Count: int64(d.number("count", 2)), Sum: float64(d.number("sum", 2)) / 3}
	if d.number("when", 1) == 0 {
		n.At, n.Since = d.time("at"), d.time("since")
	} else if n.Event != nil {
		n.At = n.Event.Time
	}
	for range d.number("marks", 1) { // that they are there keeps the row; they are rows of their own
		n.Marks = append(n.Marks, machine.Mark{N: 1, At: at(1)})
	}
	return n
}

// registry draws workflows, triggers and namespaces that are new, change or
// go. A trigger that goes takes with it what the same batch says of it.
func (d *drawer) registry(b *store.Batch) {
	for range d.number("workflows", 1) {
		w := machine.WorkflowRow{Namespace: namespaces.Draw(d.t, "namespace"), Name: words.Draw(d.t, "name"), Version: texts.Draw(d.t, "version"),
			Description: texts.Draw(d.t, "description"), Tasks: []string{texts.Draw(d.t, "task")}, Emits: d.words("emits"),
			Enabled: d.number("enabled", 2) > 0, CreatedAt: d.time("created"), UpdatedAt: d.time("updated")}
		b.Workflows = append(b.Workflows, w)
	}
	if d.number("unflow", 3) == 0 {
		b.Unflows = append(b.Unflows, store.Unflow{WorkflowID: store.WorkflowID{Namespace: namespaces.Draw(d.t, "namespace"), Name: words.Draw(d.t, "name")}})
	}
	if d.number("space", 2) == 0 {
		b.Spaces = append(b.Spaces, machine.NamespaceRow{Name: namespaces.Draw(d.t, "namespace"), Properties: d.object(), CreatedAt: d.time("created")})
	}
	if d.number("unspace", 4) == 0 {
		b.Unspaces = append(b.Unspaces, namespaces.Draw(d.t, "namespace"))
	}
	for range d.number("triggers", 2) {
		d.newest++
		b.Triggers = append(b.Triggers, d.triggerRow(d.newest))
		d.rule(b, 0, d.newest)
	}
	for _, t := range d.sortedTriggers() {
		switch d.number("change", 4) {
		case 0:
			b.Untriggers = append(b.Untriggers, t.ID)
		case 1:
			b.Triggers = append(b.Triggers, d.triggerRow(t.ID))
		case 2:
			d.rule(b, 0, t.ID)
		}
	}
	if n := len(b.Triggers); n > 0 && d.number("at once", 5) == 0 && !slices.Contains(b.Untriggers, b.Triggers[n-1].ID) {
		b.Untriggers = append(b.Untriggers, b.Triggers[n-1].ID)
	}
}

func (d *drawer) triggerRow(id int64) machine.TriggerRow {
	return machine.TriggerRow{ID: id, Namespace: namespaces.Draw(d.t, "namespace"), Workflow: words.Draw(d.t, "workflow"), Name: texts.Draw(d.t, "name"),
		Kind: kinds.Draw(d.t, "kind"), Expression: texts.Draw(d.t, "expression"), Timezone: words.Draw(d.t, "zone"), Catchup: words.Draw(d.t, "catchup"),
		Source: rapid.SampledFrom([]freshet.TriggerSource{freshet.FromFile, freshet.Added}).Draw(d.t, "source"), Index: d.number("index", 9),
		Hash: texts.Draw(d.t, "hash"), Text: texts.Draw(d.t, "text"), Events: d.words("events"), Workflows: d.words("flows"),
		Unfiltered: d.words("unfiltered"), Paused: d.number("paused", 3) == 0, CreatedAt: d.time("created"), Since: d.time("since")}
}
