package why_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store/sqlite"
	"github.com/freshet/freshet/internal/why"
)

// world is a real engine on a real store, in virtual time. Processes are what
// a test says of them.
type world struct {
	t      rapid.TB
	ctx    context.Context
	store  *sqlite.Store
	engine *engine.Engine
	why    *why.Explainer
	starts map[freshet.Key]int64 // claimed and not ended: epoch
	settle func()                // waits until nothing happens any more
	start  func()                // lets a server come up
	down   func()                // and go down
	texts  int
	mark   int64 // newest entry that was looked at
}

// inWorld runs a test in a world of its own.
func inWorld(t *testing.T, slots int, f func(w *world)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "freshet.db")
	synctest.Test(t, func(t *testing.T) { live(t, path, slots, func() { synctest.Wait() }, f) })
}

// inBench is inWorld in real time.
func inBench(b *testing.B, f func(w *world)) {
	b.Helper()
	live(b, filepath.Join(b.TempDir(), "freshet.db"), 2, func() {}, f)
}

func live(t testing.TB, path string, slots int, settle func(), f func(w *world)) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	w := &world{t: t, ctx: ctx, store: s, starts: map[freshet.Key]int64{}, settle: settle}
	w.why = why.New(s, func() (int64, int64) { st := w.engine.Stats(); return st.Used, st.Slots })
	w.start = func() { w.up(slots) }
	w.start()
	defer func() {
		w.down()
		cancel()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	f(w)
}

// up starts an engine on what is stored.
func (w *world) up(slots int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	w.engine = engine.New(engine.Config{Store: w.store, Slots: slots, Release: w.release})
	done := make(chan error, 1)
	go func() { done <- w.engine.Run(ctx) }()
	w.down = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
	<-w.engine.Ready()
	w.engine.SetHolder(ctx, "node")
}

func (w *world) release(f engine.Effects) {
	for _, s := range f.Starts {
		w.starts[s.Execution.Key] = s.Execution.Epoch
	}
	for _, k := range f.Ended {
		delete(w.starts, k)
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) { time.Sleep(d); w.settle() }

// send submits one entry and returns what became of it.
func (w *world) send(e machine.Entry) engine.Reply {
	w.t.Helper()
	r, err := w.engine.Submit(w.ctx, e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.pass(time.Second)
	return r[0]
}

func (w *world) must(e machine.Entry) engine.Reply {
	w.t.Helper()
	r := w.send(e)
	if r.Err != nil {
		w.t.Fatalf("%s: %v", e.Kind, r.Err)
	}
	return r
}

// upload keeps a workflow and returns its name and version.
func (w *world) upload(source string) (name, version string) {
	w.t.Helper()
	flows, diags := spec.Parse("test.yaml", []byte(source))
	if len(flows) != 1 {
		w.t.Fatalf("%v\n%s", diags, source)
	}
	w.texts++
	u := machine.Uploaded{Name: flows[0].Name, Version: fmt.Sprintf("v%d", w.texts), Source: source}
	for i, on := range flows[0].On {
		row := triggerRow(flows[0].Name, on)
		row.Source, row.Index = freshet.FromFile, i
		u.On = append(u.On, row)
	}
	w.must(machine.Entry{Namespace: "default", Kind: machine.Upload, Body: machine.Body{Upload: []machine.Uploaded{u}}})
	return u.Name, u.Version
}

// triggerRow is what is stored of a trigger.
func triggerRow(workflow string, on *spec.Trigger) machine.TriggerRow {
	catchup := string(on.Catchup.Mode)
	if on.Catchup.Mode == spec.CatchupSpan {
		catchup = on.Catchup.Span.String()
	}
	return machine.TriggerRow{Workflow: workflow, Name: on.Name, Kind: freshet.TriggerKind(on.Kind), Expression: on.Expression,
		Timezone: on.Zone.String(), Catchup: catchup, Hash: on.Hash, Text: on.Text,
		Events: on.Events, Workflows: on.Workflows, Unfiltered: on.Unfiltered}
}

// run uploads a workflow and starts a run of it.
func (w *world) run(source string) int64 {
	w.t.Helper()
	name, version := w.upload(source)
	return w.another(name, version)
}

func (w *world) another(name, version string) int64 {
	w.t.Helper()
	return w.must(machine.Entry{Namespace: "default", Kind: machine.StartRun, Body: machine.Body{
		Start: &machine.RunStart{Workflow: name, Version: version, Type: freshet.Manual}}}).Run
}

// event sends an event: "key", "key value", from outside or from a task of a
// run.
func (w *world) event(text string, run int64, sender string) int64 {
	w.t.Helper()
	key, value, _ := strings.Cut(text, " ")
	return w.must(machine.Entry{Namespace: "default", Kind: machine.EventHappened, Run: run,
		Event: &freshet.Event{Namespace: "default", Key: key, Value: value, Sender: sender}}).Offset
}

// started and exit report of the live process of a task.
func (w *world) started(run int64, task string) {
	w.t.Helper()
	w.report(machine.Started, run, task, 0, "")
}

func (w *world) exit(run int64, task string, code int) {
	w.t.Helper()
	w.report(machine.Ended, run, task, code, "")
}

func (w *world) report(kind machine.Kind, run int64, task string, code int, why freshet.Code) {
	w.t.Helper()
	for k, epoch := range w.starts {
		if k.Run == run && k.Task == task {
			w.must(machine.Entry{Kind: kind, Run: run, Body: machine.Body{Process: &machine.Process{Task: task, Item: k.Item,
				Seq: k.Seq, Try: k.Try, Epoch: epoch, Time: freshet.Time(time.Now()), ExitCode: code, Code: why, Reason: string(why)}}})
			return
		}
	}
	w.t.Fatalf("task %s of run %d has no process", task, run)
}

// ends reports that a process ended in success, with outputs.
func (w *world) ends(run int64, task string, outputs map[string]string) {
	w.t.Helper()
	for k, epoch := range w.starts {
		if k.Run == run && k.Task == task {
			w.must(machine.Entry{Kind: machine.Ended, Run: run, Body: machine.Body{Process: &machine.Process{Task: task, Item: k.Item,
				Seq: k.Seq, Try: k.Try, Epoch: epoch, Time: freshet.Time(time.Now()), Outputs: outputs}}})
			return
		}
	}
	w.t.Fatalf("task %s of run %d has no process", task, run)
}

// command asks something of a task.
func (w *world) command(kind machine.Kind, run int64, task string) {
	w.t.Helper()
	w.must(machine.Entry{Namespace: "default", Kind: kind, Run: run, Body: machine.Body{Task: task}})
}

func (w *world) stop(run int64) {
	w.t.Helper()
	w.must(machine.Entry{Namespace: "default", Kind: machine.StopRun, Run: run,
		Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}}})
}

// text is an explanation as a person reads it.
func text(e freshet.Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", e.Subject)
	if e.Status != "" {
		fmt.Fprintf(&b, ": %s", e.Status)
	}
	fmt.Fprintf(&b, "\n%s\n", e.Summary)
	indent(&b, e.Because, 1)
	return b.String()
}

func indent(b *strings.Builder, list []freshet.Reason, depth int) {
	for _, r := range list {
		fmt.Fprintf(b, "%s- %s", strings.Repeat("  ", depth), r.Text)
		if r.Time != nil {
			fmt.Fprintf(b, " [%s]", r.Time.Format("15:04:05"))
		}
		if r.Due != nil {
			fmt.Fprintf(b, " [due %s]", r.Due.Format("01-02 15:04:05"))
		}
		b.WriteByte('\n')
		indent(b, r.Because, depth+1)
	}
}
