package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/janitor"
)

// swept lets what is older than a moment go.
func (w *world) swept() {
	w.t.Helper()
	j := janitor.New(janitor.Config{Store: w.Store, Engine: w.Engine, Retention: func() time.Duration { return time.Microsecond }})
	if _, err := j.Pass(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// Where a part of the journal has been removed, a reader that had come to it is
// told, and gets what is kept; one that wants the beginning gets what there is.
func TestFeedOfASweptJournal(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		if _, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	w.swept()
	if err := w.Restart(); err != nil { // what has been published lately is still in memory
		t.Fatal(err)
	}
	if _, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "e"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    client.FeedQuery
		want []string
	}{
		{client.FeedQuery{From: client.FromStart}, []string{"4 event d", "5 event e"}},
		{client.FeedQuery{From: feed.Cursor(1)}, []string{"3 reset", "4 event d", "5 event e"}},
		{client.FeedQuery{From: feed.Cursor(3)}, []string{"4 event d", "5 event e"}},
		{client.FeedQuery{From: feed.Cursor(4)}, []string{"5 event e"}},
	} {
		if got := listen(w, c.q, len(c.want)); !cmp.Equal(got, c.want) {
			t.Errorf("%+v: %s", c.q, cmp.Diff(c.want, got))
		}
	}
}

// An event id is one for as long as the event is kept.
func TestAnIDThatIsNotKept(t *testing.T) {
	w := newWorld(t)
	send := func(key string) freshet.EventResult {
		r, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: key, ID: "one"})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := send("k")
	if again := send("k"); !again.Known || again.Offset != first.Offset {
		t.Errorf("again: %+v", again)
	}
	if _, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "newer"}); err != nil {
		t.Fatal(err)
	}
	w.swept()
	if after := send("k"); after.Known || after.Offset <= first.Offset {
		t.Errorf("after it has gone: %+v", after)
	}
}

// So is the key of a start, for as long as its run is kept.
func TestAStartThatIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.upload("name: done\ntasks: {t: {expr: {n: \"1\"}}}\n")
	start := func() int64 {
		resp := w.call("POST", "/api/v1/namespaces/default/workflows/done/runs", func(r *http.Request) {
			r.Header.Set("Idempotency-Key", "one")
		})
		var run freshet.Run
		if err := json.NewDecoder(resp.Body).Decode(&run); err != nil || run.ID == 0 {
			t.Fatalf("%s: %v", resp.Status, err)
		}
		if _, err := w.client.WaitRun(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
		return run.ID
	}
	first := start()
	if again := start(); again != first {
		t.Errorf("again: run %d, not %d", again, first)
	}
	if err := w.client.DeleteRun(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := start()
	w.swept()
	if third := start(); second == first || third == second {
		t.Errorf("runs %d, %d after it was deleted, %d after that was removed", first, second, third)
	}
}

func TestDeleteRun(t *testing.T) {
	w := newWorld(t)
	w.upload("name: done\ntasks: {t: {expr: {n: \"1\"}}}\n---\nname: waits\ntasks: {t: {approval: {message: go}}}\n---\n" +
		"name: calls\ntasks:\n  inner: {workflow: done}\n  then: {after: inner, approval: {message: go}}\n")
	done, waits, calls := w.run("done"), w.run("waits"), w.run("calls")
	if _, err := w.client.WaitRun(t.Context(), done.ID); err != nil {
		t.Fatal(err)
	}
	called := calls.ID + 1
	if _, err := w.client.WaitRun(t.Context(), called); err != nil {
		t.Fatal(err)
	}
	refused := func(id int64, want freshet.ErrorCode) {
		t.Helper()
		if err := w.client.DeleteRun(t.Context(), id); freshet.CodeOf(err) != want {
			t.Errorf("delete run %d: %v, want %s", id, err, want)
		}
	}
	refused(waits.ID, freshet.Conflict)
	refused(called, freshet.Conflict) // the run that called it is alive
	refused(99, freshet.NotFound)
	if err := w.client.DeleteRun(t.Context(), done.ID); err != nil {
		t.Fatal(err)
	}
	refused(done.ID, freshet.NotFound)
	if _, err := w.client.Run(t.Context(), done.ID); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("the run: %v", err)
	}
	if _, err := w.client.Rerun(t.Context(), done.ID, freshet.RerunRequest{}); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("rerun: %v", err)
	}
	if _, err := w.client.StopRun(t.Context(), calls.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.WaitRun(t.Context(), calls.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.client.DeleteRun(t.Context(), calls.ID); err != nil {
		t.Fatal(err)
	}
	// What it called shows that it was called by a run that is no more.
	if r, err := w.client.Run(t.Context(), called); err != nil || r.Parent != calls.ID {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := w.client.WhyRun(t.Context(), called); err != nil {
		t.Errorf("why: %v", err)
	}
	if err := w.client.DeleteWorkflow(t.Context(), "default", "waits"); freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("delete a workflow with a run that is alive: %v", err)
	}
	if err := w.client.DeleteWorkflow(t.Context(), "default", "done"); err != nil {
		t.Fatal(err)
	}
	w.swept()
	page, err := w.client.Runs(t.Context(), client.RunQuery{})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != waits.ID {
		t.Errorf("what is left: %+v, %v", page.Items, err)
	}
}
