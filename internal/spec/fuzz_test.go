package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Whatever the file, the parser returns, all places are within the file, and
// what it accepts it accepts again from the document's own text, as the same
// tree.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			f.Add(readSeed(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		ws, ds := Parse("f.yaml", source)
		lines := linesOf(strings.TrimPrefix(string(source), "\ufeff"))
		for _, d := range ds {
			if d.Line < 1 || d.Line > len(lines) || d.Col < 1 || d.Col > utf8.RuneCountInString(lines[d.Line-1])+1 {
				t.Errorf("not a place in the file: %s", d)
			}
			if d.Code == "" || d.Message == "" || strings.Contains(d.Message, "%!") && !strings.Contains(string(source), "%!") {
				t.Errorf("incomplete: %s", d)
			}
		}
		if len(ws) == 0 && !ds.HasErrors() {
			t.Error("neither a workflow nor an error")
		}
		for _, w := range ws {
			again, ds := Parse("f.yaml", w.Source)
			if ds.HasErrors() || len(again) != 1 {
				t.Fatalf("not accepted again: %s\n%q", ds, w.Source)
			}
			if diff := cmp.Diff(w, again[0], sameTree); diff != "" {
				t.Errorf("another tree from its Source:\n%s", diff)
			}
			for _, on := range w.On {
				sameTrigger(t, on, w)
			}
		}
	})
}

// An entry of `on` that is accepted is accepted again from its own text, as the
// same trigger.
func FuzzParseTrigger(f *testing.F) {
	for _, file := range []string{"testdata/good/triggers.yaml", "testdata/bad/triggers.yaml"} {
		for _, line := range strings.Split(string(readSeed(f, file)), "\n") {
			if entry, ok := strings.CutPrefix(line, "  - "); ok {
				f.Add([]byte(entry))
			}
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		for _, w := range []*Workflow{nil, {Name: "x", Timezone: time.UTC, Parameters: []Parameter{{Name: "text", Optional: true}}}} {
			on, ds := ParseTrigger(source, w)
			if (on == nil) != ds.HasErrors() {
				t.Fatalf("trigger %v, diagnostics\n%s", on, ds)
			}
			if on != nil {
				sameTrigger(t, on, w)
			}
		}
	})
}

// sameTrigger reads a trigger's text again. A copy of an entry above it in its
// file has another hash.
func sameTrigger(t *testing.T, on *Trigger, w *Workflow) {
	t.Helper()
	again, ds := ParseTrigger([]byte(on.Text), w)
	if again == nil {
		t.Fatalf("not accepted again: %s\n%s", on.Text, ds)
	}
	if diff := cmp.Diff(on, again, sameTree, cmpopts.IgnoreFields(Rule{}, "ID"), cmpopts.IgnoreFields(Trigger{}, "Hash")); diff != "" {
		t.Errorf("another trigger from its text %s:\n%s", on.Text, diff)
	}
}

func readSeed(f *testing.F, file string) []byte {
	f.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	return b
}
