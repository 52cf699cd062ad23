package why_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
	"github.com/freshet/freshet/internal/why"
)

// until lets time go by until a moment of the day.
func (w *world) until(clock string) {
	w.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", "2000-01-01 "+clock, time.UTC)
	if err != nil {
		w.t.Fatal(err)
	}
	w.pass(time.Until(at))
}

// trigger adds a trigger at run time.
func (w *world) trigger(workflow, entry string) {
	w.t.Helper()
	on, diags := spec.ParseTrigger([]byte(entry), nil)
	if on == nil {
		w.t.Fatal(diags.Err())
	}
	row := triggerRow(workflow, on)
	w.must(machine.Entry{Namespace: "default", Kind: machine.AddTrigger, Body: machine.Body{Trigger: &row}})
}

func (w *world) change(action freshet.TriggerAction, id int64) {
	w.t.Helper()
	w.must(machine.Entry{Namespace: "default", Kind: machine.ChangeTrigger, Body: machine.Body{Change: &machine.TriggerChange{Action: action, ID: id}}})
}

// later starts a run that is to begin at a time.
func (w *world) later(name, version string, at time.Time) int64 {
	w.t.Helper()
	return w.must(machine.Entry{Namespace: "default", Kind: machine.StartRun, Body: machine.Body{
		Start: &machine.RunStart{Workflow: name, Version: version, Type: freshet.Manual, At: &at}}}).Run
}

func init() { situations = append(situations, triggerSituations...) }

