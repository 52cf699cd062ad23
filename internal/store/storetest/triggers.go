package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// trigger is the row of a trigger with something in every field.
func trigger(id int64, namespace, workflow string, kind freshet.TriggerKind) machine.TriggerRow {
	return machine.TriggerRow{ID: id, Namespace: namespace, Workflow: workflow, Name: fmt.Sprint("t", id), Kind: kind, Expression: "0 6 * * *",
		Timezone: "Europe/Paris", Catchup: "7d", Source: freshet.FromFile, Index: 2, Hash: "abc", Text: "schedule: 0 6 * * *\n",
		Events: []string{"a", "b"}, Workflows: []string{"other"}, Unfiltered: []string{"a"}, CreatedAt: at(id), Since: at(id + 1)}
}

// many commits triggers of some namespaces, workflows and kinds: every third
// is due at its own second, every fifth is paused.
func many(s *shard, n int64) []machine.TriggerRow {
	kinds := []freshet.TriggerKind{freshet.OnSchedule, freshet.OnEvent, freshet.OnWorkflow, freshet.OnCondition}
	b := store.Batch{Workflows: []machine.WorkflowRow{{Namespace: "a", Name: "w", Enabled: true}, {Namespace: "b", Name: "w", Enabled: true}, {Namespace: "b", Name: "x"}}}
	for id := int64(1); id <= n; id++ {
		t := trigger(id, []string{"a", "b"}[id%2], []string{"w", "x", "w"}[id%3], kinds[id%4])
		t.Paused = id%5 == 0
		b.Triggers = append(b.Triggers, t)
		if id%3 == 0 {
			b.Timers = append(b.Timers, machine.NodeTimer(machine.NodeKey{Rule: id, Node: 1}, at(id+100)),
				machine.NodeTimer(machine.NodeKey{Rule: id}, at(id)))
		}
	}
	s.commit(&b)
	return b.Triggers
}

func triggerPages(t *testing.T, open Opener) {
	s := lead(t, open)
	rows := many(s, 40)
	s.crash()
	for _, f := range []store.TriggerFilter{
		{}, {Limit: 7}, {Namespace: "a"}, {Namespace: "a", Limit: 3}, {Namespace: "b", Workflow: "w", Limit: 2}, {Workflow: "x", Limit: 3},
		{Kind: freshet.OnSchedule, Limit: 4}, {Namespace: "a", Kind: freshet.OnWorkflow, Limit: 2}, {Namespace: "b", Kind: freshet.OnWorkflow},
		{Namespace: "b", Workflow: "x", Kind: freshet.OnEvent, Limit: 1}, {After: 20, Limit: 6}, {After: 20, Namespace: "a"}, {Namespace: "nowhere"},
		{Before: math.MaxInt64}, {Before: math.MaxInt64, Limit: 7}, {Before: 30, Namespace: "b", Limit: 3}, {Before: 39, Workflow: "w", Limit: 4},
		{Before: 33, After: 5, Kind: freshet.OnEvent, Limit: 2},
	} {
		var want []freshet.Trigger
		for _, r := range rows {
			if matches(f, &r) {
				p := freshet.Trigger{ID: r.ID, Name: r.Name, Namespace: r.Namespace, Workflow: r.Workflow, Kind: r.Kind, Expression: r.Expression,
					Timezone: r.Timezone, Source: r.Source, Paused: r.Paused, Catchup: r.Catchup, Entry: r.Text, CreatedAt: r.CreatedAt}
				p.Enabled = r.Workflow == "w"
				if p.Enabled && !p.Paused && r.ID%3 == 0 {
					p.NextAt = ptr(at(r.ID))
				}
				want = append(want, p)
			}
		}
		if f.Before != 0 {
			slices.Reverse(want)
		}
		var got []freshet.Trigger
		for page := f; ; {
			list := must[[]freshet.Trigger](t)(s.Triggers(t.Context(), page))
			got = append(got, list...)
			if f.Limit == 0 || len(list) < f.Limit {
				break
			}
			if last := list[len(list)-1].ID; f.Before != 0 {
				page.Before = last
			} else {
				page.After = last
			}
		}
		same(t, fmt.Sprintf("%+v", f), got, want)
	}
}

