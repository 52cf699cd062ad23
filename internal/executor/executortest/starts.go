package executortest

import (
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

func testStartFailed(w *world) {
	for _, c := range []struct {
		name   string
		change func(*executor.Attempt)
		reason string
	}{
		{"no program", func(a *executor.Attempt) { a.Args, a.Script = []string{"freshet-no-such-program"}, "" }, "no program"},
		{"no path", func(a *executor.Attempt) { a.Args, a.Script = []string{"./nothing"}, "" }, "no program"},
		{"not executable", func(a *executor.Attempt) { a.Args, a.Script = []string{"/etc/passwd"}, "" }, "permission denied"},
		{"no directory", func(a *executor.Attempt) { a.Dir = "no/such/directory" }, "no/such/directory does not exist"},
		{"no directory and no program", func(a *executor.Attempt) { a.Dir, a.Args, a.Script = "gone", []string{"freshet-no-such-program"}, "" }, "gone does not exist"},
		{"no arguments", func(a *executor.Attempt) { a.Args, a.Script = nil, "" }, "nothing to execute"},
		{"too large", func(a *executor.Attempt) { a.Env = append(a.Env, "EVENT="+strings.Repeat("x", 200<<10)) },
			"environment variable EVENT has 204806 bytes; pass it with `with:` and read the file $FRESHET_INPUT"},
		{"NUL", func(a *executor.Attempt) { a.Env = append(a.Env, "BAD=a\x00b") }, "environment variable BAD contains a NUL byte"},
	} {
		a := w.attempt("exit 0")
		c.change(&a)
		w.start(a)
		r := w.next(a, executor.Ended)
		if r.Code != freshet.CodeStartFailed || !strings.Contains(r.Reason, c.reason) || strings.Contains(r.Reason, "\n") {
			w.Errorf("%s: %+v, want a reason with %q", c.name, r, c.reason)
		}
		w.release(a)
	}
	w.run("true") // and it goes on
}

func testIdempotent(w *world) {
	a := w.attempt(`echo x >> "$FRESHET_RUN_DIR/count"`)
	w.start(a)
	w.start(a)
	w.ended(a)
	w.start(a)
	w.quiet(a)
	if n := w.count("count"); n != "1" {
		w.Errorf("it ran %s times", n)
	}
}

func testStopBeforeStart(w *world) {
	a := w.attempt(`echo x >> "$FRESHET_RUN_DIR/count"`)
	w.stopIt(a, patience)
	w.start(a)
	for late := time.After(patience); ; {
		select {
		case r := <-w.x.Reports():
			if r.Key != a.Key {
				continue
			}
			if r.Kind != executor.Ended || r.Code != freshet.CodeLost {
				w.Fatalf("got %+v", r)
			}
			if r.Epoch != a.Epoch { // told before the epoch was known
				continue
			}
		case <-late:
			w.Fatal("nothing was reported")
		}
		break
	}
	w.start(a)
	w.quiet(a)
	if n := w.count("count"); n != "0" {
		w.Errorf("it ran %s times", n)
	}
}

func testStopTwice(w *world) {
	a := w.attempt(`trap 'echo x >> "$FRESHET_RUN_DIR/terms"; exit 5' TERM; : > "$FRESHET_RUN_DIR/ready"; while :; do sleep 0.01; done`)
	w.start(a)
	w.next(a, executor.Started)
	w.waitFor("ready")
	w.stopIt(a, patience)
	w.stopIt(a, patience)
	if r := w.next(a, executor.Ended); r.ExitCode != 5 || r.Code != "" {
		w.Errorf("%+v", r)
	}
	w.quiet(a)
	if n := w.count("terms"); n != "1" {
		w.Errorf("it was asked %s times", n)
	}
}

func testGrace(w *world) {
	// It ignores SIGTERM, and so does what it has started.
	a := w.attempt(`trap '' TERM; (sleep 1000; :) & : > "$FRESHET_RUN_DIR/ready"; while :; do sleep 1000; done`)
	w.start(a)
	w.next(a, executor.Started)
	w.waitFor("ready")
	w.stopIt(a, patience)
	w.stopIt(a, 50*time.Millisecond) // less patience counts
	if r := w.next(a, executor.Ended); r.ExitCode != 137 || r.Code != "" {
		w.Errorf("%+v", r)
	}
}

func testStopEnded(w *world) {
	a := w.attempt("exit 2")
	w.start(a)
	w.ended(a)
	w.stopIt(a, patience)
	w.quiet(a)
}
