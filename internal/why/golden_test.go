package why_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

var update = flag.Bool("update", false, "write the golden files")

// TestWords compares explanations of many situations with what was found good
// when a person read them.
func TestWords(t *testing.T) {
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			inWorld(t, 2, func(w *world) { s.play(w); w.golden(s) })
		})
	}
}

// situation is a story up to a moment, and the questions asked then:
// "run 1", "task 1 train", "workflow w", "event 7".
type situation struct {
	name string
	play func(w *world)
	ask  []string
}

func (w *world) golden(s situation) {
	w.t.Helper()
	var b strings.Builder
	for _, question := range s.ask {
		e, err := w.answer(question)
		if err != nil {
			var fe *freshet.Error
			if !errors.As(err, &fe) {
				w.t.Fatal(err)
			}
			b.WriteString("why " + question + "\nerror: " + fe.Message + "\nhint: " + fe.Hint + "\n\n")
			continue
		}
		b.WriteString("why " + question + "\n" + text(e) + "\n")
	}
	path := filepath.Join("testdata", s.name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		w.t.Errorf("(-want +got)\n%s", diff)
	}
}

func (w *world) answer(question string) (freshet.Explanation, error) {
	words := strings.Fields(question)
	id := func(i int) int64 { return number(words[i]) }
	switch words[0] {
	case "run":
		return w.why.Run(w.ctx, id(1))
	case "task":
		return w.why.Task(w.ctx, id(1), words[2])
	case "event":
		return w.why.Event(w.ctx, id(1))
	}
	return w.why.Workflow(w.ctx, "default", words[1])
}

func number(s string) int64 {
	var n int64
	for _, r := range s {
		n = n*10 + int64(r-'0')
	}
	return n
}

const learning = `
name: learning
ends: never
tasks:
  prepare: {long_running: true, bash: prepare}
  train:
    start: {event: data_prepared, busy: latest}
    bash: train
    emit: {key: trained, value: v}
  deploy:
    start: {event: trained, if: event.data != "old", busy: ignore}
    bash: deploy
`

