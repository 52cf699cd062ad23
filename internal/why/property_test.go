package why_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// TestEverythingIsExplained lets small random workflows live through random
// histories and asks about everything after each step: no answer fails, each
// is made of whole sentences and of bounded length, and what started is never
// without a reason.
func TestEverythingIsExplained(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		outer := w.t
		rapid.Check(t, func(rt *rapid.T) {
			w.t = rt
			source := workflows(rt)
			if flows, _ := spec.Parse("test.yaml", []byte(source)); len(flows) != 1 {
				return // tasks that wait for each other
			}
			rt.Log(source)
			w.watchers(rt)
			id := w.run(source)
			w.checkAll(id)
			for range rapid.IntRange(0, 8).Draw(rt, "steps") {
				w.step(rt, id)
				w.checkAll(id)
			}
			w.finish(id)
			w.checkAll(id)
		})
		w.t = outer
	})
}

// watchers uploads a workflow v that is over at once, with random triggers.
func (w *world) watchers(rt *rapid.T) {
	w.t.Helper()
	var b strings.Builder
	b.WriteString("name: v\ntimezone: Europe/Paris\non:\n")
	for range rapid.IntRange(1, 3).Draw(rt, "triggers") {
		c := watched(rt, 2)
		if strings.HasPrefix(c, "{all: ") {
			c = outer(c) + rapid.SampledFrom([]string{"", ", within: 30m", ", within: day", ", not_before: \"08:00\"", ", deadline: \"12:00\""}).Draw(rt, "clock")
			c = "{" + c + "}"
		}
		fmt.Fprintf(&b, "  - %s\n", c)
	}
	b.WriteString("tasks:\n  a: {expr: {v: 1}}\n")
	rt.Log(b.String())
	w.upload(b.String())
}

// watched draws a condition of a trigger.
func watched(rt *rapid.T, depth int) string {
	n := 6
	if depth == 0 {
		n = 4
	}
	key := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "hears")
	switch rapid.IntRange(0, n).Draw(rt, "watched") {
	case 0:
		return fmt.Sprintf("{event: %s, if: event.data > 10}", key)
	case 1:
		return fmt.Sprintf("{count: {event: %s, reaches: 3}, within: 1h}", key)
	case 2:
		return fmt.Sprintf("{missing: {event: %s, for: 2h}}", key)
	case 3:
		return rapid.SampledFrom([]string{"{schedule: \"0 6 * * *\"}", "{every: 3h}"}).Draw(rt, "ticks")
	case 4:
		return rapid.SampledFrom([]string{"{workflow: {w: ended}}", "{workflow: {w: success}}", "{missing: {workflow: {w: success}, for: 3h}}"}).Draw(rt, "flow")
	case 5:
		return fmt.Sprintf("{any: [%s, %s]}", watched(rt, depth-1), watched(rt, depth-1))
	}
	return fmt.Sprintf("{all: [%s, %s]}", watched(rt, depth-1), watched(rt, depth-1))
}

// agrees compares what an answer claims of the parts of a task's condition with
// what the machine says of them.
func (w *world) agrees(e freshet.Explanation, flow *spec.Workflow, st *machine.Run, t *spec.Task) {
	w.t.Helper()
	if e.Status != freshet.Waiting || st.Status != freshet.Running || len(t.Rules) != 1 || t.Rules[0].When.Kind != spec.AllOf {
		return
	}
	var want []string
	for _, p := range t.Rules[0].When.Parts {
		if !p.Signal() && p.Kind != spec.AnyOf {
			return // their own parts stand in the list
		}
		want = append(want, fmt.Sprint(p.Kind, p.Key, machine.Met(flow, st, t.Rules[0], p, time.Now())))
	}
	var got []string
	for _, r := range e.Because {
		if r.Met != nil && r.Kind != "all" {
			got = append(got, fmt.Sprint(r.Kind, r.Key, *r.Met))
			if have, missing := strings.HasPrefix(r.Text, "Have: "), strings.HasPrefix(r.Text, "Missing: "); (have || missing) && have != *r.Met {
				w.t.Fatalf("%q, and met: %v", r.Text, *r.Met)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Fatalf("parts %v, but the machine says %v:\n%s", got, want, text(e))
	}
}

// step does one random thing to a run.
func (w *world) step(rt *rapid.T, id int64) {
	task := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "task")
	var live []string
	for k := range w.starts {
		if k.Run == id {
			live = append(live, k.Task)
		}
	}
	switch n := rapid.IntRange(0, 9).Draw(rt, "what"); {
	case n < 4:
		run := rapid.SampledFrom([]int64{0, id}).Draw(rt, "run")
		key := rapid.SampledFrom([]string{"x", "y", "x 1", "y 20"}).Draw(rt, "event")
		sender := rapid.SampledFrom([]string{"", "a", "b", "ann"}).Draw(rt, "sender")
		words := strings.Fields(key + " ")
		value := strings.Join(words[1:], "")
		w.send(machine.Entry{Namespace: "default", Kind: machine.EventHappened, Run: run,
			Event: &freshet.Event{Namespace: "default", Key: words[0], Value: value, Sender: sender}})
	case n < 7:
		for _, name := range []string{"a", "b", "c", "d"} {
			for _, l := range live {
				if l == name {
					w.exit(id, name, rapid.SampledFrom([]int{0, 0, 1}).Draw(rt, "exit"))
					return
				}
			}
		}
	case n == 7:
		kind := rapid.SampledFrom([]machine.Kind{machine.StartTask, machine.StopTask, machine.RestartTask}).Draw(rt, "command")
		w.send(machine.Entry{Namespace: "default", Kind: kind, Run: id, Body: machine.Body{Task: task}})
	case n == 8:
		w.pass(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 25 * time.Hour}).Draw(rt, "time"))
	default:
		w.send(machine.Entry{Namespace: "default", Kind: machine.StopRun, Run: id,
			Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}}})
	}
}

