package simtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/why"
)

// What a run that is kept was started by is kept with it, all parts of it, and
// goes with it.
func TestWhyOfAKeptRun(t *testing.T) {
	const source = `
name: both
retention: 240h
on:
  - all: [{event: a}, {event: b}]
tasks: {t: {expr: {n: "1"}}}
`
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		ctx := context.Background()
		for _, key := range []string{"a", "other", "b"} {
			must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: key}))
			time.Sleep(time.Minute)
		}
		told := func() string {
			e := must[freshet.Explanation](t)(why.New(w.Disk.Store, func() (int64, int64) { return 0, 4 }).Run(ctx, 1))
			return fmt.Sprintf("%+v", e)
		}
		before := told()
		time.Sleep(5 * time.Hour)
		must[freshet.EventResult](t)(w.Send(freshet.EventRequest{Key: "other"}))
		for range 2 {
			must[store.Swept](t)(w.Sweep(ctx, time.Hour))
		}
		if after := told(); after != before {
			t.Errorf("why of a run that is kept was\n%s\nand is\n%s", before, after)
		}
		if rows := must[store.Size](t)(w.Disk.Size(ctx)).Rows; strings.Contains(before, "not kept") || rows["journal"] != 6 || rows["contributions"] != 1 {
			t.Errorf("kept: %v", rows) // both events, what was about the run, and the newest
		}
		time.Sleep(300 * time.Hour)
		for range 2 {
			must[store.Swept](t)(w.Sweep(ctx, time.Hour))
		}
		rows := must[store.Size](t)(w.Disk.Size(ctx)).Rows
		for _, table := range []string{"runs", "contributions", "ledger"} {
			if rows[table] != 0 {
				t.Errorf("%d rows are left in %s", rows[table], table)
			}
		}
	})
}

// together lets the engine decide what some calls ask for in one transaction,
// in their order.
func (w *World) together(calls ...func() error) {
	w.Disk.Plan(0, Slow)
	calls = append([]func() error{func() error {
		_, err := w.Send(freshet.EventRequest{Key: "nobody"})
		return err
	}}, calls...)
	for i, call := range calls {
		go func() {
			if err := call(); err != nil {
				w.T.Errorf("call %d: %v", i, err)
			}
		}()
		synctest.Wait()
	}
	time.Sleep(time.Second)
	w.Settle()
}

// A workflow that is deleted, uploaded again and started in one transaction:
// only the runs of the deleted one go.
func TestDeletedAndStartedAtOnce(t *testing.T) {
	const source = "name: short\ntasks: {t: {expr: {n: \"1\"}}}\n"
	inWorld(t, 4, source, func(t *testing.T, w *World) {
		ctx := context.Background()
		must[int64](t)(w.Start("short", "", nil))
		w.Settle()
		w.together(func() error { return w.Inbox.DeleteWorkflow(ctx, freshet.DefaultNamespace, "short") },
			func() error { return w.Upload("w.yaml", source) },
			func() error { _, err := w.Start("short", "", nil); return err })
		must[store.Swept](t)(w.Sweep(ctx, 240*time.Hour))
		left := must[[]freshet.Run](t)(w.Runs())
		if len(left) != 1 || left[0].ID != 2 {
			t.Errorf("what is left: %+v", left)
		}
		must[int64](t)(w.Start("short", "", nil))
		if n := must[store.Size](t)(w.Disk.Size(ctx)).Rows["versions"]; n != 1 {
			t.Errorf("%d versions", n)
		}
	})
}

// A workflow, or a namespace, that is changed and deleted in one transaction is
// not there after a crash.
func TestChangedAndDeletedAtOnce(t *testing.T) {
	inWorld(t, 4, "name: short\ntasks: {t: {expr: {n: \"1\"}}}\n", func(t *testing.T, w *World) {
		ctx := context.Background()
		if err := w.Inbox.AddNamespace(ctx, "lab", nil); err != nil {
			t.Fatal(err)
		}
		w.together(func() error { return w.Upload("w.yaml", "name: short\ntasks: {t: {expr: {n: \"2\"}}}\n") },
			func() error { return w.Inbox.DeleteWorkflow(ctx, freshet.DefaultNamespace, "short") },
			func() error { return w.Inbox.UpdateNamespace(ctx, "lab", map[string]any{"x": "1"}) },
			func() error { return w.Inbox.DeleteNamespace(ctx, "lab") })
		w.Crash()
		if list := must[[]freshet.Workflow](t)(w.Disk.Workflows(ctx, store.WorkflowFilter{})); len(list) != 0 {
			t.Errorf("there are workflows: %+v", list)
		}
		if list := must[[]freshet.Namespace](t)(w.Disk.Namespaces(ctx, "")); len(list) != 1 {
			t.Errorf("there are namespaces: %+v", list)
		}
	})
}