var triggerSituations = []situation{
	{"schedule", func(w *world) {
		w.upload("name: w\ntimezone: Europe/Paris\nparameters: {day: {type: string}}\non: {schedule: \"0 6 * * *\", name: nightly, catchup: 7d, with: {day: \"${{ date(run.scheduled_at) }}\"}}\ntasks:\n  a: {bash: a}\n")
		w.until("05:00:30")
		w.exit(1, "a", 0)
	}, []string{"workflow w", "run 1", "task 1 a"}},
	{"caught_up", func(w *world) {
		w.upload("name: w\ntimezone: Europe/Paris\non: {schedule: \"0 6 * * *\", name: nightly, catchup: 7d}\ntasks:\n  a: {bash: a}\n")
		w.upload("name: v\non: {schedule: \"0 6 * * *\"}\ntasks:\n  a: {bash: a}\n")
		w.down()
		w.until("07:12:00")
		w.start()
		w.pass(time.Second)
	}, []string{"run 1", "workflow w", "workflow v"}},
	{"schedule_ahead", func(w *world) {
		w.upload("name: w\ntimezone: Europe/Paris\non: {schedule: \"0 6 * * *\"}\ntasks:\n  a: {bash: a}\n")
	}, []string{"workflow w"}},
	{"event_trigger", func(w *world) {
		w.upload("name: w\non: {event: x, if: event.data > 10, name: big}\ntasks:\n  a: {bash: a}\n")
		w.event("x 3", 0, "")
		w.event("x 12", 0, "ann")
		w.event("x nothing", 0, "")
	}, []string{"workflow w", "run 1", "event 2", "event 3", "event 5"}},
	{"chain_of_runs", func(w *world) {
		id := w.run("name: first\ntasks:\n  load: {bash: load, emit: {key: loaded, value: \"7\"}}\n")
		w.upload("name: second\non: {event: loaded, name: fresh_data}\ntasks:\n  fit: {bash: fit}\n")
		w.upload("name: third\non: {workflow: {second: success}}\ntasks:\n  show: {bash: show}\n")
		w.exit(id, "load", 0)
		w.exit(2, "fit", 0)
	}, []string{"run 3", "task 3 show", "workflow second", "workflow third", "run 2", "event 6"}},
	{"counting_trigger", func(w *world) {
		w.upload("name: w\non:\n  - {count: {event: x, reaches: 5}, within: 1h}\n  - {sum: {event: y, of: event.data, reaches: 100}, name: total}\ntasks:\n  a: {bash: a}\n")
		for range 3 {
			w.event("x", 0, "")
		}
		w.event("y 60", 0, "")
		w.event("y 3", 0, "")
	}, []string{"workflow w", "event 4", "event 6"}},
	{"counted_trigger", func(w *world) {
		w.upload("name: w\non: {count: {event: x, reaches: 2}}\ntasks:\n  a: {bash: a}\n")
		w.event("x", 0, "")
		w.event("x", 0, "")
	}, []string{"run 1", "event 3"}},
	{"before_deadline", func(w *world) {
		w.upload("name: w\non: {all: [{event: a}, {event: b}, {event: c}], deadline: \"12:00\"}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
	}, []string{"workflow w", "event 2"}},
	{"after_deadline", func(w *world) {
		w.upload("name: w\non: {all: [{event: a}, {event: b}, {event: c}], deadline: \"12:00\", name: daily}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
		w.until("12:00:30")
		w.event("b", 0, "")
	}, []string{"run 1", "workflow w"}},
	{"not_before", func(w *world) {
		w.upload("name: w\non: {all: [{event: a}], not_before: \"08:00\"}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
	}, []string{"workflow w", "event 2"}},
	{"not_before_passed", func(w *world) {
		w.upload("name: w\non: {all: [{event: a}], not_before: \"08:00\"}\ntasks:\n  t: {bash: t}\n")
		w.event("a", 0, "")
		w.until("08:00:30")
	}, []string{"run 1", "workflow w"}},
	{"refused", func(w *world) {
		w.upload("name: w\nconcurrency: {limit: 1, overlap: skip}\non: {event: x}\ntasks:\n  t: {bash: t}\n")
		w.event("x", 0, "")
		w.event("x", 0, "")
	}, []string{"workflow w", "event 2", "event 4"}},
	{"wrong_parameter", func(w *world) {
		w.upload("name: w\nparameters: {rows: {type: integer}}\non: {event: x, with: {rows: \"${{ event.data.rows }}\"}}\ntasks:\n  t: {bash: t}\n")
		w.event("x {}", 0, "")
		w.event(`x {"rows": "many"}`, 0, "")
	}, []string{"workflow w", "event 2", "event 3"}},
	{"paused", func(w *world) {
		w.upload("name: w\non: {event: x}\ntasks:\n  t: {bash: t}\n")
		w.trigger("w", "{event: y, name: extra}")
		w.change(freshet.PauseTrigger, 1)
		w.event("x", 0, "")
	}, []string{"workflow w", "event 4"}},
	{"disabled", func(w *world) {
		w.upload("name: w\non: {schedule: \"@hourly\"}\ntasks:\n  t: {bash: t}\n")
		w.must(machine.Entry{Namespace: "default", Kind: machine.DisableFlow, Body: machine.Body{Workflow: "w"}})
	}, []string{"workflow w"}},
	{"deleted_trigger", func(w *world) {
		w.upload("name: w\ntasks:\n  t: {bash: t}\n")
		w.trigger("w", "{event: y, name: extra}")
		w.event("y 1", 0, "")
		w.change(freshet.DeleteTrigger, 1)
	}, []string{"run 1", "event 3", "workflow w"}},
	{"without_end_of_chain", func(w *world) {
		w.upload("name: w\non: {event: x, if: event.data != 0}\ntasks:\n  a: {expr: {v: 1}, emit: {key: x, value: \"1\"}}\n")
		w.event("x 1", 0, "")
	}, []string{"run 64", "workflow w"}},
	{"at", func(w *world) {
		name, version := w.upload("name: w\ntimezone: Europe/Paris\ntasks:\n  t: {bash: t}\n")
		w.later(name, version, time.Date(2000, 1, 2, 5, 0, 0, 0, time.UTC))
	}, []string{"run 1", "task 1 t", "workflow w"}},
	{"at_passed", func(w *world) {
		name, version := w.upload("name: w\ntasks:\n  t: {bash: t}\n")
		w.later(name, version, time.Date(2000, 1, 1, 5, 0, 0, 0, time.UTC))
		w.until("05:00:10")
	}, []string{"run 1"}},
	{"ticks", func(w *world) {
		w.run("name: w\ntasks:\n  t: {every: 10m, bash: t}\n  s: {schedule: \"30 * * * *\", bash: s}\n")
		w.until("00:10:30")
	}, []string{"task 1 t", "task 1 s", "run 1"}},
	{"ticked", func(w *world) {
		w.run("name: w\ntasks:\n  s: {schedule: \"30 * * * *\", bash: s}\n")
		w.until("00:30:10")
		w.exit(1, "s", 0)
	}, []string{"task 1 s", "run 1"}},
	{"missing", func(w *world) {
		w.run("name: w\nends: never\ntasks:\n  alarm: {start: {missing: {event: beat, for: 2h}}, bash: alarm}\n  other: {start: {missing: {event: pulse, for: 2h}}, bash: other}\n")
		w.until("00:44:00")
		w.event("pulse", 0, "")
		w.until("00:47:02")
	}, []string{"task 1 alarm", "task 1 other", "run 1", "event 3"}},
	{"was_missing", func(w *world) {
		w.run("name: w\nends: never\ntasks:\n  alarm: {start: {missing: {event: beat, for: 2h}}, bash: alarm}\n")
		w.until("02:00:30")
	}, []string{"task 1 alarm"}},
	{"stale_workflow", func(w *world) {
		w.upload("name: nightly\ntasks:\n  a: {bash: a}\n")
		w.upload("name: alarm\non:\n  - {missing: {workflow: {nightly: success}, for: 26h}}\n  - {workflow: {nightly: failed}, name: broken}\ntasks:\n  a: {bash: a}\n")
		w.until("03:00:00")
	}, []string{"workflow alarm"}},
	{"within", func(w *world) {
		w.run("name: w\nends: never\ntasks:\n  t: {start: {count: {event: x, reaches: 3}, within: 1h, busy: queue}, bash: t}\n  u: {start: {all: [{event: x}, {event: y}], within: 30m, busy: queue}, bash: u}\n  v: {start: {all: [{event: x}, {any: [{event: y}, {every: 2h}]}], within: day, busy: queue}, bash: v}\n")
		w.event("x", 0, "")
		w.until("00:20:00")
		w.event("x", 0, "")
	}, []string{"task 1 t", "task 1 u", "task 1 v"}},
	{"within_over", func(w *world) {
		w.run("name: w\nends: never\ntasks:\n  t: {start: {count: {event: x, reaches: 3}, within: 1h, busy: queue}, bash: t}\n  u: {start: {all: [{event: x}, {event: y}], within: 30m, busy: queue}, bash: u}\n  v: {start: {all: [{event: x}], within: day, busy: queue}, bash: v}\n")
		w.event("x", 0, "")
		w.until("01:30:00")
	}, []string{"task 1 t", "task 1 u", "task 1 v"}},
	{"ignored_tick", func(w *world) {
		w.run("name: w\ntasks:\n  t: {every: 10m, bash: t}\n")
		w.until("00:20:30")
	}, []string{"task 1 t"}},
	{"if_with_values", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a, outputs: {rows: integer}}\n  b: {after: a, if: tasks.a.outputs.rows > 1000, bash: b}\n  c: {start: {event: x, busy: queue}, if: event.data.n > 5 && run.id > 0, bash: c}\n")
		w.ends(id, "a", map[string]string{"rows": "12"})
		w.event(`x {"n": 2}`, 0, "")
	}, []string{"task 1 b", "task 1 c", "run 1"}},
	{"allowed_failure", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a, allow_failure: true}\n  b: {after: a, bash: b}\n  c: {after: b, bash: c}\n")
		w.exit(id, "a", 1)
	}, []string{"task 1 a", "task 1 b", "run 1"}},
	{"second_try", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a, retries: {limit: 2, delay: 1s}, timeout: 1h}\n")
		w.exit(id, "a", 1)
		w.pass(3 * time.Second)
		w.started(id, "a")
	}, []string{"task 1 a", "run 1"}},
	{"finally", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\nfinally:\n  tell: {bash: tell}\n  log: {after: tell, bash: log}\n")
		w.exit(id, "a", 1)
	}, []string{"run 1", "task 1 tell", "task 1 log", "task 1 a"}},
	{"before_finally", func(w *world) {
		w.run("name: w\ntasks:\n  a: {bash: a}\nfinally:\n  tell: {bash: tell}\n")
	}, []string{"task 1 tell", "run 1"}},
	{"finally_failed", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\nfinally:\n  tell: {bash: tell}\n")
		w.exit(id, "a", 0)
		w.exit(id, "tell", 2)
	}, []string{"run 1", "task 1 tell"}},
	{"run_timeout", func(w *world) {
		id := w.run("name: w\ntimeout: 1h\ntasks:\n  a: {bash: a}\n")
		w.started(id, "a")
		w.until("01:00:30")
		w.exit(id, "a", 143)
	}, []string{"run 1", "task 1 a"}},
	{"before_run_timeout", func(w *world) {
		w.run("name: w\ntimeout: 1h\ntasks:\n  a: {bash: a}\n")
	}, []string{"run 1"}},
}

