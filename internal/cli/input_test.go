package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

func TestParameters(t *testing.T) {
	a, _ := quiet(t)
	a.Dir = t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":   "n: 1\nday: 2026-11-20\ndeep: {list: [1, x, true, null, 2026-01-01]}\n",
		"b.json":   `{"n": 2, "big": 9007199254740993}`,
		"far.json": `{"l": [99999999999999999999]}`, "far.yaml": "n: 18446744073709551615\n", "latin": "s: caf\xe9\n",
		"vast.yaml": "n: 100000000000000000000\nm: 1e300\n",
		"empty":     "# nothing\n", "list": "- a\n", "broken": "a: [",
	} {
		if err := os.WriteFile(filepath.Join(a.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := parameters{texts: []string{"x=a=b", "day="}, files: []string{"a.yaml", "b.json", "empty"}}
	got, err := p.request(a)
	if err != nil {
		t.Fatal(err)
	}
	want := freshet.RunRequest{
		Parameters: map[string]any{"n": 2, "big": 9007199254740993, "deep": map[string]any{"list": []any{1, "x", true, nil, "2026-01-01"}}},
		Texts:      map[string]string{"x": "a=b", "day": ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	vast := parameters{files: []string{"vast.yaml"}}
	if got, err := vast.request(a); err != nil || got.Parameters["n"] != 1e20 || got.Parameters["m"] != 1e300 {
		t.Errorf("%v, %v", got, err)
	}
	for name, p := range map[string]parameters{
		"no value": {texts: []string{"x"}}, "no name": {texts: []string{"=x"}},
		"a list": {files: []string{"list"}}, "no YAML": {files: []string{"broken"}}, "no file": {files: []string{"none"}},
		"a number beyond 64 bits": {files: []string{"far.json"}}, "one without a sign": {files: []string{"far.yaml"}},
		"a file of another encoding": {files: []string{"latin"}}, "a text that is none": {texts: []string{"s=\xff"}},
	} {
		if _, err := p.request(a); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestWorkflowRef(t *testing.T) {
	a, _ := quiet(t)
	a.UserHome = t.TempDir()
	a.Env = []string{"FRESHET_NAMESPACE=science"}
	for text, want := range map[string][2]string{"etl": {"science", "etl"}, "other.etl": {"other", "etl"}} {
		namespace, name, err := a.workflowRef(text)
		if err != nil || namespace != want[0] || name != want[1] {
			t.Errorf("%s is %s and %s, %v", text, namespace, name, err)
		}
	}
	for _, text := range []string{"", ".x", "x.", "etl.yaml", "dir/etl"} {
		if _, _, err := a.workflowRef(text); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%q is accepted: %v", text, err)
		}
	}
}

func TestBundle(t *testing.T) {
	outside := t.TempDir()
	dir := t.TempDir()
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, path string) {
		t.Helper()
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "secret"), "x", 0o600)
	write(filepath.Join(dir, "run.sh"), "abc", 0o755)
	write(filepath.Join(dir, "sql", "b.sql"), "", 0o640)
	write(filepath.Join(dir, "sql", "a.sql"), "abc", 0o644)
	link("run.sh", filepath.Join(dir, "inside"))
	link("sql", filepath.Join(dir, "tables"))
	link(filepath.Join(outside, "secret"), filepath.Join(dir, "escape"))
	link("..", filepath.Join(dir, "parent"))
	write(filepath.Join(dir, "round", "x"), "", 0o644)
	link(".", filepath.Join(dir, "round", "loop"))

	if err := os.MkdirAll(filepath.Join(dir, "out", "deep", "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, "out", "x"), "abc", 0o600)

	b, closed, err := openBundle(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer closed()
	for _, name := range []string{"sql/", "out", "out/deep/empty/", "run.sh", "inside", "./sql/a.sql", "tables"} {
		if err := b.add(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	const abc, empty = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	want := []freshet.File{
		{Path: "inside", Mode: 0o755, Size: 3, SHA256: abc},
		{Path: "out/deep/empty"},
		{Path: "out/x", Mode: 0o600, Size: 3, SHA256: abc},
		{Path: "run.sh", Mode: 0o755, Size: 3, SHA256: abc},
		{Path: "sql/a.sql", Mode: 0o644, Size: 3, SHA256: abc},
		{Path: "sql/b.sql", Mode: 0o640, Size: 0, SHA256: empty},
		{Path: "tables/a.sql", Mode: 0o644, Size: 3, SHA256: abc},
		{Path: "tables/b.sql", Mode: 0o640, Size: 0, SHA256: empty},
	}
	if diff := cmp.Diff(want, b.list()); diff != "" {
		t.Error(diff)
	}
	for name, says := range map[string]string{
		"none": "none does not exist", "../x": "not below", "/etc/passwd": "not below", "escape": "leads out", "parent": "leads out", "round": "leads back",
	} {
		if err := b.add(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: the error is %v, want %s", name, err, says)
		}
	}
}

func TestWhereNamed(t *testing.T) {
	const source = "name: a\n# data.csv\nfiles:\n  - x\n  - data.csv\ntasks:\n  t: {bash: cat data.csv}\n"
	if line, column := whereNamed(source, "data.csv"); line != 5 || column != 5 {
		t.Errorf("it is named at %d:%d", line, column)
	}
	if line, column := whereNamed(source, "other"); line != 3 || column != 1 {
		t.Errorf("what is not found is at %d:%d", line, column)
	}
}

func TestDiagnostics(t *testing.T) {
	const source = "name: a\ntasks:\n\tx: {bash: 1}\n"
	_, found := spec.Parse("a.yaml", []byte(source))
	list := wireDiagnostics(found)
	if len(list) == 0 {
		t.Fatal("nothing is wrong")
	}
	a, out := terminal(t, 80, "NO_COLOR=1")
	a.diagnostics(a.err, list[:1], map[string]string{"a.yaml": source})
	want := "a.yaml:3:1: error: YAML is indented with spaces, here is a tab [yaml-tab]\n     x: {bash: 1}\n    ^\n" +
		"  hint: replace the tabs at the beginning of lines with spaces\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("a", 200) + "!" + strings.Repeat("b", 200)
	for name, test := range map[string]struct {
		line, column int
		source       string
		want         []string
	}{
		"in characters": {1, 4, "äöüx", []string{"äöüx", "   ^"}},
		"behind":        {1, 99, "abc", []string{"abc", "   ^"}},
		"CRLF":          {1, 1, "abc\r\n", []string{"abc", "^"}},
		"no such line":  {7, 1, "abc", nil},
		"long":          {1, 201, long, []string{strings.Repeat("a", 40) + "!" + strings.Repeat("b", 59), strings.Repeat(" ", 40) + "^"}},
	} {
		if diff := cmp.Diff(test.want, excerpt(freshet.Diagnostic{Line: test.line, Column: test.column}, test.source)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"start", "stop", "list", "show"}
	for typed, want := range map[string]string{"strat": "start", "stpo": "stop", "lst": "list", "Show": "show", "STOP": "stop", "xyzzy": "", "": ""} {
		if got := nearest(typed, words); got != want {
			t.Errorf("%q is near %q, want %q", typed, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{"/tmp/a-b_1.c": "/tmp/a-b_1.c", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "~": "'~'"} {
		if got := quote(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestHomeTokenStaysHere(t *testing.T) {
	for server, want := range map[string]bool{
		"http://127.0.0.1:3737": true, "http://localhost": true, "http://[::1]:1": true, "https://example.org": false, "http://10.0.0.1": false, "": false,
	} {
		if got := loopback(server); got != want {
			t.Errorf("%s is on this machine: %t", server, got)
		}
	}
}