// finish brings a run to its end.
func (w *world) finish(id int64) {
	w.send(machine.Entry{Namespace: "default", Kind: machine.StopRun, Run: id, Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}}})
	for range 100 {
		var live []string
		for k := range w.starts {
			if k.Run == id {
				live = append(live, k.Task)
			}
		}
		if len(live) == 0 {
			return
		}
		w.exit(id, live[0], 0)
	}
	w.t.Fatalf("run %d does not end", id)
}

// checkAll asks about a run, its tasks, its workflow and the newest events.
func (w *world) checkAll(id int64) {
	w.t.Helper()
	w.check(w.why.Run(w.ctx, id))
	w.check(w.why.Workflow(w.ctx, "default", "w"))
	w.check(w.why.Workflow(w.ctx, "default", "v"))
	started, err := w.store.Runs(w.ctx, store.RunFilter{Namespace: "default", Workflow: "v", Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range started {
		e, err := w.why.Run(w.ctx, r.ID)
		w.check(e, err)
		if s := text(e); r.Trigger != 0 && !strings.Contains(s, fmt.Sprintf("started run %d, because", r.ID)) && !strings.Contains(s, "at its deadline") {
			w.t.Fatalf("a run without a reason:\n%s", s)
		}
	}
	snap, err := w.store.LoadRun(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	row, err := w.store.Version(w.ctx, "default", "w", snap.Row.Version)
	if err != nil {
		w.t.Fatal(err)
	}
	flows, _ := spec.Parse("w.yaml", []byte(row.Source))
	st := machine.Load(flows[0], snap.Row, snap.Held, snap.Waits, snap.Rules, snap.Dues)
	for _, task := range flows[0].Tasks {
		e, err := w.why.Task(w.ctx, id, task.Name)
		w.check(e, err)
		w.agrees(e, flows[0], st, task)
		if s := text(e); strings.Contains(s, "not found") || strings.Contains(s, "no longer known") {
			w.t.Fatalf("a start without a reason:\n%s", s)
		}
	}
	for _, offset := range w.events() {
		w.check(w.why.Event(w.ctx, offset))
	}
}

// events are the offsets of the newest entries that are events.
func (w *world) events() []int64 {
	w.t.Helper()
	var list []int64
	entries, err := w.store.Journal(context.Background(), w.mark, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		w.mark = e.Offset
		if e.Kind == machine.EventHappened {
			list = append(list, e.Offset)
		}
	}
	return list
}

func (w *world) check(e freshet.Explanation, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	var walk func([]freshet.Reason)
	walk = func(list []freshet.Reason) {
		for _, r := range list {
			n++
			if !whole(r.Text) {
				w.t.Fatalf("no sentence: %q in\n%s", r.Text, text(e))
			}
			walk(r.Because)
		}
	}
	walk(e.Because)
	if !whole(e.Summary) || e.Subject == "" || n > 300 {
		w.t.Fatalf("%d reasons in\n%s", n, text(e))
	}
}

// whole tells whether a text is a sentence.
func whole(s string) bool {
	return len(s) > 3 && strings.ToUpper(s[:1]) == s[:1] && strings.HasSuffix(s, ".") && !strings.Contains(s, "%!") && !strings.Contains(s, "  ")
}

// workflows draws a workflow named w.
func workflows(rt *rapid.T) string {
	var b strings.Builder
	b.WriteString("name: w\n")
	fmt.Fprintf(&b, "ends: %s\n", rapid.SampledFrom([]string{"settled", "settled", "idle", "never"}).Draw(rt, "ends"))
	names := []string{"a", "b", "c", "d"}[:rapid.IntRange(2, 4).Draw(rt, "tasks")]
	if rapid.IntRange(0, 3).Draw(rt, "stop") == 0 {
		fmt.Fprintf(&b, "stop: %s\n", condition(rt, names, 1))
	}
	b.WriteString("tasks:\n")
	for i, name := range names {
		fmt.Fprintf(&b, "  %s:\n", name)
		// A task that is computed at once must not lead to itself: nothing
		// would ever stop it.
		process := rapid.IntRange(0, 2).Draw(rt, "kind") > 0
		depth, keys, actions := 0, []string{"done"}, []string{}
		if process {
			depth, keys, actions = 2, []string{"x", "y", "done"}, []string{"stop", "restart"}
			b.WriteString("    bash: 'true'\n")
			if rapid.Bool().Draw(rt, "retries") {
				b.WriteString("    retries: {limit: 1, delay: 20s}\n")
			}
		} else {
			b.WriteString("    expr: {v: 1}\n")
		}
		if i > 0 && rapid.Bool().Draw(rt, "after") {
			fmt.Fprintf(&b, "    after: %s\n", rapid.SampledFrom([]string{names[i-1], "[" + strings.Join(names[:i], ", ") + "]", "{" + names[i-1] + ": ended}"}).Draw(rt, "upstream"))
		}
		if rapid.Bool().Draw(rt, "start") {
			busy := rapid.SampledFrom([]string{"ignore", "queue", "latest", "restart"}).Draw(rt, "busy")
			fmt.Fprintf(&b, "    start: {%s, busy: %s}\n", outer(condition(rt, names, depth)), busy)
		}
		for _, action := range actions {
			if rapid.IntRange(0, 3).Draw(rt, action) == 0 {
				fmt.Fprintf(&b, "    %s: %s\n", action, condition(rt, names, 1))
			}
		}
		if rapid.IntRange(0, 3).Draw(rt, "if") == 0 {
			fmt.Fprintf(&b, "    if: %s\n", rapid.SampledFrom([]string{"event.key != 'y'", "event.data.rows > 1", "'a' == 'b'"}).Draw(rt, "expression"))
		}
		if rapid.IntRange(0, 2).Draw(rt, "emit") == 0 {
			fmt.Fprintf(&b, "    emit: {key: %s}\n", rapid.SampledFrom(keys).Draw(rt, "key"))
		}
		if rapid.IntRange(0, 3).Draw(rt, "optional") == 0 {
			b.WriteString("    optional: true\n")
		}
		if rapid.IntRange(0, 3).Draw(rt, "allow") == 0 {
			b.WriteString("    allow_failure: true\n")
		}
	}
	return b.String()
}

func condition(rt *rapid.T, names []string, depth int) string {
	n := 7
	if depth == 0 {
		n = 2
	}
	key := rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "listens")
	filter := rapid.SampledFrom([]string{"", "", ", if: event.data > 10"}).Draw(rt, "filter")
	switch rapid.IntRange(0, n).Draw(rt, "condition") {
	case 0, 1:
		return fmt.Sprintf("{event: %s%s}", key, filter)
	case 2:
		return fmt.Sprintf("{count: {event: %s, reaches: 2}%s}", key, filter)
	case 3:
		return fmt.Sprintf("{status: {%s: %s}}", rapid.SampledFrom(names).Draw(rt, "other"), rapid.SampledFrom([]string{"success", "failed", "ended"}).Draw(rt, "status"))
	case 4, 5:
		return fmt.Sprintf("{all: [%s, %s]%s}", condition(rt, names, depth-1), condition(rt, names, depth-1),
			rapid.SampledFrom([]string{"", ", within: 30m", ", within: day"}).Draw(rt, "within"))
	case 6:
		return rapid.SampledFrom([]string{"{missing: {event: " + key + ", for: 30m}}", "{every: 45m}", "{schedule: \"0 6 * * *\"}",
			"{sum: {event: " + key + ", of: event.data, reaches: 30}, within: 2h}"}).Draw(rt, "timed")
	}
	return fmt.Sprintf("{any: [%s, %s]}", condition(rt, names, depth-1), condition(rt, names, depth-1))
}

// outer takes the outermost braces away.
func outer(s string) string { return s[1 : len(s)-1] }
