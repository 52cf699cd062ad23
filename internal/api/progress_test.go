package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/progress"
)

// lateBoard is a board to which something comes just after something else.
type lateBoard struct {
	*progress.Board
	before func()
}

func (l lateBoard) Set(k freshet.Key, p freshet.Progress) {
	l.before()
	l.Board.Set(k, p)
}

// TestProgressThatComesTooLate: a value that comes while its task ends, after
// its token was looked at, does not stay.
func TestProgressThatComesTooLate(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	run := w.run("two")
	s := w.next()
	w.report(s, machine.Started, 0)
	board := progress.New()
	ends := func(engine.Start) {}
	w.API.Progress = lateBoard{board, func() { ends(s) }}
	task := w.as(w.Issuer.Issue(s.Execution.Key, s.Execution.Epoch, "default"))
	set := func() {
		if err := task.SetProgress(t.Context(), run.ID, freshet.Progress{Done: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if set(); board.Len() != 1 {
		t.Errorf("%d values while it runs", board.Len())
	}
	ends = func(s engine.Start) {
		w.report(s, machine.Ended, 0)
		board.Forget([]freshet.Key{s.Execution.Key})
	}
	if set(); board.Len() != 0 {
		t.Errorf("%d values after its end", board.Len())
	}
}

func TestProgress(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	s := w.next()
	w.report(s, machine.Started, 0)
	task := w.as(w.Issuer.Issue(s.Execution.Key, s.Execution.Epoch, "default"))

	shown := func() *freshet.Progress {
		t.Helper()
		list, err := w.client.Tasks(ctx, run.ID, 0)
		one, errOne := w.client.Task(ctx, run.ID, s.Execution.Key.Task)
		if err != nil || errOne != nil || !cmp.Equal(list[0].Progress, one[0].Progress) {
			t.Fatalf("%v %v, %v %v", list[0].Progress, err, one[0].Progress, errOne)
		}
		return list[0].Progress
	}
	if p := shown(); p != nil {
		t.Errorf("before it has told: %v", p)
	}
	for _, p := range []freshet.Progress{{Done: 1, Total: 3, Text: "loading"}, {Done: 3, Total: 3}, {Done: 12}} {
		if err := task.SetProgress(ctx, run.ID, p); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&p, shown()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	if err := task.SetProgress(ctx, run.ID, freshet.Progress{Done: 1, Text: strings.Repeat("é", 200)}); err != nil || shown().Text != strings.Repeat("é", 100) {
		t.Errorf("a long text: %v, %q", err, shown().Text)
	}
	for name, p := range map[string]freshet.Progress{"negative": {Done: -1}, "too far": {Done: 4, Total: 3}} {
		if err := task.SetProgress(ctx, run.ID, p); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.client.SetProgress(ctx, run.ID, freshet.Progress{Done: 1}); freshet.CodeOf(err) != freshet.Forbidden {
		t.Errorf("a person: %v", err)
	}
	w.report(s, machine.Ended, 0)
	if p := shown(); p != nil {
		t.Errorf("after its end: %v", p)
	}
	if err := task.SetProgress(ctx, run.ID, freshet.Progress{Done: 1}); freshet.CodeOf(err) != freshet.Unauthed {
		t.Errorf("after its end: %v", err)
	}
}
