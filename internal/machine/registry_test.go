package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// office is a namespace's registry with the entries that it decides.
type office struct {
	t      *testing.T
	w      *spec.Workflow
	g      *Registry
	offset int64
	run    int64
}

func newOffice(t *testing.T, concurrency string) *office {
	o := &office{t: t, w: parse(t, concurrency+"\ntasks: {a: {bash: \"true\"}}"), g: NewRegistry("default")}
	o.decide(Entry{Kind: Upload, Body: Body{Upload: []Uploaded{{Name: "test", Version: "1"}}}})
	return o
}

// fixed has one workflow, whatever the version.
type fixed struct{ w *spec.Workflow }

func (f fixed) Workflow(string, string) (*spec.Workflow, error) { return f.w, nil }

func (f fixed) Trigger(t *TriggerRow, _ string) (*spec.Trigger, error) {
	if t.Source == freshet.FromFile {
		return f.w.On[t.Index], nil
	}
	on, diags := spec.ParseTrigger([]byte(t.Text), f.w)
	return on, diags.Err()
}

func (o *office) decide(e Entry) *Decision {
	o.t.Helper()
	o.offset++
	e.Offset, e.Namespace, e.Time = o.offset, "default", epoch
	before := asJSON(o.t, o.g)
	d := StepRegistry(fixed{o.w}, o.g, &e, nil)
	if a, b := asJSON(o.t, d), asJSON(o.t, StepRegistry(fixed{o.w}, o.g, &e, nil)); a != b {
		o.t.Fatalf("StepRegistry twice differs:\n%s\n%s", a, b)
	}
	if asJSON(o.t, o.g) != before {
		o.t.Fatalf("StepRegistry has changed the state")
	}
	if d.Refused == nil {
		ApplyRegistry(o.g, d)
	}
	return d
}

// start asks for a run and says what became of it.
func (o *office) start() string {
	o.run++
	d := o.decide(Entry{Kind: StartRun, Run: o.run, Body: Body{Start: &RunStart{Workflow: "test", Version: "1"}}})
	if d.Refused != nil {
		return fmt.Sprintf("%s: %s", d.Refused.Code, d.Refused.Message)
	}
	return strings.Join(append([]string{string(d.NewRuns[0].Status)}, sent(d)...), ", ")
}

func (o *office) end(run int64) string {
	return strings.Join(sent(o.decide(Entry{Kind: RunEnded, Run: run, Body: Body{Status: freshet.Success, Workflow: "test"}})), ", ")
}

// sent are a decision's entries, as `kind run`.
func sent(d *Decision) []string {
	var list []string
	for _, e := range d.Emit {
		list = append(list, fmt.Sprintf("%s %d", e.Kind, e.Run))
	}
	return list
}

func (o *office) expect(got, want string) {
	o.t.Helper()
	if got != want {
		o.t.Errorf("got %q, want %q (%+v)", got, want, o.g.Flows["test"])
	}
}

