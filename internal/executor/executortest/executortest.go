// Package executortest is what every executor has to do. It sees an executor
// only through its port, and its processes only through their reports,
// outputs and the directory that the attempts of a run share, so that it
// holds for a machine and for a cluster alike.
package executortest

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// Fixture is one place where attempts run, and outlive executors.
type Fixture struct {
	// New makes an executor for the place, as a server does that starts.
	New func() executor.Executor
	// KillHolder ends what holds the processes, as a crash would; nil where
	// nothing but the executor's own process does.
	KillHolder func()
	// Files are kept where the executor finds them: path and content.
	Files map[string]string
	// File describes one of them.
	File func(path string) freshet.File
	// Content is what is kept of an artifact, by its hash; nil: this executor
	// keeps none.
	Content func(sum string) string
}

// Run proves an executor.
func Run(t *testing.T, fixture func(t *testing.T) Fixture) {
	for _, c := range []struct {
		name string
		test func(*world)
	}{
		{"ends", testEnds},
		{"outputs", testOutputs},
		{"files", testFiles},
		{"long script", testLongScript},
		{"artifacts", testArtifacts},
		{"artifacts of what is gone", testArtifactsGone},
		{"artifacts hold nobody up", testArtifactsAside},
		{"start failed", testStartFailed},
		{"hidden", testHidden},
		{"start is idempotent", testIdempotent},
		{"stop before start", testStopBeforeStart},
		{"stop twice", testStopTwice},
		{"grace", testGrace},
		{"stop what has ended", testStopEnded},
		{"reports in order", testOrder},
		{"recover", testRecover},
		{"recover what is being stopped", testRecoverStopping},
		{"recover stops what nobody knows", testRecoverStray},
		{"release forgets", testRelease},
		{"lost holder", testLostHolder},
		{"lost holder, and the server too", testLostBoth},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{T: t, f: fixture(t)}
			w.up(nil)
			defer w.down()
			c.test(w)
		})
	}
}

func testEnds(w *world) {
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "kill -9 $$": 137, "kill $$": 143} {
		a := w.attempt(script)
		w.start(a)
		if r := w.ended(a); r.ExitCode != want || r.Code != "" || r.Log == "" || r.PID == 0 {
			w.Errorf("%s: %+v", script, r)
		}
		w.release(a)
	}
}

func testOutputs(w *world) {
	a := w.attempt(`printf 'rows=3\nnote<<E\na\nb\nE\n' >> "$FRESHET_OUTPUT"; cat "$FRESHET_INPUT" > "$FRESHET_RUN_DIR/in"; exit 4`)
	a.Input = []byte(`{"x":1}`)
	w.start(a)
	r := w.ended(a)
	if diff := cmp.Diff(map[string]string{"rows": "3", "note": "a\nb"}, r.Outputs); diff != "" || r.BadOut != "" || r.ExitCode != 4 {
		w.Errorf("%+v\n%s", r, diff)
	}
	if got := w.run(`echo "out=$(cat in)" >> "$FRESHET_OUTPUT"`); got != `{"x":1}` {
		w.Errorf("input %q", got)
	}
	for script, want := range map[string]string{
		`echo hello >> "$FRESHET_OUTPUT"`:                                         `line 1 of $FRESHET_OUTPUT is neither name=value nor name<<EOF: "hello"`,
		`head -c 262145 /dev/zero | tr '\000' x > "$FRESHET_OUTPUT"`:              "$FRESHET_OUTPUT has 262145 bytes, and at most 262144 are allowed",
		`printf 'a=\377\n' >> "$FRESHET_OUTPUT"`:                                  "line 1 of $FRESHET_OUTPUT is not valid UTF-8",
		`mkdir "$FRESHET_OUTPUT"`:                                                 "$FRESHET_OUTPUT is not a file any more",
		`printf 'a=1\r\nb=2\r\n' >> "$FRESHET_OUTPUT"; cat "$FRESHET_OUTPUT" >&2`: "",
	} {
		b := w.attempt(script)
		w.start(b)
		r := w.ended(b)
		if diff := cmp.Diff(want, r.BadOut); diff != "" || r.ExitCode != 0 {
			w.Errorf("%s: %+v\n%s", script, r, diff)
		}
		w.release(a, b)
	}
}

func testFiles(w *world) {
	if w.f.File == nil {
		w.Log("this executor's fixture keeps no files")
		return
	}
	var files []freshet.File
	want := map[string]string{}
	for path, content := range maps.All(w.f.Files) {
		files = append(files, w.f.File(path))
		want[path] = content
	}
	const some = 4
	var as []executor.Attempt
	failed := make(chan error, some)
	for range some { // at the same time, each may be the first
		a := w.attempt(`cd "$FRESHET_RUN_DIR"; for f in $(find . -type f -not -path './.freshet/*'); do
			printf '%s<<END\n%s\nEND\n' "$(echo "$f" | sed 's/[^a-z]/_/g')" "$(cat "$f")"; done >> "$FRESHET_OUTPUT"`)
		a.Files = files
		as = append(as, a)
		go func() { failed <- w.x.Start(w.Context(), a) }()
	}
	for range some {
		if err := <-failed; err != nil {
			w.Fatal(err)
		}
	}
	ends := map[freshet.Key]executor.Report{}
	for late := time.After(patience); len(ends) < some; {
		select {
		case r := <-w.x.Reports():
			if r.Kind == executor.Ended {
				ends[r.Key] = r
			}
		case <-late:
			w.Fatal("nothing was reported")
		}
	}
	for _, a := range as {
		got := map[string]string{}
		for path := range want {
			name := "__"
			for _, c := range path {
				if c < 'a' || c > 'z' {
					c = '_'
				}
				name += string(c)
			}
			got[path] = ends[a.Key].Outputs[name]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Errorf("files of the run (-want +got):\n%s\n%+v", diff, ends[a.Key])
		}
	}
}

func testLongScript(w *world) {
	const said = `printf 'zero=%s\nargs=%s\n' "$0" "$#" >> "$FRESHET_OUTPUT"; false; exit 9`
	var got []map[string]string
	for _, size := range []int{0, 200 << 10} {
		a := w.attempt(fmt.Sprintf("#%0*d\n%s", size, 0, said))
		w.start(a)
		r := w.ended(a)
		if r.ExitCode != 9 {
			w.Errorf("%d bytes: %+v", size, r)
		}
		got = append(got, r.Outputs)
		w.release(a)
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" || got[0]["zero"] != "sh" {
		w.Errorf("a long script sees something else than a short one (-short +long):\n%s", diff)
	}
}

func testOrder(w *world) {
	const many = 30
	live := map[freshet.Key]executor.Attempt{}
	for range many {
		a := w.attempt("true")
		live[a.Key] = a
	}
	for _, a := range live {
		go func() {
			if err := w.x.Start(context.Background(), a); err != nil {
				w.Errorf("start: %v", err)
			}
		}()
	}
	started := map[freshet.Key]bool{}
	for late := time.After(patience); len(live) > 0; {
		select {
		case r := <-w.x.Reports():
			a, ok := live[r.Key]
			switch {
			case !ok || r.Epoch != a.Epoch:
				w.Fatalf("unexpected %+v", r)
			case r.Kind == executor.Started && !started[r.Key]:
				started[r.Key] = true
			case r.Kind == executor.Ended && started[r.Key]:
				delete(live, r.Key)
			default:
				w.Fatalf("out of order: %+v", r)
			}
		case <-late:
			w.Fatalf("%d have not ended", len(live))
		}
	}
}
