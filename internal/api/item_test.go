package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
)

// TestItems asks for items of a foreach wherever a task can be named.
func TestItems(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload("name: each\ntasks:\n  load: {foreach: [x, y, z], max_parallel: 2, fail_fast: false, bash: run}\n  last: {after: load, bash: run}\n")
	run := w.run("each")
	first, second := w.next(), w.next()
	for _, s := range []engine.Start{first, second} {
		w.report(s, machine.Started, 0)
		w.write(s, fmt.Sprintf("item %d\n", s.Execution.Key.Item))
	}
	shown := func(limit int, status ...freshet.Status) []string {
		t.Helper()
		list, err := w.client.Tasks(ctx, run.ID, limit, status...)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, x := range list {
			lines = append(lines, nameOf(&x)+" "+string(x.Status))
		}
		return lines
	}
	same := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s", what, cmp.Diff(want, got))
		}
	}
	same("all", shown(0), "load running", "load[0] running", "load[1] running", "last waiting")
	w.report(second, machine.Ended, 3)
	w.report(w.next(), machine.Started, 0)
	same("more", shown(0), "load running", "load[0] running", "load[1] failed", "load[2] running", "last waiting")
	same("the task and what changed last", shown(2), "load running", "load[2] running")
	same("by status", shown(0, freshet.Failed), "load[1] failed")
	same("that wait", shown(0, freshet.Waiting), "last waiting")

	tries, err := w.client.Task(ctx, run.ID, "load[1]")
	if err != nil || len(tries) != 1 || nameOf(&tries[0]) != "load[1]" || *tries[0].ExitCode != 3 {
		t.Errorf("one item: %+v %v", tries, err)
	}
	if tries, err := w.client.Task(ctx, run.ID, "load"); err != nil || len(tries) != 4 {
		t.Errorf("the task with its items: %+v %v", tries, err)
	}
	for name, want := range map[string]string{"load[0]": "item 0\n", "load[1]": "item 1\n"} {
		if p, err := w.client.Log(ctx, run.ID, name, client.LogQuery{}); err != nil || string(p.Data) != want {
			t.Errorf("log of %s: %q %v", name, p.Data, err)
		}
	}
	if e, err := w.client.WhyTask(ctx, run.ID, "load[1]"); err != nil || !strings.Contains(e.Summary, "load[1]") || !strings.Contains(e.Summary, "exit code 3") {
		t.Errorf("why of an item: %+v %v", e, err)
	}
	_, log := w.client.Log(ctx, run.ID, "load", client.LogQuery{})
	_, beyond := w.client.Task(ctx, run.ID, "load[7]")
	_, none := w.client.Task(ctx, run.ID, "last[0]")
	_, odd := w.client.Task(ctx, run.ID, "load[x]")
	_, stop := w.client.StopTask(ctx, run.ID, "load[0]")
	_, restart := w.client.RestartTask(ctx, run.ID, "load[0]")
	_, why := w.client.WhyTask(ctx, run.ID, "last[0]")
	for _, c := range []struct {
		err   error
		code  freshet.ErrorCode
		words string
	}{
		{log, freshet.Conflict, "a log for each of its items"}, {beyond, freshet.NotFound, "has no item 7"},
		{none, freshet.NotFound, "has no items"}, {odd, freshet.Invalid, "neither a task nor an item"}, {why, freshet.NotFound, "has no items"},
		{stop, freshet.Conflict, "cannot be told to stop"}, {restart, freshet.Conflict, "cannot be told to restart"},
	} {
		if freshet.CodeOf(c.err) != c.code || !strings.Contains(fmt.Sprint(c.err), c.words) {
			t.Errorf("got %v, want %s", c.err, c.words)
		}
	}
	if r, err := w.client.StopTask(ctx, run.ID, "load"); err != nil || r.Seq != 1 {
		t.Errorf("stop of the whole: %+v %v", r, err)
	}
}

// TestAnswers answers approvals, of a task and of items.
func TestAnswers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload("name: ask\ntasks:\n  one: {approval: 'deploy?'}\n  each: {foreach: [x, y], fail_fast: false, approval: 'deploy ${{ item }}?'}\n")
	run := w.run("ask")
	for _, c := range []struct {
		task, words string
	}{{"each", "asks once for each item"}, {"one[0]", "has no items"}, {"each[9]", "each[9] does not wait"}} {
		if _, err := w.client.AnswerTask(ctx, run.ID, c.task, true, ""); freshet.CodeOf(err) != freshet.Conflict || !strings.Contains(err.Error(), c.words) {
			t.Errorf("answer of %s: %v", c.task, err)
		}
	}
	for _, c := range []struct {
		task     string
		approved bool
	}{{"one", true}, {"each[1]", false}, {"each[0]", true}} {
		if r, err := w.client.AnswerTask(ctx, run.ID, c.task, c.approved, "seen"); err != nil || r.Task != c.task || r.Seq != 1 {
			t.Errorf("answer of %s: %+v %v", c.task, r, err)
		}
	}
	ended, err := w.client.WaitRun(ctx, run.ID)
	if err != nil || ended.Status != freshet.Failed || !strings.Contains(ended.Reason, "item 1: rejected: seen") {
		t.Errorf("ended: %+v %v", ended, err)
	}
}

// TestCalls: the run that a task has called is known on both sides.
func TestCalls(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload("name: outer\ntasks: {call: {workflow: inner}}\n---\nname: inner\ntasks: {a: {expr: {x: 1}}}\n")
	run, err := w.client.WaitRun(ctx, w.run("outer").ID)
	if err != nil || run.Status != freshet.Success {
		t.Fatalf("%+v %v", run, err)
	}
	tries, err := w.client.Task(ctx, run.ID, "call")
	if err != nil || len(tries) != 1 || tries[0].ChildRun == 0 {
		t.Fatalf("%+v %v", tries, err)
	}
	if child, err := w.client.Run(ctx, tries[0].ChildRun); err != nil || child.Parent != run.ID || child.Type != freshet.ByWorkflow {
		t.Errorf("%+v %v", child, err)
	}
}

func nameOf(x *freshet.Execution) string {
	if x.Item == nil {
		return x.Task
	}
	return freshet.TaskName(x.Task, *x.Item)
}
