package engine

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// TestCallPanics: a task hears of it when the start of the run that it calls
// meets a fault of ours. The fault is a version that has lost its workflow.
func TestCallPanics(t *testing.T) {
	ctx := t.Context()
	st, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "freshet.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	snap, err := st.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	now := freshet.Time(time.Unix(1e9, 0))
	b := &store.Batch{Leader: snap.Leader, Cursor: store.Cursor{NextRun: 1, Time: now}}
	for name, tasks := range map[string]string{"caller": "{call: {workflow: callee}}", "callee": "{t: {expr: {x: 1}}}"} {
		b.Versions = append(b.Versions, machine.VersionRow{Namespace: "default", Name: name, Version: name, Source: "name: " + name + "\ntasks: " + tasks, CreatedAt: now})
		b.Workflows = append(b.Workflows, machine.WorkflowRow{Namespace: "default", Name: name, Version: name, Enabled: true, CreatedAt: now, UpdatedAt: now})
	}
	if err := st.Commit(ctx, b); err != nil {
		t.Fatal(err)
	}
	e := New(Config{Store: st, Slots: 1, Release: func(Effects) {}})
	if err := e.load(ctx); err != nil {
		t.Fatal(err)
	}
	id := versionID{"default", "callee", "callee"}
	e.versions[id] = &version{id: id}
	start := &submission{entries: []machine.Entry{{Namespace: "default", Kind: machine.StartRun,
		Body: machine.Body{Start: &machine.RunStart{Workflow: "caller", Version: "caller", Type: freshet.Manual}}}},
		replies: make([]Reply, 1), answered: make([]bool, 1), open: 1, done: make(chan struct{})}
	if _, err := e.turn(ctx, []*submission{start}); err != nil || start.replies[0].Err != nil {
		t.Fatal(err, start.replies[0].Err)
	}
	r, err := st.Run(ctx, start.replies[0].Run)
	if err != nil || r.Status != freshet.Failed || r.Code != freshet.CodeStartFailed || !strings.Contains(r.Reason, "a fault of Freshet") {
		t.Errorf("the caller is %+v, %v", r, err)
	}
	list, err := st.Invariants(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		for _, what := range i.Broken {
			t.Errorf("%s: %s", i.Name, what)
		}
	}
}
