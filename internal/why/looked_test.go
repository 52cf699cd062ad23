package why_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

func init() { situations = append(situations, lookedSituations...) }

var lookedSituations = []situation{
	{"missed_ticks", func(w *world) {
		w.upload("name: w\non: {every: 10s}\ntasks:\n  t: {expr: {v: 1}}\n")
		w.upload("name: v\non: {every: 1h}\ntasks:\n  t: {expr: {v: 1}}\n")
		w.upload("name: u\non: {every: 10m, catchup: latest}\ntasks:\n  t: {expr: {v: 1}}\n")
		w.upload("name: s\non: {every: 1h, catchup: all}\ntasks:\n  t: {expr: {v: 1}}\n")
		w.until("00:00:25")
		w.down()
		w.until("03:40:25")
		w.start()
		w.pass(time.Second)
	}, []string{"workflow w", "workflow v", "workflow u", "workflow s"}},
	{"missed_ticks_of_a_task", func(w *world) {
		w.run("name: w\nends: never\ntasks:\n  t: {every: 10m, bash: t}\n  s: {start: {every: 10s}, expr: {v: 1}}\n")
		w.until("00:00:25")
		w.down()
		w.until("03:40:25")
		w.start()
		w.pass(time.Second)
	}, []string{"task 1 t", "task 1 s"}},
	{"failing_ticks", func(w *world) {
		w.upload("name: w\nparameters: {sum: {type: integer}}\non: {schedule: \"@hourly\", with: {sum: \"${{ event.data.sum }}\"}}\ntasks:\n  t: {bash: t}\n")
		w.until("02:00:30")
	}, []string{"workflow w"}},
	{"refused_tick", func(w *world) {
		w.upload("name: w\nconcurrency: {limit: 1, overlap: skip}\non: {schedule: \"@hourly\"}\ntasks:\n  t: {bash: t}\n")
		w.until("02:00:30")
	}, []string{"workflow w"}},
	{"not_looked_at", func(w *world) {
		w.upload("name: w\non: {event: x}\ntasks:\n  t: {bash: t}\n")
		w.upload("name: v\non: [{event: x, name: first}, {event: y}]\ntasks:\n  t: {bash: t}\n")
		w.upload("name: u\non: {event: x, name: other}\ntasks:\n  t: {bash: t}\n")
		w.change(freshet.PauseTrigger, 1)
		w.must(machine.Entry{Namespace: "default", Kind: machine.DisableFlow, Body: machine.Body{Workflow: "v"}})
		w.event("x", 0, "")
		w.event("y", 0, "")
		w.change(freshet.ResumeTrigger, 1)
	}, []string{"event 6", "event 8", "workflow w", "workflow v"}},
	{"set_up", func(w *world) {
		w.upload("name: w\non: {all: [{event: cup}, {event: saucer}, {event: spoon}]}\ntasks:\n  t: {bash: t}\n")
		w.event("saucer", 0, "")
		w.event("spoon", 0, "")
		w.event("cup", 0, "")
	}, []string{"run 1"}},
	{"absence_trigger", func(w *world) {
		w.upload("name: w\non: {missing: {event: beat, for: 5s}}\ntasks:\n  t: {bash: t}\n")
		w.until("00:00:30")
	}, []string{"run 1", "workflow w"}},
	{"any_of_many", func(w *world) {
		w.upload("name: w\non:\n  - {every: 10m}\n  - {all: [{event: a}], not_before: \"00:00\"}\n  - {missing: {event: beat, for: 5m}}\n  - {count: {event: c, reaches: 3}}\n  - {event: d}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
	}, []string{"workflow w"}},
	{"deadline_ahead", func(w *world) {
		w.upload("name: w\non: {all: [{event: a}, {event: b}], not_before: \"11:00\", deadline: \"12:00\"}\ntasks:\n  t: {bash: t}\n")
		w.upload("name: v\non: {all: [{event: a}, {event: c}], deadline: \"12:00\"}\ntasks:\n  t: {bash: t}\n")
		w.upload("name: u\non: {all: [{event: c}, {event: d}], deadline: \"12:00\"}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
		w.event("b", 0, "")
	}, []string{"workflow w", "workflow v", "workflow u"}},
	{"ends_of_two", func(w *world) {
		a, v1 := w.upload("name: a\ntasks:\n  t: {expr: {v: 1}}\n")
		b, v2 := w.upload("name: b\ntasks:\n  t: {expr: {v: 1}}\n")
		w.upload("name: w\non: {all: [{workflow: {a: success}}, {workflow: {b: success}}]}\ntasks:\n  t: {bash: t}\n")
		w.another(a, v1)
		w.another(b, v2)
	}, []string{"run 3"}},
	{"not_before_not_armed", func(w *world) {
		w.upload("name: w\non: {all: [{event: a}], not_before: \"08:00\"}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
		w.change(freshet.PauseTrigger, 1)
		w.until("09:00:00")
		w.change(freshet.ResumeTrigger, 1)
	}, []string{"workflow w"}},
	{"at_beside_others", func(w *world) {
		name, version := w.upload("name: w\nconcurrency: 1\ntasks:\n  t: {bash: t}\n")
		w.another(name, version)
		w.later(name, version, time.Date(2000, 1, 1, 5, 0, 0, 0, time.UTC))
		w.another(name, version)
	}, []string{"workflow w", "run 2", "run 3"}},
	{"equal_triggers", func(w *world) {
		w.upload("name: w\non: [{event: e}, {event: e}, {event: f}]\ntasks:\n  t: {bash: t}\n")
	}, []string{"workflow w"}},
}

// TestManyTriggers asks about an event that very many triggers saw: what fired
// or failed is told, whichever trigger it was.
func TestManyTriggers(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		var on strings.Builder
		for range 60 {
			on.WriteString("  - {event: e, if: event.data > 10}\n")
		}
		on.WriteString("  - {event: e, name: counts, if: event.data.n > 1}\n  - {event: e, name: fires}\n")
		w.upload("name: w\non:\n" + on.String() + "tasks:\n  t: {bash: t}\n")
		w.event("e 3", 0, "")
		e, err := w.answer("event 2")
		w.check(e, err)
		results := map[freshet.Result]int{}
		for _, r := range e.Because {
			results[r.Result]++
		}
		if got := e.Because[0].Text; got != "It started run 1, which is running (trigger fires of workflow w)." {
			t.Errorf("what fired is not the first: %s", got)
		}
		if results[freshet.Fired] != 1 || results[freshet.Erred] != 1 || results[freshet.Filtered] != 18 {
			t.Errorf("told are %v", results)
		}
		for _, want := range []string{"62 triggers looked at it, and 1 of them asked for a run", "And 42 more triggers, which started nothing: 42 filtered it."} {
			if !strings.Contains(text(e), want) {
				t.Errorf("%q is not in\n%s", want, text(e))
			}
		}
		e, err = w.answer("workflow w")
		w.check(e, err)
		for _, want := range []string{"waits for one of its 62 triggers, such as for event e", "And 52 more triggers; `trigger list` shows all."} {
			if !strings.Contains(text(e), want) {
				t.Errorf("%q is not in\n%s", want, text(e))
			}
		}
	})
}

// TestManyStarts asks about an event that started more runs than are shown of
// other outcomes: all are told.
func TestManyStarts(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		const n = 130
		w.upload("name: w\non:\n" + strings.Repeat("  - {event: e}\n", n) + "tasks:\n  t: {expr: {v: 1}}\n")
		w.event("e", 0, "")
		e, err := w.answer("event 2")
		w.check(e, err)
		fired := 0
		for _, r := range e.Because {
			if r.Result == freshet.Fired && r.Trigger != 0 {
				fired++
			}
		}
		if want := fmt.Sprintf("%d triggers looked at it, and %d of them asked for a run", n, n); fired != n || !strings.Contains(e.Summary, want) {
			t.Errorf("%d are told: %s", fired, e.Summary)
		}
	})
}
