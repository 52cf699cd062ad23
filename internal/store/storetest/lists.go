package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

func known(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	ids := []store.EventID{
		{Namespace: "a", Sender: "", ID: "1"}, {Namespace: "a", Sender: "x", ID: "1"}, {Namespace: "b", Sender: "", ID: "1"},
		{Namespace: "a", Sender: "", ID: "ünï \" 🌊"}, {Namespace: "a", Sender: "\x00", ID: "nul \x00 nul"},
	}
	for _, id := range ids {
		e := s.event(id.Namespace, "k", id.Sender, 0)
		e.Event.ID = id.ID
		b.Entries = append(b.Entries, e)
	}
	b.Entries = append(b.Entries, s.event("a", "k", "", 0), s.event("a", "k", "", 0)) // without an id: two
	s.commit(&b)
	s.crash()
	strange := []store.EventID{{Namespace: "a", ID: "2"}, {Namespace: "c", ID: "1"}, {Namespace: "a", Sender: "y", ID: "1"}, {Namespace: "a"}}
	got := must[map[store.EventID]*freshet.Event](t)(s.Known(t.Context(), append(strange, ids...)))
	want := map[store.EventID]*freshet.Event{}
	for i, id := range ids {
		want[id] = b.Entries[i].Event
	}
	same(t, "known", got, want)
	same(t, "known of none", must[map[store.EventID]*freshet.Event](t)(s.Known(t.Context(), nil)), map[store.EventID]*freshet.Event{})
}

func timers(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	var want []store.TimerRow
	for i := range 5 {
		id := int64(i + 1)
		b.Runs = append(b.Runs, run(id, fmt.Sprintf("n%d", id%2), "w", nil))
		tm := machine.Timer{Kind: machine.RetryTimer, Key: freshet.Key{Run: id, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1}, Due: at(10 * id)}
		b.Timers = append(b.Timers, tm)
		want = append(want, store.TimerRow{Namespace: b.Runs[i].Namespace, Timer: tm})
	}
	// Another kind for the same key is another timer.
	other := b.Timers[0]
	other.Kind, other.Due = machine.TimeoutTimer, at(1000)
	b.Timers = append(b.Timers, other)
	s.commit(&b)
	same(t, "earliest", s.crash().NextDue, at(10))
	for _, c := range []struct {
		now   time.Time
		limit int
		due   []store.TimerRow
		next  time.Time
	}{
		{at(9), 10, nil, at(10)},
		{at(10), 10, want[:1], at(20)},
		{at(35), 10, want[:3], at(40)},
		{at(35), 2, want[:2], at(30)},
		{at(999), 10, want, at(1000)},
	} {
		due, next, err := s.Due(t.Context(), c.now, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "due", due, c.due)
		same(t, "next", next, c.next)
	}
	moved := b.Timers[0]
	moved.Due = at(500)
	s.commit(&store.Batch{Timers: []machine.Timer{moved}, Untimers: append(b.Timers[1:5:5], other)})
	due, next, err := s.Due(t.Context(), at(600), 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "due", due, []store.TimerRow{{Namespace: "n1", Timer: moved}})
	same(t, "next", next, time.Time{})
}

