package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
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
		}
	})
}

func readSeed(f *testing.F, file string) []byte {
	f.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	return b
}
