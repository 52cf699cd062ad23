package why_test

import (
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// What is said of who waits for a place, by key or of a task, reads well too.
func TestWordsOfPlaces(t *testing.T) {
	for _, s := range turns {
		t.Run(s.name, func(t *testing.T) {
			inWorld(t, 4, func(w *world) { s.play(w); w.golden(s) })
		})
	}
}

// with starts a run with one parameter.
func (w *world) with(name, version, parameter, value string) int64 {
	w.t.Helper()
	return w.must(machine.Entry{Namespace: "default", Kind: machine.StartRun, Body: machine.Body{Start: &machine.RunStart{Workflow: name,
		Version: version, Type: freshet.Manual, Parameters: map[string]any{parameter: value}}}}).Run
}

var turns = []situation{
	{"run_key", func(w *world) {
		name, version := w.upload("name: w\nparameters: {city: {type: string}}\nconcurrency: {limit: 1, key: params.city}\ntasks:\n  a: {bash: a}\n")
		for _, city := range []string{"oslo", "rome", "oslo", "oslo"} {
			w.with(name, version, "city", city)
		}
	}, []string{"run 1", "run 3", "run 4", "workflow w"}},
	{"task_turn", func(w *world) {
		name, version := w.upload("name: w\ntasks:\n  a: {bash: a, concurrency: 1}\n  b: {after: a, bash: b}\n")
		for range 3 {
			w.another(name, version)
		}
		w.started(1, "a")
	}, []string{"task 1 a", "task 2 a", "task 3 a", "task 3 b", "run 3"}},
	{"task_key", func(w *world) {
		name, version := w.upload("name: w\nparameters: {db: {type: string}}\ntasks:\n  a: {bash: a, concurrency: {limit: 1, key: params.db}}\n")
		w.with(name, version, "db", "main")
		w.with(name, version, "db", "main")
		w.with(name, version, "db", "side")
		w.upload("name: w\nparameters: {db: {type: string}}\ntasks:\n  a: {bash: a2, concurrency: {limit: 1, key: params.db}}\n")
	}, []string{"task 2 a", "task 3 a", "run 2"}},
	{"item_turn", func(w *world) {
		w.run("name: w\ntasks:\n  a: {foreach: [x, y, z, u], bash: a, concurrency: 2}\n")
	}, []string{"task 1 a", "task 1 a[1]", "task 1 a[2]", "task 1 a[3]", "run 1"}},
	{"run_deadlock", func(w *world) {
		w.run("name: w\nconcurrency: 1\ntasks:\n  a: {workflow: w}\n")
	}, []string{"task 1 a", "run 2"}},
	{"task_deadlock", func(w *world) {
		w.run("name: w\ntasks:\n  a: {workflow: w, concurrency: 1}\n")
	}, []string{"task 1 a", "task 2 a", "run 2"}},
}