// entries: every sort comes back as it was, one that carries another's event
// with that event in full.
func entries(t *testing.T, open Opener) {
	s := lead(t, open)
	ev := s.event("default", "go", "", 0)
	scheduled, due := at(0), at(30)
	key := freshet.Key{Run: 1, Task: "t", Item: 3, Seq: 1, Try: 2}
	list := []machine.Entry{ev}
	for kind, body := range map[machine.Kind]machine.Body{
		machine.Started:      {Process: &machine.Process{Task: "t", Item: 3, Seq: 1, Try: 2, Epoch: 4, Time: at(2), PID: 7, Log: "l"}},
		machine.Ended:        {Process: &machine.Process{Task: "t", Time: at(2), ExitCode: 3, Outputs: map[string]string{"a": "1 <2>"}}},
		machine.TimerFired:   {Timer: &machine.Timer{Kind: machine.RetryTimer, Key: key, Due: due}},
		machine.Settle:       {},
		machine.ChildStarted: {Child: &machine.Child{Key: key, Run: 9}},
		machine.ChildEnded:   {Child: &machine.Child{Key: key, Run: 9, Status: freshet.Failed, Reason: "why"}, Outputs: values()},
		machine.AskPlaces: {Workflow: "w", Places: &machine.PlacesChange{Free: []machine.PlaceKey{machine.PlaceOf(key)},
			Ask: []machine.PlaceAsk{{Place: machine.PlaceKey{Run: 1, Task: "ünï-1", Seq: 2, Item: freshet.NoItem}, Key: "a b", N: 2}}}},
		machine.GrantPlaces: {Places: &machine.PlacesChange{Grant: []machine.PlaceAsk{{Place: machine.PlaceOf(key), N: 1}}}},
		machine.AnswerTask:  {Task: "t", Answer: &machine.Answer{Approved: true, Comment: "yes", Item: 3}},
		machine.RunEnded:    {Status: freshet.Success, Workflow: "w", Key: "k", Outputs: values()},
		machine.Upload: {FirstTrigger: 3, Upload: []machine.Uploaded{{Name: "w", Version: "v", Source: "x: y\n", Tasks: []string{"t"},
			Emits: []string{"done"}, On: []machine.TriggerRow{trigger(0, "", "w", freshet.OnEvent)}}}},
		machine.AddTrigger:    {FirstTrigger: 4, Trigger: ptr(trigger(4, "default", "w", freshet.OnSchedule))},
		machine.ChangeTrigger: {Change: &machine.TriggerChange{Action: freshet.PauseTrigger, ID: 4}},
		machine.EnableFlow:    {Workflow: "w"},
		machine.DisableFlow:   {Workflow: "w"},
		machine.DeleteFlow:    {Workflow: "w"},
		machine.PutNamespace:  {Space: &machine.SpaceChange{Add: true, Properties: values()}},
		machine.DropNamespace: {},
		machine.StopRun:       {Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}},
		machine.StartTask:     {Task: "t"},
	} {
		s.offset++
		list = append(list, machine.Entry{Offset: s.offset, Namespace: "default", Kind: kind, Time: at(s.offset), Run: 1,
			Depth: 3, Cause: 1, Body: body})
	}
	s.offset++
	list = append(list, machine.Entry{Offset: s.offset, Namespace: "default", Kind: machine.StartRun, Time: at(s.offset), Run: 2, Cause: 1,
		Event: ev.Event, Body: machine.Body{Start: &machine.RunStart{Workflow: "w", Version: "v", Type: freshet.ByEvent,
			ScheduledAt: &scheduled, Key: "k", Parameters: map[string]any{}, At: &due, Trigger: 4, TriggerName: "each", Missing: []string{"a"}}}})
	s.offset++
	tick := machine.NodeTimer(machine.NodeKey{Rule: 4, Node: 2}, due)
	list = append(list, machine.Entry{Offset: s.offset, Namespace: "default", Kind: machine.TimerFired, Time: at(s.offset),
		Body: machine.Body{Timer: &tick, Up: &scheduled}})
	s.commit(&store.Batch{Entries: list})
	s.crash()
	if d := cmp.Diff(list, must[[]machine.Entry](t)(s.Journal(t.Context(), 0, 0)), exact); d != "" {
		t.Errorf("journal (-want +got):\n%s", d)
	}
	same(t, "backlog", must[[]machine.Entry](t)(s.Backlog(t.Context(), 2, 3)), list[2:5])
	same(t, "backlog at the end", must[[]machine.Entry](t)(s.Backlog(t.Context(), s.offset, 3)), []machine.Entry(nil))
	for i := range list {
		same(t, "entry", must[*machine.Entry](t)(s.Entry(t.Context(), list[i].Offset)), &list[i])
	}
}

// ends: the end of a run is an event to the rows that refer to it, and to
// nobody else.
func ends(t *testing.T, open Opener) {
	s := lead(t, open)
	s.offset++
	entry := machine.Entry{Offset: s.offset, Namespace: "default", Kind: machine.RunEnded, Time: at(s.offset), Run: 1, Depth: 2,
		Body: machine.Body{Status: freshet.Failed, Workflow: "hello", Outputs: values()}}
	end := machine.EndEvent(&entry)
	if end.Key != "hello" || end.RunID != 1 {
		t.Fatalf("the event of the end: %+v", end)
	}
	s.offset++
	start := machine.Entry{Offset: s.offset, Namespace: "default", Kind: machine.StartRun, Time: at(s.offset), Run: 2, Cause: 1, Event: end,
		Body: machine.Body{Start: &machine.RunStart{Workflow: "next", Version: "v", Type: freshet.ByWorkflow}}}
	x := execution(2, "t", 1, 1, freshet.Running)
	x.By, x.Offset = []*freshet.Event{end}, end.Offset
	want := store.RunSnapshot{Row: run(2, "default", "next", end), Held: []*machine.Execution{x},
		Waits: []machine.Wait{{Run: 2, Task: "t", Start: machine.Start{N: 1, By: []*freshet.Event{end}, At: at(2)}}},
		Rules: []machine.RuleRow{{Run: 2, Rule: 0, State: machine.RuleState{{Event: end, At: at(1)}}}}}
	s.commit(&store.Batch{Entries: []machine.Entry{entry, start, s.event("default", "hello", "", 1)}, Runs: []machine.RunRow{want.Row},
		Executions: want.Held, Waits: want.Waits, Rules: want.Rules})
	got := s.crash().Runs
	if d := cmp.Diff([]store.RunSnapshot{want}, got, exact); d != "" {
		t.Fatalf("run (-want +got):\n%s", d)
	}
	if e := got[0].Row.Event; e != got[0].Held[0].By[0] || e != got[0].Rules[0].State[0].Event {
		t.Error("the end is more than one object")
	}
	same(t, "entry", must[*machine.Entry](t)(s.Entry(t.Context(), 2)), &start)
	same(t, "offset", must[*freshet.Run](t)(s.Run(t.Context(), 2)).EventOffset, int64(1))
	for _, f := range []store.EventFilter{{}, {Namespace: "default"}, {Keys: []string{"hello"}}, {Run: 1}} {
		list := must[[]freshet.Event](t)(s.Events(t.Context(), f))
		if len(list) != 1 || list[0].Offset != 3 {
			t.Errorf("%+v lists %+v", f, list)
		}
	}
	_, err := s.Event(t.Context(), "default", 1)
	code(t, "the end of a run, as an event", err, freshet.NotFound)
}

