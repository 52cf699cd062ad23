package notebook

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/jupyter/jupytertest"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/papermill"
)

var update = flag.Bool("update", false, "let papermill write the .papermill.ipynb files of testdata")

// parameterized are the parameters of inputs that have some.
var parameterized = map[string][]papermill.Param{
	"parameters": {{Name: "x", Value: 7}, {Name: "name", Value: "Zoë"}, {Name: "items", Value: []any{1, 2.5, map[string]any{"a": nil}}}},
}

// better are the inputs of which papermill's file is not what it should be,
// and what is said of ours.
var better = map[string]func(t *testing.T, r *Result){
	"raises": func(t *testing.T, r *Result) { succeeds(t, r, "completed", "completed", "completed", "pending") },
	"exit":   func(t *testing.T, r *Result) { succeeds(t, r, "completed", "pending") },
	"traceback": func(t *testing.T, r *Result) {
		if got := statuses(r.Notebook); r.Failure == nil || r.Failure.Cell != 1 || r.Status != freshet.Failed ||
			!slices.Equal(got, []string{"", "", "failed", "completed"}) {
			t.Errorf("%s: %v, cells %v", r.Status, r.Failure, got)
		}
	},
}

func succeeds(t *testing.T, r *Result, want ...string) {
	t.Helper()
	block, _ := r.Notebook.Metadata["papermill"].(map[string]any)
	if got := statuses(r.Notebook); r.Status != freshet.Success || !slices.Equal(got, want) || block["exception"] != nil {
		t.Errorf("%s: %v, cells %v, exception %v", r.Status, r.Failure, got, block["exception"])
	}
}

func statuses(nb *nbformat.Notebook) (list []string) {
	for _, c := range nb.Cells {
		block, _ := c.Metadata["papermill"].(map[string]any)
		status, _ := block["status"].(string)
		list = append(list, status)
	}
	return list
}

// What papermill makes of a notebook, this package makes of it.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".ipynb")
		if strings.HasSuffix(name, ".papermill") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := "testdata/" + name + ".papermill.ipynb"
			if os.Getenv("FRESHET_VERIFY") != "" && !*update { // what papermill makes of it today
				golden = filepath.Join(t.TempDir(), "papermill.ipynb")
				byPapermill(t, input, golden, parameterized[name])
			}
			if *update {
				byPapermill(t, input, golden, parameterized[name])
			}
			r := execute(t, Options{Input: input, Parameters: parameterized[name]})
			if r.Output == "" {
				t.Fatal("there is no output")
			}
			ours, theirs := readNotebook(t, r.Output), readNotebook(t, golden)
			if f := r.Failure; f != nil {
				t.Logf("%s: %v", f.Reason, f)
			}
			if check := better[name]; check != nil {
				check(t, r)
				return
			}
			if diff := gocmp.Diff(normal(t, theirs), normal(t, ours)); diff != "" {
				t.Errorf("papermill (-), Freshet (+):\n%s", diff)
			}
			block, _ := theirs.Metadata["papermill"].(map[string]any)
			if failed := block["exception"] == true; failed != (r.Status == freshet.Failed) {
				t.Errorf("the status is %s", r.Status)
			}
		})
	}
}

func readNotebook(t *testing.T, path string) *nbformat.Notebook {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	nb, err := nbformat.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return nb
}

// byPapermill lets papermill run a notebook.
func byPapermill(t *testing.T, input, output string, params []papermill.Param) {
	t.Helper()
	given := [][2]any{} // in their order
	for _, p := range params {
		given = append(given, [2]any{p.Name, p.Value})
	}
	code, err := json.Marshal([]any{input, output, given})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(jupytertest.Python(t), "-W", "ignore", "-c", `
import json, sys, papermill
input, output, params = json.loads(sys.argv[1])
try:
    papermill.execute_notebook(input, output, dict(params), progress_bar=False)
except papermill.PapermillExecutionError:
    pass
`, string(code))
	cmd.Stderr = os.Stderr // a file: nobody waits for a kernel that papermill leaves behind
	if err := cmd.Run(); err != nil {
		t.Fatalf("papermill: %v", err)
	}
	text, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	text = differs[0].of.ReplaceAll(text, []byte(differs[0].to)) // places of this machine
	if err := os.WriteFile(output, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// differs is what differs from run to run and from machine to machine.
var differs = []struct {
	of *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`/[^\s\"\\]+/(site-packages|ipykernel_\d+)/`), "DIR/"},
	{regexp.MustCompile(`DIR/\d+\.py`), "DIR/N.py"},
	{regexp.MustCompile(`[0-9a-f]{32}`), "ID"},
	{regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)$`), "TIME"},
}

// normal is a notebook without what differs and without what we do otherwise
// on purpose: streams are merged.
func normal(t *testing.T, nb *nbformat.Notebook) any {
	t.Helper()
	for _, c := range nb.Cells {
		if c.HasTag(papermill.TagError) || c.HasTag(papermill.TagInjected) {
			c.ID = "random"
		}
		var p pane
		for _, o := range c.Outputs {
			p.add(o)
		}
		p.settle()
		c.Outputs = p.outputs
	}
	var whole any
	if err := decode(nb.Append(nil), &whole); err != nil {
		t.Fatal(err)
	}
	return ageless("", whole)
}

func ageless(key string, v any) any {
	switch v := v.(type) {
	case string:
		switch key {
		case "input_path", "output_path", "version":
			return "X"
		}
		for _, d := range differs {
			v = d.of.ReplaceAllString(v, d.to)
		}
		return v
	case json.Number:
		if key == "duration" {
			return "SECONDS"
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = ageless("", e)
		}
		return list
	case map[string]any:
		if strings.Contains(fmt.Sprint(slices.Collect(maps.Keys(v))), "version_major") && key == widgetState {
			return widgetsByModel(v["state"])
		}
		m := map[string]any{}
		for k, e := range v {
			m[k] = ageless(k, e)
		}
		return m
	}
	return v
}

// widgetsByModel are the states of widgets, whose ids are random.
func widgetsByModel(state any) any {
	var list []any
	for _, v := range state.(map[string]any) {
		list = append(list, ageless("", v))
	}
	slices.SortFunc(list, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return list
}