func TestConcurrency(t *testing.T) {
	t.Run("none unless said", func(t *testing.T) {
		o := newOffice(t, "")
		for range 5 {
			o.expect(o.start(), "running")
		}
		o.expect(o.end(3), "")
	})
	t.Run("a number queues, oldest first, up to 100", func(t *testing.T) {
		o := newOffice(t, "concurrency: 2")
		o.expect(o.start(), "running")
		o.expect(o.start(), "running")
		for range 100 {
			o.expect(o.start(), "queued")
		}
		o.expect(o.start(), "conflict: default.test has 2 runs alive and 100 waiting, which is all that its concurrency allows")
		o.expect(o.end(2), "run_admitted 3")
		o.expect(o.start(), "queued")
		o.expect(o.end(4), "") // stopped while it waited: no place is freed
		o.expect(o.end(1), "run_admitted 5")
	})
	t.Run("no run overtakes those that wait", func(t *testing.T) {
		o := newOffice(t, "concurrency: 1")
		o.start()
		o.start()
		o.expect(o.end(1), "run_admitted 2")
		o.expect(o.start(), "queued")
	})
	t.Run("skip makes no run", func(t *testing.T) {
		o := newOffice(t, "concurrency: {limit: 1, overlap: skip}")
		o.expect(o.start(), "running")
		o.expect(o.start(), "conflict: default.test already has 1 of 1 runs alive, and its overlap is skip")
		o.expect(o.end(1), "")
		o.expect(o.start(), "running")
	})
	t.Run("stop_oldest makes room, and asks nobody twice", func(t *testing.T) {
		o := newOffice(t, "concurrency: {limit: 2, overlap: stop_oldest}")
		o.expect(o.start(), "running")
		o.expect(o.start(), "running")
		o.expect(o.start(), "queued, run_stop 1")
		o.expect(o.start(), "queued, run_stop 2")
		o.expect(o.start(), "queued, run_stop 3")
		o.expect(o.end(3), "")
		o.expect(o.end(2), "run_admitted 4")
		o.expect(o.end(1), "run_admitted 5")
		o.expect(o.start(), "queued, run_stop 4")
	})
	t.Run("the bound of the queue", func(t *testing.T) {
		o := newOffice(t, "concurrency: {limit: 1, queue: 1}")
		o.expect(o.start(), "running")
		o.expect(o.start(), "queued")
		o.expect(o.start(), "conflict: default.test has 1 run alive and 1 waiting, which is all that its concurrency allows")
	})
	t.Run("no new run overtakes those that wait, though there is room", func(t *testing.T) {
		o := newOffice(t, "concurrency: 1")
		o.start()
		o.start()
		o.w = parse(t, "concurrency: 3\ntasks: {a: {bash: \"true\"}}")
		o.expect(o.start(), "queued")
		o.expect(o.end(1), "run_admitted 2, run_admitted 3")
	})
	t.Run("a raised limit admits all that fit when the next one ends", func(t *testing.T) {
		o := newOffice(t, "concurrency: 1")
		for range 5 {
			o.start()
		}
		o.w = parse(t, "concurrency: 3\ntasks: {a: {bash: \"true\"}}")
		o.expect(o.end(1), "run_admitted 2, run_admitted 3, run_admitted 4")
		o.w = parse(t, "tasks: {a: {bash: \"true\"}}")
		o.expect(o.end(2), "run_admitted 5")
	})
}

// What a registry holds is what the runs' rows say, whatever has happened.
func TestRegistryHold(t *testing.T) {
	o := newOffice(t, "concurrency: 2")
	for range 4 {
		o.start()
	}
	o.end(1)
	loaded := NewRegistry("default")
	loaded.Row = o.g.Row
	loaded.Flows["test"] = &Flow{WorkflowRow: o.g.Flows["test"].WorkflowRow}
	for id, status := range []freshet.Status{2: freshet.Running, 3: freshet.Queued, 4: freshet.Queued} {
		if id > 1 {
			loaded.Hold(RunRow{ID: int64(id), Workflow: "test", Status: status}, false)
		}
	}
	loaded.Admit("test", 3) // decided, and the run has not been told
	if diff := cmp.Diff(loaded, o.g, cmpopts.EquateEmpty(), cmp.AllowUnexported(Registry{})); diff != "" {
		t.Error(diff)
	}
}

func TestUpload(t *testing.T) {
	o := newOffice(t, "")
	d := o.decide(Entry{Kind: Upload, Body: Body{Upload: []Uploaded{{Name: "test", Version: "1"}, {Name: "other", Version: "7"}}}})
	reply := d.Reply.(UploadReply)
	if reply[0].Changed || !reply[1].Changed || len(d.Workflows) != 1 || len(d.Versions) != 1 {
		t.Errorf("an unchanged workflow is uploaded again: %s", asJSON(t, d))
	}
	o.g.Flows["test"].Enabled = false
	created := o.g.Flows["test"].CreatedAt
	o.decide(Entry{Kind: Upload, Body: Body{Upload: []Uploaded{{Name: "test", Version: "2"}}}})
	f := o.g.Flows["test"]
	if f.Version != "2" || f.Enabled || !f.CreatedAt.Equal(created) {
		t.Errorf("a new version keeps when it was created and that it is disabled: %+v", f.WorkflowRow)
	}
	d = o.decide(Entry{Kind: StartRun, Run: 9, Body: Body{Start: &RunStart{Workflow: "nobody"}}})
	if d.Refused == nil || d.Refused.Code != freshet.NotFound {
		t.Errorf("a start of an unknown workflow: %v", d.Refused)
	}
	if !slices.Equal(sent(d), nil) || len(d.NewRuns) != 0 {
		t.Errorf("a refused start does something: %s", asJSON(t, d))
	}
}
