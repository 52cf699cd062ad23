package why_test

import (
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// What is said of tasks with items, of approvals and of calls reads well too.
func TestWordsOfKinds(t *testing.T) {
	for _, s := range kinds {
		t.Run(s.name, func(t *testing.T) {
			inWorld(t, 2, func(w *world) { s.play(w); w.golden(s) })
		})
	}
}

// item ends the process of one item.
func (w *world) item(run int64, task string, item, code int) {
	w.t.Helper()
	for k, epoch := range w.starts {
		if k.Run == run && k.Task == task && k.Item == item {
			w.must(machine.Entry{Kind: machine.Ended, Run: run, Body: machine.Body{Process: &machine.Process{Task: task, Item: item,
				Seq: k.Seq, Try: k.Try, Epoch: epoch, Time: freshet.Time(time.Now()), ExitCode: code}}})
			return
		}
	}
	w.t.Fatalf("item %d of task %s has no process", item, task)
}

func (w *world) decides(run int64, task string, item int, approved bool, comment string) {
	w.t.Helper()
	w.must(machine.Entry{Namespace: "default", Kind: machine.AnswerTask, Run: run, Body: machine.Body{Task: task,
		Answer: &machine.Answer{Approved: approved, Item: item, Comment: comment}}})
}

const each = "name: w\ntasks:\n  a: {foreach: [x, y, z, u, v], max_parallel: 2, fail_fast: false, bash: a, retries: {limit: 1, on_exit: [75]}}\n  b: {after: a, bash: b}\n"

var kinds = []situation{
	{"foreach", func(w *world) {
		id := w.run(each)
		w.started(id, "a")
		w.item(id, "a", 0, 0)
		w.item(id, "a", 1, 3)
		w.item(id, "a", 2, 75)
	}, []string{"task 1 a", "task 1 a[0]", "task 1 a[1]", "task 1 a[2]", "task 1 a[3]", "task 1 a[4]", "task 1 a[9]", "task 1 b[0]", "task 1 b", "run 1"}},
	{"foreach_failed", func(w *world) {
		id := w.run("name: w\ntasks:\n  a: {foreach: [x, y, z, u], max_parallel: 2, bash: a}\n")
		w.started(id, "a")
		w.item(id, "a", 0, 3)
		w.item(id, "a", 1, 143)
	}, []string{"task 1 a", "task 1 a[1]", "task 1 a[2]", "run 1"}},
	{"foreach_ended", func(w *world) {
		w.run("name: w\ntasks:\n  a: {foreach: '[1, 2]', expr: {v: item}}\n  b: {after: a, foreach: '[]', bash: b}\n")
	}, []string{"task 1 a", "task 1 a[1]", "task 1 b", "run 1"}},
	{"approval", func(w *world) {
		w.run("name: w\ntasks:\n  ok: {approval: {message: 'deploy ${{ 1 + 1 }}?', timeout: 2h}}\n  go: {after: ok, bash: go}\n")
		w.pass(time.Minute)
	}, []string{"task 1 ok", "task 1 go", "run 1", "event 3"}},
	{"approved", func(w *world) {
		id := w.run("name: w\ntasks:\n  ok: {approval: 'deploy?'}\n  no: {approval: 'really?'}\n  go: {after: ok, bash: go}\n")
		w.decides(id, "ok", freshet.NoItem, true, "fine by me")
		w.decides(id, "no", freshet.NoItem, false, "not today")
	}, []string{"task 1 ok", "task 1 no", "task 1 go", "run 1"}},
	{"unanswered", func(w *world) {
		w.run("name: w\ntasks:\n  ok: {approval: {message: 'deploy?', timeout: 2h}}\n")
		w.pass(2 * time.Hour)
	}, []string{"task 1 ok", "run 1"}},
	{"approval_of_items", func(w *world) {
		id := w.run("name: w\ntasks:\n  ok: {foreach: [x, y], approval: 'deploy ${{ item }}?'}\n  b: {bash: b}\n")
		w.decides(id, "ok", 0, true, "")
	}, []string{"task 1 ok", "task 1 ok[0]", "task 1 ok[1]", "run 1"}},
	{"call", func(w *world) {
		w.upload("name: inner\ntasks: {i: {bash: i}, ok: {approval: 'go on?'}}\n")
		w.run("name: outer\ntasks:\n  c: {workflow: inner}\n  d: {after: c, bash: d}\n")
	}, []string{"task 1 c", "task 1 d", "run 1", "run 2", "task 2 i"}},
	{"called", func(w *world) {
		w.upload("name: inner\ntasks: {i: {bash: i}}\n")
		w.run("name: outer\ntasks:\n  c: {workflow: inner}\n  d: {after: c, bash: d}\n")
		w.exit(2, "i", 3)
	}, []string{"task 1 c", "run 1", "run 2"}},
	{"call_stopped", func(w *world) {
		w.upload("name: inner\ntasks: {i: {bash: i}}\n")
		id := w.run("name: outer\ntasks:\n  c: {workflow: inner}\n")
		w.started(2, "i")
		w.stop(id)
	}, []string{"task 1 c", "run 1", "run 2"}},
	{"call_refused", func(w *world) {
		w.run("name: outer\ntasks:\n  c: {workflow: nothing}\n")
	}, []string{"task 1 c", "run 1"}},
}
