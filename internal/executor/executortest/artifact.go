package executortest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// contents are artifacts by path, as they are kept.
func (w *world) contents(r executor.Report) map[string]string {
	w.Helper()
	got := map[string]string{}
	for _, a := range r.Artifacts {
		content := w.f.Content(a.SHA256)
		if int64(len(content)) != a.Size || a.ModifiedAt.IsZero() {
			w.Errorf("%+v holds %d bytes", a, len(content))
		}
		got[a.Path] = content
	}
	if !slices.IsSortedFunc(r.Artifacts, func(a, b freshet.Artifact) int { return strings.Compare(a.Path, b.Path) }) {
		w.Errorf("out of order: %+v", r.Artifacts)
	}
	return got
}

func (w *world) keepsNone() bool {
	if w.f.Content == nil {
		w.Log("this executor keeps no artifacts")
	}
	return w.f.Content == nil
}

// testArtifacts: what globs match is kept, whatever became of the process.
func testArtifacts(w *world) {
	if w.keepsNone() {
		return
	}
	for i, c := range []struct {
		script, dir string
		globs       []string
		exit        int
		want        map[string]string
	}{
		{`mkdir -p out/deep; echo 1 > out/a.csv; echo 2 > out/b.txt; echo 3 > out/deep/c.csv`, "", []string{"out/*.csv"}, 0, map[string]string{"out/a.csv": "1\n"}},
		{`mkdir -p out/deep; echo 1 > out/a.csv; echo 3 > out/deep/c.csv; exit 3`, "", []string{"out/**", "out/*.csv"}, 3, map[string]string{"out/a.csv": "1\n", "out/deep/c.csv": "3\n"}},
		{`echo 1 > here; exit 1`, "", []string{"nothing/*", "gone"}, 1, map[string]string{}},
		{`: > empty; head -c 100000 /dev/zero > zero`, "", []string{"{empty,zero}"}, 0, map[string]string{"empty": "", "zero": strings.Repeat("\x00", 100000)}},
		{`cd "$FRESHET_RUN_DIR"; mkdir -p sub/x; echo 1 > top.csv; echo 2 > sub/x/y.csv`, "sub", []string{"**/*.csv"}, 0, map[string]string{"x/y.csv": "2\n"}},
		{`mkdir d; printf a > 'd/a b'; printf b > 'd/ü€.csv'; printf c > 'd/*'; printf d > "d/new
line"; printf e > 'd/.hidden'; printf f > 'd/back\slash'; printf g > 'd/%2e%2e'`, "", []string{"d/**"}, 0,
			map[string]string{"d/a b": "a", "d/ü€.csv": "b", "d/*": "c", "d/new\nline": "d", "d/.hidden": "e", `d/back\slash`: "f", "d/%2e%2e": "g"}},
		{`mkdir d; echo 1 > d/a; ln -s a d/inside; ln -s /etc/passwd d/outside; ln -s ../../../../../../../../etc d/etc; ln -s nowhere d/dangling; ln -s loop d/loop; mkfifo d/pipe`,
			"", []string{"d/**", "d/etc/passwd", "d/outside", "d/loop/x", "d/a/x"}, 0, map[string]string{"d/a": "1\n", "d/inside": "1\n"}},
		{`echo 1 > a; cat "$FRESHET_INPUT" > /dev/null`, "", []string{"**", ".freshet/**"}, 0, map[string]string{"a": "1\n"}},
		{`echo 1 > a; kill -9 $$`, "", []string{"a"}, 137, map[string]string{"a": "1\n"}},
		{`cd /; rm -r "$FRESHET_RUN_DIR/gone"`, "gone", []string{"**"}, 0, map[string]string{}},
	} {
		a := w.attempt(c.script)
		a.Key.Run, a.Artifacts, a.Dir, a.Input = int64(100+i), c.globs, c.dir, []byte(`{}`)
		if c.dir != "" {
			m := w.attempt("mkdir " + c.dir)
			m.Key.Run = a.Key.Run
			w.start(m)
			w.ended(m)
			w.release(m)
		}
		w.start(a)
		r := w.ended(a)
		if diff := cmp.Diff(c.want, w.contents(r)); diff != "" || r.ExitCode != c.exit || r.Code != "" || r.BadArtifacts != "" {
			w.Errorf("%s: %+v (-want +got):\n%s", c.script, r, diff)
		}
		w.release(a)
	}
	for i, c := range []struct{ script, glob, want string }{
		{`mkdir many; cd many; seq 1001 | xargs touch`, "many/*", "more than 1000 files match its artifacts"},
		{`truncate -s 11G huge`, "huge", "the files that match its artifacts have more than 10 GiB"},
		{`mkdir d; : > "d/$(printf 'x\377')"`, "d/*", `the artifact "d/x\xff" cannot be kept: its name is not UTF-8`},
		{`mkdir -p "d/$(printf 'x\377')/y"`, "d/**", `the artifact "d/x\xff" cannot be kept: its name is not UTF-8`},
	} {
		a := w.attempt(c.script)
		a.Key.Run, a.Artifacts = int64(200+i), []string{c.glob}
		w.start(a)
		r := w.ended(a)
		if diff := cmp.Diff(c.want, r.BadArtifacts); diff != "" || r.ExitCode != 0 || len(r.Artifacts) != 0 {
			w.Errorf("%s: %+v (-want +got):\n%s", c.script, r, diff)
		}
		w.release(a)
	}
}