// triggers: what they remember and wait for comes back as it was, apart from
// that of runs, and goes with them.
func triggers(t *testing.T, open Opener) {
	s := lead(t, open)
	ev := s.event("a", "a", "x", 0)
	end := machine.Entry{Offset: 2, Namespace: "a", Kind: machine.RunEnded, Time: at(2), Run: 9, Body: machine.Body{Workflow: "w",
		Status: freshet.Success, Outputs: map[string]any{"rows": int64(2), "share": 2.0}}}
	node := func(run, rule int64, node int) machine.NodeKey {
		return machine.NodeKey{Run: run, Rule: rule, Node: node}
	}
	marks := []machine.Mark{{N: 1, At: at(1), Amount: 2.5}, {N: 2, At: at(2), Amount: math.Inf(1)}, {N: 7, At: at(2), Amount: math.NaN()}}
	first := store.TriggerSnapshot{Row: trigger(4, "a", "w", freshet.OnCondition), Dues: machine.Dues{node(0, 4, 1): at(50), node(0, 4, 2): at(60)},
		State: machine.RuleState{{Since: at(3)}, {Event: ev.Event, At: at(1), Count: 2, Sum: 0.5}, {Event: machine.EndEvent(&end), At: at(2), Marks: marks}, {At: at(9)}}}
	plain := store.TriggerSnapshot{Row: machine.TriggerRow{ID: 5, Namespace: "b", Workflow: "w", Kind: freshet.OnEvent, Source: freshet.Added}}
	marked := store.TriggerSnapshot{Row: trigger(6, "a", "w", freshet.OnEvent), State: machine.RuleState{{}, {Marks: marks[:1]}, {}}}
	b := store.Batch{
		Entries:  []machine.Entry{ev, end},
		Runs:     []machine.RunRow{run(4, "a", "w", machine.EndEvent(&end))},
		Triggers: []machine.TriggerRow{marked.Row, plain.Row, first.Row},
		Rules: []machine.RuleRow{{Rule: 6, State: marked.State}, {Rule: 4, State: first.State},
			{Run: 4, Rule: 4, State: machine.RuleState{{Count: 1}}}},
		Marks: []machine.MarkRow{{NodeKey: node(0, 6, 1), Mark: marks[0]}, {NodeKey: node(4, 4, 0), Mark: marks[1]}},
		Timers: []machine.Timer{machine.NodeTimer(node(0, 4, 2), at(60)), machine.NodeTimer(node(0, 4, 1), at(50)),
			machine.NodeTimer(node(4, 4, 1), at(70))},
	}
	for _, m := range marks {
		b.Marks = append(b.Marks, machine.MarkRow{NodeKey: node(0, 4, 2), Mark: m})
	}
	s.commit(&b)
	snap := s.crash()
	if d := cmp.Diff([]store.TriggerSnapshot{first, plain, marked}, snap.Triggers, equalNaN); d != "" {
		t.Fatalf("triggers (-want +got):\n%s", d)
	}
	for _, want := range snap.Triggers {
		if d := cmp.Diff(&want, must[*store.TriggerSnapshot](t)(s.Trigger(t.Context(), want.Row.ID)), equalNaN); d != "" {
			t.Fatalf("trigger (-want +got):\n%s", d)
		}
	}
	due, _, err := s.Due(t.Context(), at(1000), 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "due", due, []store.TimerRow{{Namespace: "a", Timer: b.Timers[1]}, {Namespace: "a", Timer: b.Timers[0]}, {Namespace: "a", Timer: b.Timers[2]}})

	own := snap.Runs[0]
	first.Row.Paused, first.Row.Unfiltered = true, nil
	s.commit(&store.Batch{Triggers: []machine.TriggerRow{first.Row}, Untriggers: []int64{6},
		Unmarks: []machine.MarkCut{{NodeKey: node(0, 4, 2), Before: 7}}, Marks: []machine.MarkRow{{NodeKey: node(0, 6, 1), Mark: marks[1]}}})
	first.State[2].Marks = marks[2:]
	same(t, "changed", s.crash().Triggers, []store.TriggerSnapshot{first, plain})
	s.commit(&store.Batch{Untriggers: []int64{4, 5}})
	snap = s.crash()
	same(t, "triggers", snap.Triggers, []store.TriggerSnapshot(nil))
	same(t, "the run with a rule of that number", snap.Runs, []store.RunSnapshot{own})
	rows := must[store.Size](t)(s.Size(t.Context())).Rows
	same(t, "rows", []int64{rows["triggers"], rows["rules"], rows["marks"], rows["timers"]}, []int64{0, 1, 1, 1})
	_, err = s.Trigger(t.Context(), 4)
	code(t, "a trigger that is no more", err, freshet.NotFound)
}

