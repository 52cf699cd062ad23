package executortest

import (
	"context"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// patience is how long a report may take on a slow machine. Nothing waits for
// it to pass.
const patience = 30 * time.Second

// world is a server that uses the executor: it can go down and come up again.
type world struct {
	*testing.T
	f    Fixture
	x    executor.Executor
	stop func()
	last int64
}

// up starts a server that believes what is held, and returns what it may
// start.
func (w *world) up(held []executor.Held) []freshet.Key {
	w.Helper()
	w.x = w.f.New()
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() { gone <- w.x.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-gone; err != nil {
			w.Errorf("run: %v", err)
		}
	}
	start, err := w.x.Recover(w.Context(), held)
	if err != nil {
		w.Fatalf("recover: %v", err)
	}
	return start
}

func (w *world) down() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

func (w *world) node() string {
	w.Helper()
	n, err := w.x.Node(w.Context())
	if err != nil {
		w.Fatalf("node: %v", err)
	}
	return n
}

// attempt is the next attempt of run 1, a script for sh.
func (w *world) attempt(script string) executor.Attempt {
	w.Helper()
	w.last++
	return executor.Attempt{
		Key: freshet.Key{Run: 1, Task: "t", Item: freshet.NoItem, Seq: int(w.last), Try: 1}, Epoch: 10 + w.last,
		Node: w.node(), Namespace: "default", Workflow: "w", Args: []string{"sh"}, Script: script,
		Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
	}
}

func (w *world) start(a executor.Attempt) {
	w.Helper()
	if err := w.x.Start(w.Context(), a); err != nil {
		w.Fatalf("start: %v", err)
	}
}

func (w *world) stopIt(a executor.Attempt, grace time.Duration) {
	w.Helper()
	if err := w.x.Stop(w.Context(), a.Key, grace); err != nil {
		w.Fatalf("stop: %v", err)
	}
}

func (w *world) release(as ...executor.Attempt) {
	w.Helper()
	var keys []freshet.Key
	for _, a := range as {
		keys = append(keys, a.Key)
	}
	if err := w.x.Release(w.Context(), keys); err != nil {
		w.Fatalf("release: %v", err)
	}
}

// next is the next report of the attempt; it fails the test if it is of
// another kind. Those of other attempts are dropped.
func (w *world) next(a executor.Attempt, kind executor.ReportKind) executor.Report {
	w.Helper()
	late := time.After(patience)
	for {
		select {
		case r := <-w.x.Reports():
			if r.Key != a.Key {
				continue
			}
			if r.Kind != kind || r.Epoch != a.Epoch || r.Time.IsZero() {
				w.Fatalf("got %+v, want %s of epoch %d", r, kind, a.Epoch)
			}
			return r
		case <-late:
			w.Fatalf("%v: no report %q", a.Key, kind)
		}
	}
}

func (w *world) ended(a executor.Attempt) executor.Report {
	w.Helper()
	w.next(a, executor.Started)
	return w.next(a, executor.Ended)
}

// run runs a script to its end and returns its output `out`.
func (w *world) run(script string) string {
	w.Helper()
	a := w.attempt(script)
	w.start(a)
	r := w.ended(a)
	w.release(a)
	if r.ExitCode != 0 || r.BadOut != "" {
		w.Fatalf("%s: %+v", script, r)
	}
	return r.Outputs["out"]
}

// waitFor returns once an attempt of the run has made the file.
func (w *world) waitFor(file string) {
	w.Helper()
	w.run(`until [ -e "$FRESHET_RUN_DIR/` + file + `" ]; do sleep 0.005; done`)
}

// count is how many lines the file in the run's directory has.
func (w *world) count(file string) string {
	w.Helper()
	return w.run(`echo "out=$(cat "$FRESHET_RUN_DIR/` + file + `" 2>/dev/null | wc -l | tr -d ' ')" >> "$FRESHET_OUTPUT"`)
}

// quiet fails if there is a report of the attempt before one that is caused
// now.
func (w *world) quiet(a executor.Attempt) {
	w.Helper()
	last := w.attempt("true")
	w.start(last)
	for late := time.After(patience); ; {
		select {
		case r := <-w.x.Reports():
			if r.Key == a.Key {
				w.Fatalf("unexpected %+v", r)
			}
			if r.Key == last.Key && r.Kind == executor.Ended {
				w.release(last)
				return
			}
		case <-late:
			w.Fatal("nothing was reported")
		}
	}
}

// held is what a store believes of the attempt.
func held(a executor.Attempt, change func(*executor.Held)) executor.Held {
	h := executor.Held{Key: a.Key, Epoch: a.Epoch, Node: a.Node, Namespace: a.Namespace, Workflow: a.Workflow, Grace: patience}
	if change != nil {
		change(&h)
	}
	return h
}

// ends waits until all of the attempts have ended.
func (w *world) ends(as ...executor.Attempt) map[freshet.Key]executor.Report {
	w.Helper()
	return w.all(executor.Ended, as...)
}

// all waits for a report of that kind of each of the attempts, in whatever
// order they come.
func (w *world) all(kind executor.ReportKind, as ...executor.Attempt) map[freshet.Key]executor.Report {
	w.Helper()
	want := map[freshet.Key]bool{}
	for _, a := range as {
		want[a.Key] = true
	}
	got := map[freshet.Key]executor.Report{}
	for late := time.After(patience); len(want) > 0; {
		select {
		case r := <-w.x.Reports():
			if want[r.Key] && r.Kind == kind {
				got[r.Key] = r
				delete(want, r.Key)
			}
		case <-late:
			w.Fatalf("%s was not reported of %v", kind, want)
		}
	}
	return got
}