func versions(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	for i, v := range []string{"aaa", "bbb", "ccc"} {
		b.Versions = append(b.Versions, machine.VersionRow{Namespace: "default", Name: "w", Version: v, Source: "# " + v, CreatedAt: at(int64(i))})
		b.Workflows = append(b.Workflows, machine.WorkflowRow{Namespace: []string{"a", "b", "b"}[i], Name: "w" + v, Version: v,
			Enabled: true, CreatedAt: at(int64(i)), UpdatedAt: at(9)})
	}
	b.Versions = append(b.Versions, machine.VersionRow{Namespace: "other", Name: "w", Version: "ddd", CreatedAt: at(9)})
	s.commit(&b)
	s.crash()
	list := must[[]machine.VersionRow](t)(s.Versions(t.Context(), "default", "w", 2))
	want := []machine.VersionRow{b.Versions[2], b.Versions[1]}
	want[0].Source, want[1].Source = "", ""
	same(t, "newest versions", list, want)
	names := func(f store.WorkflowFilter) (names []string) {
		for _, w := range must[[]freshet.Workflow](t)(s.Workflows(t.Context(), f)) {
			names = append(names, w.Namespace+"."+w.Name)
		}
		return names
	}
	same(t, "all", names(store.WorkflowFilter{}), []string{"b.wccc", "b.wbbb", "a.waaa"})
	same(t, "namespace", names(store.WorkflowFilter{Namespace: "b", Limit: 1}), []string{"b.wccc"})
	same(t, "name", names(store.WorkflowFilter{Name: "waaa"}), []string{"a.waaa"})
}

func ledger(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	row := func(offset, run int64, part int, out ...freshet.Outcome) store.LedgerRow {
		r := store.LedgerRow{Offset: offset, Namespace: "default", Run: run, Part: part, Outcomes: out}
		b.Ledger = append(b.Ledger, r)
		return r
	}
	full := freshet.Outcome{Task: "t", Rule: 2, Result: freshet.Counted, Action: "start", Seq: 3, Offsets: []int64{1, 2}, Have: 1.5, Need: 3, Note: "so <it> is"}
	first := row(1, 7, 0, full)
	row(2, 8, 0)
	second := row(2, 7, 0, full, freshet.Outcome{Rule: -1, Result: freshet.Erred})
	third := row(3, 7, 0)
	more := row(3, 7, 1, full)
	s.commit(&b)
	s.crash()
	get := must[[]store.LedgerRow](t)
	same(t, "of an entry", get(s.LedgerOf(t.Context(), 2, 0)), []store.LedgerRow{second, b.Ledger[1]})
	same(t, "one of an entry", get(s.LedgerOf(t.Context(), 2, 1)), []store.LedgerRow{second})
	same(t, "of a run", get(s.LedgerFor(t.Context(), 7, 0, 0)), []store.LedgerRow{third, more, second, first})
	same(t, "parts stay together", get(s.LedgerFor(t.Context(), 7, 0, 1)), []store.LedgerRow{third, more})
	same(t, "next page", get(s.LedgerFor(t.Context(), 7, 3, 2)), []store.LedgerRow{second, first})
	same(t, "of no run", get(s.LedgerFor(t.Context(), 9, 0, 5)), []store.LedgerRow(nil))
	of := func(task string, before int64, limit int) []store.LedgerRow {
		t.Helper()
		rows, whole, err := s.LedgerTask(t.Context(), 7, task, before, limit)
		if err != nil || whole != (limit == 0 || limit > 3) {
			t.Fatalf("whole: %v, %v", whole, err)
		}
		return rows
	}
	same(t, "of a task", of("t", 0, 0), []store.LedgerRow{more, second, first})
	same(t, "of a task in the newest entry", of("t", 0, 1), []store.LedgerRow{more})
	same(t, "of a task in all entries", of("t", 0, 4), []store.LedgerRow{more, second, first})
	same(t, "of another task", of("tt", 0, 0), []store.LedgerRow(nil))
}