// watches: what the rules of a run wait for, and when it is to start itself.
func watches(t *testing.T, open Opener) {
	s := lead(t, open)
	node := func(run, rule int64, node int) machine.NodeKey {
		return machine.NodeKey{Run: run, Rule: rule, Node: node}
	}
	later := machine.Timer{Kind: machine.RunStartTimer, Key: freshet.Key{Run: 2}, Due: at(500)}
	other := machine.Timer{Kind: machine.RunTimeoutTimer, Key: freshet.Key{Run: 1}, Due: at(20)}
	b := store.Batch{
		Runs: []machine.RunRow{run(1, "a", "w", nil), run(2, "a", "w", nil), run(3, "a", "w", nil)},
		Timers: []machine.Timer{machine.NodeTimer(node(1, 0, 0), at(30)), machine.NodeTimer(node(1, 0, 1), at(40)), machine.NodeTimer(node(1, 12, 0), at(40)),
			later, other, machine.NodeTimer(node(2, 1, 0), at(50))},
	}
	want := []store.RunSnapshot{
		{Row: b.Runs[0], Dues: machine.Dues{node(1, 0, 0): at(30), node(1, 0, 1): at(40), node(1, 12, 0): at(40)}},
		{Row: b.Runs[1], Dues: machine.Dues{node(2, 1, 0): at(50)}, Later: at(500)},
		{Row: b.Runs[2]},
	}
	s.commit(&b)
	check := func() {
		t.Helper()
		snap := s.crash()
		if d := cmp.Diff(want, snap.Runs, exact); d != "" {
			t.Fatalf("runs (-want +got):\n%s", d)
		}
		for _, r := range want {
			if d := cmp.Diff(&r, must[*store.RunSnapshot](t)(s.LoadRun(t.Context(), r.Row.ID)), exact); d != "" {
				t.Fatalf("run (-want +got):\n%s", d)
			}
		}
	}
	check()
	// A timer is one by all but its time.
	later.Due = time.Time{}
	s.commit(&store.Batch{Timers: []machine.Timer{machine.NodeTimer(node(1, 0, 1), at(90))},
		Untimers: []machine.Timer{later, machine.NodeTimer(node(1, 12, 0), time.Time{})}})
	want[0].Dues = machine.Dues{node(1, 0, 0): at(30), node(1, 0, 1): at(90)}
	want[1].Later = time.Time{}
	check()
}

// spaces: namespaces come, change and go, and count their workflows.
func spaces(t *testing.T, open Opener) {
	s := lead(t, open)
	lab := machine.NamespaceRow{Name: "lab", Properties: values(), CreatedAt: at(3)}
	s.commit(&store.Batch{Spaces: []machine.NamespaceRow{lab, {Name: "empty", CreatedAt: at(4)}},
		Workflows: []machine.WorkflowRow{{Namespace: "lab", Name: "w"}, {Namespace: "lab", Name: "x"}, {Namespace: "default", Name: "w"}}})
	if d := cmp.Diff([]machine.NamespaceRow{{Name: "default"}, {Name: "empty", CreatedAt: at(4)}, lab}, s.crash().Spaces); d != "" {
		t.Fatalf("namespaces (-want +got):\n%s", d)
	}
	get := must[[]freshet.Namespace](t)
	list := []freshet.Namespace{{Name: "default", Properties: map[string]any{}, Workflows: 1},
		{Name: "empty", Properties: map[string]any{}, CreatedAt: at(4)}, {Name: "lab", Properties: values(), Workflows: 2, CreatedAt: at(3)}}
	if d := cmp.Diff(list, get(s.Namespaces(t.Context(), ""))); d != "" {
		t.Fatalf("list (-want +got):\n%s", d)
	}
	same(t, "one", get(s.Namespaces(t.Context(), "lab")), list[2:])
	same(t, "none", get(s.Namespaces(t.Context(), "nowhere")), []freshet.Namespace(nil))

	lab.Properties = nil
	s.commit(&store.Batch{Spaces: []machine.NamespaceRow{lab}, Unspaces: []string{"empty", "lab"}, // what is put is there in the end
		Versions: []machine.VersionRow{{Namespace: "lab", Name: "w", Version: "v"}},
		Unflows:  []store.Unflow{{WorkflowID: store.WorkflowID{Namespace: "lab", Name: "w"}}, {WorkflowID: store.WorkflowID{Namespace: "lab", Name: "nothing"}}}})
	snap := s.crash()
	same(t, "spaces", snap.Spaces, []machine.NamespaceRow{{Name: "default"}, lab})
	same(t, "workflows", snap.Workflows, []machine.WorkflowRow{{Namespace: "default", Name: "w"}, {Namespace: "lab", Name: "x"}})
	must[*machine.VersionRow](t)(s.Version(t.Context(), "lab", "w", "v")) // runs may be of it
}
