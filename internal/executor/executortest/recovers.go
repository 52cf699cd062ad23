package executortest

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// testRecover lets the server die at every step between a claim and the
// release of its end.
func testRecover(w *world) {
	const script = `echo x >> "$FRESHET_RUN_DIR/count-$FRESHET_SEQ"; until [ -e "$FRESHET_RUN_DIR/go" ]; do sleep 0.005; done; exit 6`
	attempt := func() executor.Attempt {
		a := w.attempt(script)
		a.Env = append(a.Env, "FRESHET_SEQ=x")
		return a
	}
	started := func(h *executor.Held) { h.Started = true }
	a, b, c := attempt(), attempt(), attempt()

	// Claimed, and never handed over.
	w.down()
	if start := w.up([]executor.Held{held(a, nil)}); len(start) != 1 || start[0] != a.Key {
		w.Fatalf("a claim that was never handed over: %v may be started", start)
	}
	// Handed over, its start not reported.
	w.start(a)
	w.down()
	if start := w.up([]executor.Held{held(a, nil)}); len(start) != 0 {
		w.Fatalf("what has been handed over may be started again: %v", start)
	}
	w.next(a, executor.Started)
	// Running, its start committed; another one beside it.
	w.start(b)
	w.start(c)
	w.down()
	w.up([]executor.Held{held(a, started), held(b, nil), held(c, nil)})
	w.all(executor.Started, a, b, c)
	// Ended, and nobody was there or wrote it down.
	g := w.attempt(`: > "$FRESHET_RUN_DIR/go"`)
	w.start(g)
	w.down()
	w.up([]executor.Held{held(a, started), held(b, started), held(c, started), held(g, nil)})
	for _, r := range w.ends(a, b, c) {
		if r.ExitCode != 6 || r.Code != "" {
			w.Errorf("%+v", r)
		}
	}
	w.down()
	w.up([]executor.Held{held(a, started), held(b, started), held(c, started), held(g, nil)})
	for _, r := range w.ends(a, b, c, g) {
		if r.Code != "" {
			w.Errorf("told again: %+v", r)
		}
	}
	// The end committed and released for one, not for the others.
	w.release(a)
	w.down()
	w.up([]executor.Held{held(b, started), held(c, started), held(g, started)})
	w.release(b, c, g)
	if n := w.count("count-x"); n != "3" {
		w.Errorf("three attempts ran %s times", n)
	}
}

// onlyEnd is the end of the attempt, whether or not its start is told before.
func (w *world) onlyEnd(a executor.Attempt) executor.Report {
	w.Helper()
	return w.ends(a)[a.Key]
}

func testRecoverStopping(w *world) {
	stopping := func(h *executor.Held) { h.Stopping = true }
	alive, never := w.attempt("sleep 1000"), w.attempt(`echo x >> "$FRESHET_RUN_DIR/count"`)
	w.start(alive)
	w.next(alive, executor.Started)
	w.down()
	start := w.up([]executor.Held{held(alive, stopping), held(never, stopping)})
	if len(start) != 0 {
		w.Errorf("what was stopped may be started: %v", start)
	}
	ends := w.ends(alive, never)
	if r := ends[alive.Key]; r.ExitCode != 143 {
		w.Errorf("%+v", r)
	}
	if r := ends[never.Key]; r.Code != freshet.CodeLost {
		w.Errorf("%+v", r)
	}
	if n := w.count("count"); n != "0" {
		w.Errorf("what was stopped ran %s times", n)
	}
}

func testRecoverStray(w *world) {
	a := w.attempt(`trap 'echo x >> "$FRESHET_RUN_DIR/stopped"; exit' TERM; : > "$FRESHET_RUN_DIR/ready"; while :; do sleep 0.01; done`)
	w.start(a)
	w.next(a, executor.Started)
	w.waitFor("ready")
	w.down()
	w.up(nil)
	w.waitFor("stopped")
}

func testRelease(w *world) {
	a := w.attempt("true")
	w.start(a)
	w.ended(a)
	w.release(a)
	w.release(a)
	w.down()
	w.up(nil)
	w.quiet(a)
}

// killHolder ends the holder, if the fixture has one.
func (w *world) killHolder() bool {
	if w.f.KillHolder == nil {
		w.Log("nothing but the executor holds its processes")
		return false
	}
	w.f.KillHolder()
	return true
}

func testLostHolder(w *world) {
	running := w.attempt(`: > "$FRESHET_RUN_DIR/ready"; while :; do echo x >> "$FRESHET_RUN_DIR/alive"; sleep 0.005; done`)
	done, late := w.attempt("exit 3"), w.attempt("exit 7")
	w.start(running)
	w.start(done)
	ends := w.ends(done)
	w.waitFor("ready")
	if !w.killHolder() {
		return
	}
	if r := ends[done.Key]; r.ExitCode != 3 {
		w.Errorf("%+v", r)
	}
	if r := w.onlyEnd(running); r.Code != freshet.CodeLost || r.Reason == "" || r.Epoch != running.Epoch {
		w.Errorf("%+v", r)
	}
	w.dead(running)
	// What was claimed from the dead holder and never handed to it may start
	// or be lost, and never both.
	w.start(late)
	if r := w.onlyEnd(late); r.Code != freshet.CodeLost && r.ExitCode != 7 {
		w.Errorf("%+v", r)
	}
	w.release(running, done, late)
	w.run("true")
}

func testLostBoth(w *world) {
	running := w.attempt(`: > "$FRESHET_RUN_DIR/ready"; while :; do echo x >> "$FRESHET_RUN_DIR/alive"; sleep 0.005; done`)
	w.start(running)
	w.next(running, executor.Started)
	w.waitFor("ready")
	w.down()
	if !w.killHolder() {
		return
	}
	start := w.up([]executor.Held{held(running, nil)})
	if len(start) != 0 {
		w.Fatalf("what has run may be started: %v", start)
	}
	if r := w.next(running, executor.Ended); r.Code != freshet.CodeLost {
		w.Errorf("%+v", r)
	}
	w.dead(running)
}

// dead proves that the attempt, which appends to `alive` all the time, does
// not any more.
func (w *world) dead(executor.Attempt) {
	w.Helper()
	before := w.count("alive")
	w.run("sleep 0.05")
	if after := w.count("alive"); after != before {
		w.Errorf("it is alive: %s lines became %s", before, after)
	}
}
