package spec

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A file whose tasks only wait for each other is refused if and only if they
// wait in a circle, and a look at the outputs of a task passes without a word
// if and only if there is a way of `after` to it.
func TestOrderOfRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "tasks")
		waits := make([][]bool, n)
		var source strings.Builder
		source.WriteString("name: x\ntasks:\n")
		from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
		for i := range n {
			waits[i] = make([]bool, n)
			var names []string
			for j := range n {
				if rapid.IntRange(0, 3).Draw(t, "edge") == 0 {
					waits[i][j] = true
					names = append(names, fmt.Sprintf("t%d", j))
				}
			}
			fmt.Fprintf(&source, "  t%d:\n    bash: x\n", i)
			if len(names) > 0 {
				fmt.Fprintf(&source, "    after: [%s]\n", strings.Join(names, ", "))
			}
			if i == from {
				fmt.Fprintf(&source, "    if: tasks.t%d.outputs.x == 1\n", to)
			}
		}
		reach := make([][]bool, n) // the transitive closure
		for i := range n {
			reach[i] = append([]bool(nil), waits[i]...)
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		circle := false
		for i := range n {
			circle = circle || reach[i][i]
		}
		_, ds := Parse("f", []byte(source.String()))
		refused, looked := false, false
		for _, d := range ds {
			refused = refused || d.Code == CodeCycle || d.Code == CodeSelf
			looked = looked || d.Code == CodeOrder || d.Code == CodeUnordered
		}
		if refused != circle {
			t.Fatalf("circle: %v, refused: %v\n%s%s", circle, refused, &source, ds)
		}
		if passes := reach[from][to]; !circle && looked == passes {
			t.Fatalf("t%d after t%d: %v, reported: %v\n%s%s", from, to, passes, looked, &source, ds)
		}
	})
}

func TestNearest(t *testing.T) {
	known := []string{"retries", "timeout", "command", "after", "long_running", "if", "env", "expr"}
	for name, want := range map[string]string{
		"retry": "", "retires": "retries", "time_out": "timeout", "Timeout": "timeout", "comand": "command", "afetr": "after",
		"longRunning": "long_running", "fi": "if", "evn": "env", "zzz": "", "": "", strings.Repeat("x", 1000): "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

// A file that is wrong everywhere is said to be so, once for each place and
// not without end.
func TestTooManyProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString("name: x\ntasks:\n")
	for i := range 2 * maxDiagnostics {
		fmt.Fprintf(&b, "  t%d: {bash: x, nonsense: 1}\n", i)
	}
	_, ds := Parse("f", []byte(b.String()))
	if len(ds) != maxDiagnostics+1 {
		t.Fatalf("%d diagnostics", len(ds))
	}
	if last := ds[len(ds)-1]; last.Code != CodeTooMany || last.Message != fmt.Sprintf("and %d more problems", maxDiagnostics) {
		t.Errorf("the last one: %s", last)
	}
}
