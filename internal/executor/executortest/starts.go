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
		{"refused", func(a *executor.Attempt) { a.Refused = "there is no secret X" }, "there is no secret X"},
		{"hidden", func(a *executor.Attempt) { a.Dir, a.Hide = "no/s3cret/directory", starred }, "no/***/directory does not exist"},
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

func starred(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }

// testHidden: what a process tells of a secret is masked before it is
// reported, by an executor that has recovered it too, and what it was given of
// one is gone when its end has been released.
func testHidden(w *world) {
	a := w.attempt(`cat "$FRESHET_INPUT" > "$FRESHET_RUN_DIR/in"; printf 'a=x s3cret\ns3cret' > "$FRESHET_OUTPUT"`)
	a.Input, a.Hide = []byte(`{"x":"s3cret"}`), starred
	w.start(a)
	if r := w.ended(a); r.BadOut != `line 2 of $FRESHET_OUTPUT is neither name=value nor name<<EOF: "***"` {
		w.Errorf("%+v", r)
	}
	w.release(a)
	if got := w.run(`echo "out=$(cat in; ls -A .freshet/*/.input.json .freshet/*/.output 2>/dev/null | wc -l)" >> "$FRESHET_OUTPUT"`); got != `{"x":"s3cret"}0` {
		w.Errorf("left behind: %s", got)
	}
	b := w.attempt(`until [ -e "$FRESHET_RUN_DIR/go" ]; do sleep 0.005; done; echo "a=s3cret" > "$FRESHET_OUTPUT"`)
	b.Hide = starred
	w.start(b)
	w.next(b, executor.Started)
	w.down()
	w.up([]executor.Held{held(b, func(h *executor.Held) { h.Started, h.Hide = true, starred })})
	g := w.attempt(`: > "$FRESHET_RUN_DIR/go"`)
	w.start(g)
	if r := w.ends(b, g)[b.Key]; r.Outputs["a"] != "***" {
		w.Errorf("after a recovery: %+v", r)
	}
	w.release(b, g)
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