var situations = []situation{
	{"chain", func(w *world) {
		id := w.run(learning)
		w.started(id, "prepare")
		w.event("data_prepared 1", id, "prepare")
		w.exit(id, "train", 0)
	}, []string{"task 1 deploy", "task 1 train", "task 1 prepare", "run 1", "event 4"}},
	{"second_start", func(w *world) {
		id := w.run(learning)
		w.started(id, "prepare")
		w.event("data_prepared 1", id, "prepare")
		w.event("data_prepared 2", id, "prepare")
		w.event("data_prepared 3", id, "prepare")
		w.exit(id, "train", 0)
	}, []string{"task 1 train", "event 4", "event 5", "event 6"}},
	{"behind_busy", func(w *world) {
		id := w.run("name: w\ntasks:\n  t: {start: {event: x, busy: {queue: 2}}, bash: t}\n")
		for range 4 {
			w.event("x", 0, "")
		}
		_ = id
	}, []string{"task 1 t", "run 1", "event 4", "event 6"}},
	{"steps", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  b: {after: a, bash: b}\n  c: {after: [a, b], bash: c}\n")
		w.exit(id, "a", 0)
	}, []string{"task 1 a", "task 1 b", "task 1 c", "run 1"}},
	{"steps_done", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {expr: {x: 1}}\n  b: {after: a, expr: {x: 1}}\n  c: {after: [a, b], bash: c}\n")
		w.exit(id, "c", 0)
	}, []string{"task 1 c", "run 1", "workflow w"}},
	{"waits_for_event", func(w *world) {
		w.run("name: w\ntasks:\n  a: {bash: a}\n  t: {start: {event: x, busy: queue}, after: a, bash: t}\n  u: {after: t, bash: u}\n")
	}, []string{"task 1 t", "task 1 u", "run 1"}},
	{"open_for_event", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  t: {start: {event: x, busy: queue}, bash: t}\n  o: {optional: true, start: {event: y, busy: queue}, bash: o}\n")
		w.exit(id, "a", 0)
	}, []string{"run 1", "task 1 t", "task 1 o"}},
	{"counting", func(w *world) {
		w.run("name: w\ntasks:\n  t: {start: {count: {event: tick, reaches: 12}, busy: queue}, bash: t}\n  s: {start: {sum: {event: loaded, of: event.data.rows, reaches: 100}, if: event.data.rows > 0, busy: queue}, bash: s}\n")
		for range 3 {
			w.event("tick", 0, "")
		}
		w.event(`loaded {"rows": 60}`, 0, "")
		w.event(`loaded {"rows": 3}`, 0, "")
		w.event(`loaded {"rows": -1}`, 0, "")
	}, []string{"task 1 t", "task 1 s", "run 1", "event 3", "event 7", "event 8"}},
	{"counted", func(w *world) {
		w.run("name: w\ntasks:\n  t: {start: {count: {event: tick, reaches: 2}, busy: queue}, bash: t}\n")
		w.event("tick", 0, "")
		w.event("tick", 0, "")
	}, []string{"task 1 t", "event 4"}},
	{"filtered", func(w *world) {
		w.run("name: w\ntasks:\n  t: {start: {event: x, if: event.data > 10, busy: queue}, bash: t}\n  e: {start: {event: x, if: event.data.rows > 10, busy: queue}, bash: e}\n")
		w.event("x 3", 0, "")
	}, []string{"task 1 t", "task 1 e", "event 3"}},
	{"remembered", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  t: {start: {all: [{event: x}, {event: y}, {status: {a: success}}], busy: queue}, bash: t}\n  u: {start: {any: [{event: y}, {all: [{event: x}, {event: z}]}], busy: queue}, bash: u}\n")
		w.event("x", 0, "")
		_ = id
	}, []string{"task 1 t", "task 1 u", "event 3"}},
	{"all_met", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  t: {start: {all: [{event: x}, {event: y}, {status: {a: success}}], busy: queue}, bash: t}\n  u: {start: {any: [{event: y}, {all: [{event: x}, {event: z}]}], busy: queue}, bash: u}\n")
		w.event("x", 0, "")
		w.event("y", 0, "ann")
		w.exit(id, "a", 0)
	}, []string{"task 1 t", "task 1 u"}},
	{"slots", func(w *world) {
		w.run("name: w\ntasks:\n  a: {bash: a}\n  b: {bash: b}\n  c: {bash: c}\n")
	}, []string{"task 1 c", "task 1 a", "run 1"}},
	{"retrying", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a, retries: {limit: 2, delay: 30s}}\n")
		w.exit(id, "a", 75)
	}, []string{"task 1 a", "run 1"}},
	{"retried", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a, retries: {limit: 1, delay: 30s}}\n  b: {after: a, bash: b}\n  c: {after: {a: failed}, bash: c}\n")
		w.exit(id, "a", 75)
		w.pass(time.Minute)
		w.exit(id, "a", 1)
	}, []string{"task 1 a", "task 1 b", "task 1 c", "run 1"}},
	{"not_retried", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a, retries: {limit: 1, on_exit: [75]}}\n  b: {bash: b}\n")
		w.exit(id, "a", 3)
		w.report(machine.Ended, id, "b", 0, freshet.CodeStartFailed)
	}, []string{"task 1 a", "task 1 b", "run 1", "workflow w"}},
	{"failure_stands", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  b: {after: a, bash: b}\n  t: {start: {event: x, busy: queue}, bash: t}\n")
		w.exit(id, "a", 1)
	}, []string{"run 1", "task 1 b", "task 1 t"}},
	{"skipped", func(w *world) {
		w.run("name: w\ntasks:\n  a: {expr: {x: 1}, if: 'false'}\n  b: {after: a, bash: b}\n  c: {after: b, bash: c}\n")
	}, []string{"task 1 a", "task 1 b", "task 1 c", "run 1"}},
	{"by_person", func(w *world) {
		id := w.run("name: w\nends: never\ntasks:\n  t: {start: {event: x, busy: queue}, bash: t}\n  r: {bash: r}\n  s: {bash: s}\n")
		w.command(machine.StartTask, id, "t")
		w.started(id, "r")
		w.command(machine.RestartTask, id, "r")
		w.exit(id, "r", 143)
		w.command(machine.StopTask, id, "t")
		w.exit(id, "t", 143)
	}, []string{"task 1 t", "task 1 r", "task 1 s", "run 1"}},
	{"restart_rule", func(w *world) {
		id := w.run("name: w\ntasks:\n  serve: {bash: serve, restart: {event: config_changed}, stop: {event: enough}}\n")
		w.started(id, "serve")
		w.event("config_changed", 0, "")
	}, []string{"task 1 serve", "event 4", "run 1"}},
	{"restarted", func(w *world) {
		id := w.run("name: w\nends: never\ntasks:\n  serve: {bash: serve, restart: {event: config_changed}, stop: {event: enough}}\n")
		w.started(id, "serve")
		w.event("config_changed", 0, "")
		w.exit(id, "serve", 143)
		w.started(id, "serve")
		w.event("enough", 0, "")
	}, []string{"task 1 serve", "run 1"}},
	{"stopped_by_rule", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  serve: {bash: serve, stop: {status: {a: ended}}}\n")
		w.started(id, "serve")
		w.exit(id, "a", 0)
		w.exit(id, "serve", 143)
	}, []string{"task 1 serve", "run 1"}},
	{"run_stopping", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  b: {after: a, bash: b}\n  t: {start: {event: x, busy: queue}, bash: t}\n")
		w.started(id, "a")
		w.stop(id)
		w.event("x", id, "")
	}, []string{"run 1", "task 1 a", "task 1 b", "event 5"}},
	{"run_stopped", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  b: {after: a, bash: b}\n")
		w.started(id, "a")
		w.stop(id)
		w.exit(id, "a", 143)
	}, []string{"run 1", "task 1 a", "task 1 b"}},
	{"stop_condition", func(w *world) {
		id := w.run("name: w\nstop: {count: {event: done, reaches: 2}}\ntasks:\n  a: {bash: a, emit: {key: done}}\n  b: {bash: b}\n")
		w.event("done", id, "")
		w.exit(id, "a", 0)
		w.exit(id, "b", 143)
	}, []string{"run 1", "task 1 b", "event 6"}},
	{"before_stop_condition", func(w *world) {
		id := w.run("name: w\nstop: {count: {event: done, reaches: 2}}\ntasks:\n  b: {bash: b}\n")
		w.event("done", id, "")
	}, []string{"run 1"}},
	{"concurrency", func(w *world) {
		name, version := w.upload("name: w\nconcurrency: 1\ntasks:\n  a: {bash: a}\n  t: {start: {event: x, busy: queue}, bash: t}\n")
		for range 3 {
			w.another(name, version)
		}
		w.event("x", 0, "")
	}, []string{"run 1", "run 2", "run 3", "workflow w", "task 2 a", "task 2 t", "event 5"}},
	{"stop_oldest", func(w *world) {
		name, version := w.upload("name: w\nconcurrency: {limit: 1, overlap: stop_oldest}\ntasks:\n  a: {bash: a}\n")
		first := w.another(name, version)
		w.another(name, version)
		w.exit(first, "a", 143)
	}, []string{"run 1", "run 2"}},
	{"events", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {bash: a}\n  t: {start: {event: x, busy: ignore}, bash: t}\n")
		w.event("nobody", 0, "")
		w.event("nobody", id, "")
		w.event("x", 0, "")
		w.event("x", 0, "")
		w.exit(id, "a", 0)
		w.exit(id, "t", 0)
	}, []string{"event 3", "event 4", "event 5", "event 6", "event 1", "event 99", "task 1 t"}},
	{"many_runs", func(w *world) {
		name, version := w.upload("name: w\ntasks:\n  t: {start: {event: x, busy: ignore}, bash: t}\n")
		for range 25 {
			w.another(name, version)
		}
		w.event("x", 1, "")
		w.event("x", 0, "")
	}, []string{"event 28"}},
	{"expression", func(w *world) {
		w.run("name: w\nends: never\ntasks:\n  a: {expr: {x: event.data.rows}}\n")
	}, []string{"task 1 a", "run 1"}},
	{"unknown", func(w *world) {
		w.run("name: w\ntasks:\n  a: {bash: a}\n")
		w.upload("name: fresh\ntasks:\n  a: {bash: a}\n")
	}, []string{"run 7", "task 1 nobody", "task 7 a", "workflow nothing", "workflow fresh"}},
	{"without_end", func(w *world) {
		w.run("name: w\ntasks:\n  a: {expr: {v: 1}, restart: {status: {b: ended}}}\n  b: {expr: {v: 1}, start: {status: {a: ended}}}\n  c: {after: a, bash: c}\n")
	}, []string{"run 1", "task 1 a", "task 1 c"}},
	{"ends_idle", func(w *world) {
		id := w.run("name: w\nends: idle\ntasks:\n  a: {bash: a, allow_failure: true}\n  t: {start: {event: x, busy: queue}, bash: t}\n")
		w.exit(id, "a", 1)
	}, []string{"run 1", "task 1 t"}},
}