// testArtifactsGone: an end that no server has reported, because it died then
// or was not there, is reported with its artifacts by the next one, and so is
// what was lost with its holder.
func testArtifactsGone(w *world) {
	if w.keepsNone() {
		return
	}
	a := w.attempt(`echo 1 > a.csv; until [ -e go ]; do sleep 0.005; done; exit 4`)
	a.Artifacts = []string{"*.csv"}
	believed := func(h *executor.Held) { h.Started, h.Artifacts = true, a.Artifacts }
	w.start(a)
	w.next(a, executor.Started)
	w.down()
	w.up([]executor.Held{held(a, believed)})
	g := w.attempt(": > go")
	w.start(g)
	w.down() // in the middle of whatever it does
	w.up([]executor.Held{held(a, believed), held(g, nil)})
	ends := w.ends(a, g)
	w.down()
	w.up([]executor.Held{held(a, believed), held(g, nil)})
	again := w.ends(a, g)
	want := map[string]string{"a.csv": "1\n"}
	for _, r := range []executor.Report{ends[a.Key], again[a.Key]} {
		if diff := cmp.Diff(want, w.contents(r)); diff != "" || r.ExitCode != 4 {
			w.Errorf("%+v (-want +got):\n%s", r, diff)
		}
	}
	w.release(a, g)

	b := w.attempt(`echo 2 > a.csv; : > ready; sleep 1000`)
	b.Artifacts = a.Artifacts
	w.start(b)
	w.next(b, executor.Started)
	w.waitFor("ready")
	if !w.killHolder() {
		return
	}
	r := w.onlyEnd(b)
	if diff := cmp.Diff(map[string]string{"a.csv": "2\n"}, w.contents(r)); diff != "" || r.Code != freshet.CodeLost {
		w.Errorf("%+v (-want +got):\n%s", r, diff)
	}
}

// testArtifactsAside: while large files are kept, other ends are reported.
func testArtifactsAside(w *world) {
	if w.keepsNone() {
		return
	}
	var large []executor.Attempt
	for i := range 8 {
		a := w.attempt(`truncate -s 100M large`)
		a.Key.Run, a.Artifacts = int64(300+i), []string{"large"}
		w.start(a)
		large = append(large, a)
	}
	small := w.attempt("true")
	w.start(small)
	reported := map[freshet.Key]int{}
	for range 2 * (len(large) + 1) {
		r := <-w.x.Reports()
		if r.Kind == executor.Ended {
			reported[r.Key] = len(reported)
			if r.BadArtifacts != "" {
				w.Errorf("%+v", r)
			}
		}
	}
	if at, there := reported[small.Key]; !there || at == len(large) {
		w.Errorf("the end without artifacts came %d. of %d", at+1, len(reported))
	}
}
