package storetest

import (
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Of a task's tries those are listed that have left artifacts, and a run that
// is loaded has them.
func artifacts(t *testing.T, open Opener) {
	s := lead(t, open)
	file := func(path string) freshet.Artifact {
		return freshet.Artifact{Path: path, Dir: "sub", Size: 1 << 40, SHA256: "aa", Mode: 0o640, ModifiedAt: at(1)}
	}
	b := store.Batch{Runs: []machine.RunRow{run(1, "default", "w", nil), run(2, "default", "w", nil)}}
	left := func(x *machine.Execution, paths ...string) {
		for _, p := range paths {
			x.Artifacts = append(x.Artifacts, file(p))
		}
		b.Executions = append(b.Executions, x)
	}
	left(execution(1, "a", 1, 1, freshet.Failed), "x")
	left(execution(1, "a", 1, 2, freshet.Success), "x", "ü/\n<y>")
	left(execution(1, "a", 2, 1, freshet.Success))
	left(execution(1, "b", 1, 1, freshet.Success), "other task")
	left(execution(2, "a", 1, 1, freshet.Success), "other run")
	for i := range 3 {
		x := execution(1, "a", 3, 1, freshet.Success)
		x.Key.Item = i
		left(x, "of items")
	}
	s.commit(&b)
	s.crash()
	two := 2
	for what, c := range map[string]struct {
		filter store.ExecutionFilter
		want   []*machine.Execution
	}{
		"of a task":  {store.ExecutionFilter{Run: 1, Task: "a"}, []*machine.Execution{b.Executions[0], b.Executions[1], b.Executions[5], b.Executions[6], b.Executions[7]}},
		"of a start": {store.ExecutionFilter{Run: 1, Task: "a", Seq: 1}, b.Executions[:2]},
		"of none":    {store.ExecutionFilter{Run: 1, Task: "a", Seq: 2}, nil},
		"of an item": {store.ExecutionFilter{Run: 1, Task: "a", Item: &two}, b.Executions[7:]},
	} {
		found := must[[]freshet.Execution](t)(s.Artifacts(t.Context(), c.filter))
		got, want := []any{}, []any{}
		for _, x := range found {
			got = append(got, x.Task, x.Seq, x.Try, x.Artifacts)
		}
		for _, x := range c.want {
			want = append(want, x.Key.Task, x.Key.Seq, x.Key.Try, x.Artifacts)
		}
		same(t, what, got, want)
	}
	r := must[*store.RunSnapshot](t)(s.LoadRun(t.Context(), 2))
	same(t, "a run that is loaded", r.Held[0].Artifacts, b.Executions[4].Artifacts)
}
