package papermill_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

var update = flag.Bool("update", false, "let papermill and scrapbook write the answers in testdata")

// exchange is a file of testdata: what papermill was asked, and its answer.
type exchange struct {
	Input, Answer json.RawMessage
}

// asked gives the answer that Python gave to a script and its input. It is
// kept in testdata/<name>.json, so that a test needs no Python until its input
// changes.
func asked(t *testing.T, name, script string, input, answer any) {
	t.Helper()
	file := filepath.Join("testdata", name+".json")
	want := encode(t, input)
	if *update {
		e := exchange{want, live(t, script, want)}
		text, err := json.MarshalIndent(e, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e exchange
	decode(t, text, &e)
	var before, now any
	decode(t, e.Input, &before)
	decode(t, want, &now)
	if diff := cmp.Diff(before, now); diff != "" {
		t.Fatalf("%s answers another question, `go test -update` asks papermill this one:\n%s", file, diff)
	}
	decode(t, e.Answer, answer)
}

// ask asks Python now.
func ask(t *testing.T, script string, input, answer any) {
	t.Helper()
	decode(t, live(t, script, encode(t, input)), answer)
}

// live runs a Python script with papermill and scrapbook at hand. The script
// finds input, prints its answer in JSON, and runs in a directory of its own.
func live(t *testing.T, script string, input []byte) []byte {
	t.Helper()
	cmd := exec.Command(jupytertest.Python(t), "-W", "ignore", "-c", "import json, sys\ninput = json.load(sys.stdin)\n"+script)
	cmd.Stdin, cmd.Stderr, cmd.Dir = bytes.NewReader(input), os.Stderr, t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t *testing.T, text []byte, v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