func names(t *testing.T, open Opener) {
	s := lead(t, open)
	b := store.Batch{
		Entries:   []machine.Entry{s.event("a", "data_ready", "", 0), s.event("a", "data_gone", "", 0), s.event("a", "data_ready", "", 0), s.event("b", "data_x", "", 0), s.event("b", "other", "", 0)},
		Workflows: []machine.WorkflowRow{{Namespace: "a", Name: "train", Tasks: []string{"load", "learn", "show"}}, {Namespace: "b", Name: "trace", Tasks: []string{"less"}}, {Namespace: "b", Name: "x"}},
		Runs:      []machine.RunRow{run(1, "a", "train", nil), run(12, "a", "train", nil), run(13, "c", "x", nil), run(21, "a", "train", nil)},
	}
	s.commit(&b)
	s.crash()
	for _, c := range []struct {
		kind, namespace, prefix string
		limit                   int
		want                    []string
	}{
		{"workflow", "", "tra", 0, []string{"trace", "train"}},
		{"workflow", "b", "tra", 5, []string{"trace"}},
		{"workflow", "", "", 1, []string{"trace"}},
		{"task", "", "l", 0, []string{"learn", "less", "load"}},
		{"task", "a", "le", 0, []string{"learn"}},
		{"key", "a", "data_", 0, []string{"data_gone", "data_ready"}},
		{"key", "", "data_", 2, []string{"data_gone", "data_ready"}},
		{"key", "b", "", 0, []string{"data_x", "other"}},
		{"namespace", "", "", 0, []string{"a", "b", "c", "default"}},
		{"run", "", "1", 0, []string{"13", "12", "1"}},
		{"run", "a", "", 2, []string{"21", "12"}},
	} {
		same(t, fmt.Sprintf("%+v", c), must[[]string](t)(s.Names(t.Context(), c.kind, c.namespace, c.prefix, c.limit)), c.want)
	}
	_, err := s.Names(t.Context(), "nonsense", "", "", 1)
	code(t, "names of nonsense", err, freshet.Invalid)
}

func size(t *testing.T, open Opener) {
	s := lead(t, open)
	before := must[store.Size](t)(s.Size(t.Context()))
	b, _ := world(s)
	for range 1000 {
		b.Entries = append(b.Entries, s.event("default", "filler", "", 0))
	}
	s.commit(b)
	after := must[store.Size](t)(s.Size(t.Context()))
	if after.Bytes <= before.Bytes {
		t.Errorf("%d bytes after %d", after.Bytes, before.Bytes)
	}
	same(t, "rows", after.Rows, map[string]int64{"journal": 1002, "ledger": 1, "contributions": 0, "runs": 2, "executions": 3, "waits": 2, "rules": 1,
		"marks": 0, "timers": 1, "workflows": 1, "versions": 1, "triggers": 0, "namespaces": 1, "places": 0, "removed_runs": 0, "removed_workflows": 0})
}

func missing(t *testing.T, open Opener) {
	s := lead(t, open)
	_, err := s.LoadRun(t.Context(), 1)
	code(t, "load a run", err, freshet.NotFound)
	_, err = s.Run(t.Context(), 1)
	code(t, "read a run", err, freshet.NotFound)
	_, err = s.Version(t.Context(), "default", "w", "v")
	code(t, "read a version", err, freshet.NotFound)
	_, err = s.Entry(t.Context(), 1)
	code(t, "read an entry", err, freshet.NotFound)
	_, err = s.Event(t.Context(), "default", 1)
	code(t, "read an event", err, freshet.NotFound)
	same(t, "run by key", must[int64](t)(s.RunByKey(t.Context(), "default", "k")), int64(0))
	r := run(4, "default", "w", nil)
	r.Key = "k"
	s.commit(&store.Batch{Runs: []machine.RunRow{r}})
	same(t, "run by key", must[int64](t)(s.RunByKey(t.Context(), "default", "k")), int64(4))
	same(t, "run by key elsewhere", must[int64](t)(s.RunByKey(t.Context(), "other", "k")), int64(0))
}
