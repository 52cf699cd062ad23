package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// ends reports the end of a run's last process, and waits for that of the run.
func (w *world) ends(s engine.Start, exit int) {
	w.t.Helper()
	w.report(s, machine.Ended, exit)
	if _, err := w.client.WaitRun(w.t.Context(), s.Execution.Key.Run); err != nil {
		w.t.Fatal(err)
	}
}

// TestRerunOfTriggered: what a trigger had told a run is told to each that
// repeats it.
func TestRerunOfTriggered(t *testing.T) {
	w := newWorld(t)
	w.upload("name: w\ntasks: {a: {bash: x, env: {V: '${{ event.value }}', M: '${{ run.missing.join(\",\") }}'}}}")
	flow, err := w.client.Workflow(t.Context(), "default", "w")
	if err != nil {
		t.Fatal(err)
	}
	sent, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "x", Value: "1"})
	if err != nil {
		t.Fatal(err)
	}
	event, err := w.Store.Event(t.Context(), "default", sent.Offset)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.Submit(t.Context(), machine.Entry{Namespace: "default", Kind: machine.StartRun, Event: event,
		Body: machine.Body{Start: &machine.RunStart{Workflow: "w", Version: flow.Version, Type: freshet.ByEvent, Missing: []string{"event y"}}}}); err != nil {
		t.Fatal(err)
	}
	first := w.next()
	w.ends(first, 1)
	for _, r := range []freshet.RerunRequest{{}, {FromFailed: true}} {
		if _, err := w.client.Rerun(t.Context(), first.Execution.Key.Run, r); err != nil {
			t.Fatal(err)
		}
		again := w.next()
		if diff := cmp.Diff(first.Execution.Call.Env, again.Execution.Call.Env); diff != "" {
			t.Errorf("%+v (-first +again):\n%s", r, diff)
		}
		w.ends(again, 0)
	}
}

// TestRerunWithEventGone: what starts again has those of its events that are
// still kept.
func TestRerunWithEventGone(t *testing.T) {
	w := newWorld(t)
	w.upload("name: w\ntasks: {t: {start: {all: [{event: a}, {event: b}], busy: ignore}, bash: x, env: {K: '${{ events.map(k, k).join(\",\") }}'}}}")
	w.run("w")
	send := func(key string) int64 {
		t.Helper()
		sent, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return sent.Offset
	}
	a := send("a")
	send("b")
	s := w.next()
	w.ends(s, 1)
	keys := func(want string) {
		t.Helper()
		if _, err := w.client.Rerun(t.Context(), s.Execution.Key.Run, freshet.RerunRequest{FromFailed: true}); err != nil {
			t.Fatal(err)
		}
		again := w.next()
		if got := again.Execution.Call.Env[0][1]; got != want {
			t.Errorf("it has the events %q, want %q", got, want)
		}
		w.ends(again, 0)
	}
	keys("a,b")
	done, err := w.Engine.Sweep(t.Context(), store.Sweep{Ledger: []store.LedgerKey{{Offset: a, Run: s.Execution.Key.Run}}, Entries: []int64{a}})
	if err != nil || done.Entries != 1 {
		t.Fatalf("%+v: %v", done, err)
	}
	keys("b")
}