// TestNotDecidedYet asks about an event whose turn has not come.
func TestNotDecidedYet(t *testing.T) {
	s, err := sqlite.Open(t.Context(), t.TempDir()+"/freshet.db", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := &store.Batch{Leader: snap.Leader}
	for o := int64(1); o <= 3; o++ {
		at := freshet.Time(time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC))
		b.Entries = append(b.Entries, machine.Entry{Offset: o, Namespace: "default", Kind: machine.EventHappened, Time: at,
			Event: &freshet.Event{Offset: o, Namespace: "default", Key: "x", Time: at}})
	}
	b.Cursor.Offset = 1
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[int64]string{
		1: "Event x: no run and no trigger listened for it when it came.",
		2: "Not all that it concerns has decided about it yet; this is under way.",
		3: "Its turn has not come: entries are decided in their order, and 1 entry is before it.",
	} {
		e, err := why.New(s, nil).Event(t.Context(), offset)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text(e), want) || strings.Contains(text(e), "no run") != (offset == 1) {
			t.Errorf("%q is not in\n%s", want, text(e))
		}
	}
}

// TestPhrases looks for the words that are promised, letter by letter but for
// a capital at the beginning.
func TestPhrases(t *testing.T) {
	for _, c := range []struct {
		phrase string
		play   func(w *world)
		ask    string
		kind   freshet.ReasonKind // of the reason that says it to programs
		is     func(r freshet.Reason) bool
	}{
		{"sum 63 of 100", func(w *world) {
			w.run("name: w\ntasks:\n  t: {start: {sum: {event: x, of: event.data, reaches: 100}, busy: queue}, bash: t}\n")
			w.event("x 63", 0, "")
		}, "task 1 t", "sum", func(r freshet.Reason) bool { return *r.Have == 63 && *r.Need == 100 && !*r.Met && r.Key == "x" }},
		{"waiting for b: running", func(w *world) {
			id := w.run("name: w\ntasks:\n  b: {bash: b}\n  c: {after: b, bash: c}\n")
			w.started(id, "b")
		}, "task 1 c", "after", func(r freshet.Reason) bool { return r.Task == "b" && r.Status == freshet.Running && !*r.Met }},
		{"filtered: event.data > 10 was false", func(w *world) {
			w.run("name: w\ntasks:\n  t: {start: {event: x, if: event.data > 10, busy: queue}, bash: t}\n")
			w.event("x 3", 0, "")
		}, "task 1 t", "event", func(r freshet.Reason) bool {
			return r.Expression == "event.data > 10" && r.Result == freshet.Filtered && r.Offset == 3
		}},
		{"next tick 2000-01-01 06:00 Europe/Paris", func(w *world) {
			w.upload("name: w\ntimezone: Europe/Paris\non: {schedule: \"0 6 * * *\"}\ntasks:\n  a: {bash: a}\n")
		}, "workflow w", "schedule", func(r freshet.Reason) bool {
			return r.Trigger == 1 && r.Due.Equal(time.Date(2000, 1, 1, 5, 0, 0, 0, time.UTC)) && r.Expression == "0 6 * * *"
		}},
		{"queued behind run 6", func(w *world) {
			name, version := w.upload("name: w\nconcurrency: 1\ntasks:\n  a: {bash: a}\n")
			for range 7 {
				w.another(name, version)
			}
		}, "run 7", "place", func(r freshet.Reason) bool { return r.RunID == 6 && r.Status == freshet.Queued }},
		{"waiting for a slot: 2 of 2 taken", func(w *world) {
			w.run("name: w\ntasks:\n  a: {bash: a}\n  b: {bash: b}\n  c: {bash: c}\n")
		}, "task 1 c", "slot", func(r freshet.Reason) bool { return *r.Have == 2 && *r.Need == 2 && r.Task == "c" }},
	} {
		t.Run(c.phrase, func(t *testing.T) {
			inWorld(t, 2, func(w *world) {
				c.play(w)
				e, err := w.answer(c.ask)
				w.check(e, err)
				if got := text(e); !strings.Contains(got, c.phrase) && !strings.Contains(got, strings.ToUpper(c.phrase[:1])+c.phrase[1:]) {
					t.Errorf("it is not said in\n%s", got)
				}
				if !anywhere(e.Because, func(r freshet.Reason) bool { return r.Kind == c.kind && c.is(r) }) {
					t.Errorf("no reason says it to programs: %s", fmt.Sprintf("%+v", e.Because))
				}
			})
		})
	}
}

func anywhere(list []freshet.Reason, is func(freshet.Reason) bool) bool {
	for _, r := range list {
		if is(r) || anywhere(r.Because, is) {
			return true
		}
	}
	return false
}
