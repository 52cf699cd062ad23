package machine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

// TestEndWithArtifacts: they are kept whatever became of the process, and that
// not all could be kept is the reason only where there is no other.
func TestEndWithArtifacts(t *testing.T) {
	left := []freshet.Artifact{{Path: "out/a.csv", SHA256: "aa"}}
	for _, c := range []struct {
		name   string
		change func(p *Process)
		status freshet.Status
		code   freshet.Code
	}{
		{"success", func(*Process) {}, freshet.Success, ""},
		{"not kept", func(p *Process) { p.BadArtifacts = "too many" }, freshet.Failed, freshet.CodeArtifacts},
		{"failed, and not kept", func(p *Process) { p.ExitCode = 3; p.BadArtifacts = "too many" }, freshet.Failed, freshet.CodeExit},
		{"bad outputs, and not kept", func(p *Process) { p.BadOut = "what"; p.BadArtifacts = "too many" }, freshet.Failed, freshet.CodeOutputs},
		{"an output lacks, and not kept", func(p *Process) { p.Outputs = map[string]string{"n": "x"}; p.BadArtifacts = "too many" }, freshet.Failed, freshet.CodeOutputs},
		{"lost", func(p *Process) { p.Code = freshet.CodeLost; p.Reason = "gone"; p.BadArtifacts = "too many" }, freshet.Failed, freshet.CodeLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, parse(t, `tasks: {a: {bash: x, outputs: {n: integer}, artifacts: out/*, retries: {limit: 3, on: [lost], delay: 1h}}}`))
			w.put(Entry{Kind: StartRun, Body: Body{Start: &RunStart{}}})
			w.drain()
			w.claim("a")
			w.report(Ended, w.latest("a"), func(p *Process) {
				p.Artifacts, p.Outputs = left, map[string]string{"n": "1"}
				c.change(p)
			})
			w.drain()
			x := w.latest("a")
			if c.code == freshet.CodeLost {
				c.status = freshet.Retrying
			}
			if diff := cmp.Diff(left, x.Artifacts); diff != "" || x.Status != c.status || x.Code != c.code {
				t.Errorf("%s %s %s\n%s", x.Status, x.Code, x.Reason, diff)
			}
			if c.code == freshet.CodeArtifacts && (x.Reason != "too many" || x.Outputs != nil) {
				t.Errorf("%q %v", x.Reason, x.Outputs)
			}
		})
	}
}

// TestBrought: a run that goes on has what kept tasks had left, and does not
// take for it what its own processes leave.
func TestBrought(t *testing.T) {
	old := []freshet.Artifact{{Path: "old"}}
	w := newWorld(t, parse(t, `tasks: {a: {bash: x}, b: {after: a, bash: x}, s: {bash: x}}`))
	w.row.RerunOf, w.st.RerunOf = 7, 7
	w.put(Entry{Kind: StartRun, Body: Body{Start: &RunStart{Rerun: &Rerun{Of: 7, Again: []AgainOn{{Task: "b"}},
		Kept: []Kept{{Task: "a", Status: freshet.Success, Artifacts: old}, {Task: "s", Status: freshet.Skipped, Artifacts: old}}}}}})
	w.drain()
	check := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, x := range w.st.Brought() {
			got = append(got, x.Key.Task)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("at first", "a", "s")
	w.row.RerunOf, w.st.RerunOf = 0, 0
	check("of a run that is none")
	w.st.RerunOf = 7
	own := *w.st.Tasks[0].Success
	own.Epoch = 5 // claimed here
	w.st.Tasks[0].Success, w.st.Tasks[0].Latest = &own, &own
	check("of its own", "s")
}

func TestLay(t *testing.T) {
	at := func(path, sum string, second int) freshet.Artifact {
		return freshet.Artifact{Path: path, SHA256: sum, Mode: 0o600, ModifiedAt: time.Unix(int64(second), 0)}
	}
	in := func(dir string, a freshet.Artifact) freshet.Artifact { a.Dir = dir; return a }
	files := []freshet.File{{Path: "q.sql", SHA256: "uploaded", Mode: 0o644}, {Path: "data"}}
	got := Lay(files, []*Execution{
		{Artifacts: []freshet.Artifact{at("q.sql", "changed", 1), at("x", "newer", 9), in("sub", at("deep/y", "y", 1)), in("/tmp", at("z", "elsewhere", 1))}},
		{Artifacts: []freshet.Artifact{at("x", "older", 8), at("w", "w", 1)}},
		{Artifacts: []freshet.Artifact{at("w", "as old, and later", 1)}},
	})
	want := []freshet.File{{Path: "q.sql", SHA256: "changed", Mode: 0o600}, {Path: "data"}, {Path: "x", SHA256: "newer", Mode: 0o600},
		{Path: "sub/deep/y", SHA256: "y", Mode: 0o600}, {Path: "w", SHA256: "as old, and later", Mode: 0o600}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		name    string
		files   []string
		brought [][]freshet.Artifact
		want    []string
	}{
		{"a directory in a file's place", nil, [][]freshet.Artifact{{at("x", "", 1)}, {at("x/y", "", 2)}}, []string{"x/y"}},
		{"whoever comes first in the file", nil, [][]freshet.Artifact{{at("x/y/z", "", 2)}, {at("x", "", 1)}}, []string{"x/y/z"}},
		{"a file in a directory's place", nil, [][]freshet.Artifact{{at("x/y/z", "", 1), at("x/w", "", 1), at("xy", "", 1)}, {at("x", "", 2)}}, []string{"xy", "x"}},
		{"at one time the later one", nil, [][]freshet.Artifact{{at("x", "", 1)}, {in("x", at("y", "", 1))}}, []string{"x/y"}},
		{"what was replaced does not come back", nil, [][]freshet.Artifact{{at("x/old", "", 1)}, {at("x", "", 2)}, {at("x/new", "", 3)}}, []string{"x/new"}},
		{"over the version's own", []string{"q", "d/e", "d/f", "s"}, [][]freshet.Artifact{{at("q/r", "", 1), at("d", "", 1)}}, []string{"s", "q/r", "d"}},
	} {
		var own []freshet.File
		for _, p := range c.files {
			own = append(own, freshet.File{Path: p})
		}
		var list []*Execution
		for _, left := range c.brought {
			list = append(list, &Execution{Artifacts: left})
		}
		var got []string
		for _, f := range Lay(own, list) {
			got = append(got, f.Path)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if files[0].SHA256 != "uploaded" {
		t.Error("the version's own list has changed")
	}
	if diff := cmp.Diff(files, Lay(files, nil)); diff != "" {
		t.Error(diff)
	}
}
