package papermill_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/nbformat"
	. "github.com/freshet/freshet/internal/papermill"
)

const kernelMetadata = `"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}, "language_info": {"name": "python"}`

func code(id, tags, source string) string {
	return `{"cell_type": "code", "id": "` + id + `", "metadata": {` + tags + `}, "execution_count": 4, "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}], "source": ` + quoted(source) + `}`
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func notebook(metadata string, cells ...string) string {
	return `{"nbformat": 4, "nbformat_minor": 5, "metadata": {` + metadata + `}, "cells": [` + strings.Join(cells, ",") + `]}`
}

func read(t *testing.T, text string) *nbformat.Notebook {
	t.Helper()
	nb, err := nbformat.Read([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return nb
}

// A notebook that is prepared is papermill --prepare-only, byte for byte but
// for the random id of the new cell.
func TestPrepareAsPapermill(t *testing.T) {
	markdown := `{"cell_type": "markdown", "id": "md", "metadata": {}, "source": "# T"}`
	marked := `{"cell_type": "markdown", "id": "er", "metadata": {"tags": ["papermill-error-cell-tag"]}, "source": "old"}`
	old := `, "papermill": {"default_parameters": {}, "parameters": {"a": 9}, "environment_variables": {}, "version": "2.3.0", "duration": 1.5, "exception": true}`
	type question struct {
		Notebook   string
		Parameters string // JSON
		HideCode   bool
	}
	questions := []question{
		{notebook(kernelMetadata, markdown, code("c1", `"tags": ["parameters"]`, "a = 1"), code("c2", "", "a")), `{"a": 2}`, false},
		{notebook(kernelMetadata, markdown, code("c2", "", "a")), `{"b": "x", "a": [1.5, null, {"k": true}]}`, false},
		{notebook(kernelMetadata, code("c1", `"tags": ["parameters"]`, "a = 1"), code("c3", `"tags": ["injected-parameters", "mine"]`, "a = 7"), code("c4", `"tags": ["injected-parameters"]`, "a = 8")), `{"a": 2}`, false},
		{notebook(kernelMetadata, code("c3", `"tags": ["injected-parameters"]`, "a = 7"), code("c1", `"tags": ["x", "parameters"]`, "a = 1"), code("c5", `"tags": ["parameters"]`, "")), `{"a": 2}`, false},
		{notebook(kernelMetadata+old, marked, code("c1", `"tags": ["parameters"]`, "a = 1"), marked), `{}`, false},
		{notebook(kernelMetadata, code("c1", `"collapsed": true, "papermill": {"status": "completed"}`, "a = 1")), `{}`, false},
		{notebook(kernelMetadata, markdown, code("c1", `"tags": ["parameters"]`, "a = 1")), `{"a": NaN, "z": Infinity, "é": "é"}`, true},
		{notebook(""), `{}`, false},
	}
	var want []string
	asked(t, "prepare", `
import papermill, logging
logging.disable(logging.CRITICAL)
answer = []
for q in input:
    open("in.ipynb", "w").write(q["Notebook"])
    papermill.execute_notebook("in.ipynb", "out.ipynb", json.loads(q["Parameters"]), prepare_only=True, report_mode=q["HideCode"])
    answer.append(open("out.ipynb").read())
print(json.dumps(answer))
`, questions, &want)
	for i, q := range questions {
		nb, theirs := read(t, q.Notebook), read(t, want[i])
		v, ok := nbformat.ParseJSON(q.Parameters)
		if !ok {
			t.Fatal(q.Parameters)
		}
		var params []Param
		object := v.(map[string]any)
		for _, name := range keysIn(q.Parameters) {
			params = append(params, Param{name, object[name]})
		}
		if _, err := Prepare(nb, Options{Input: "in.ipynb", Output: "out.ipynb", Parameters: params, HideCode: q.HideCode}); err != nil {
			t.Fatal(err)
		}
		for j, c := range nb.Cells {
			if c.HasTag(TagInjected) && len(params) > 0 && !strings.Contains(q.Notebook, `"id": "`+c.ID) {
				c.ID = theirs.Cells[j].ID
			}
		}
		if diff := cmp.Diff(want[i], string(nb.Append(nil))); diff != "" {
			t.Errorf("%s %s (-papermill +got):\n%s", q.Notebook, q.Parameters, diff)
		}
	}
}

// keysIn are the keys of a flat JSON object in their order.
func keysIn(text string) []string {
	params, err := ParseYAML("", []byte(text))
	if err != nil {
		panic(err)
	}
	var keys []string
	for _, p := range params {
		keys = append(keys, p.Name)
	}
	return keys
}

func TestPrepareWarns(t *testing.T) {
	for _, test := range []struct {
		cells  []string
		params []Param
		want   []string
	}{
		{[]string{code("a", "", "")}, []Param{{"a", 1}}, []string{"no cell has the tag parameters: the parameters are set at the top of the notebook"}},
		{[]string{code("a", `"tags": ["parameters"]`, "b = 1\nc = 2")}, []Param{{"b", 1}, {"a", 1}}, []string{"the notebook does not know the parameter a: its parameters are b, c"}},
		{[]string{code("a", `"tags": ["parameters"]`, "import x")}, []Param{{"a", 1}}, nil},
		{[]string{code("a", "", "")}, nil, nil},
	} {
		warnings, err := Prepare(read(t, notebook(kernelMetadata, test.cells...)), Options{Parameters: test.params})
		if diff := cmp.Diff(test.want, warnings); err != nil || diff != "" {
			t.Errorf("%v: %v\n%s", test.cells, err, diff)
		}
	}
}

// Report mode keeps what else a cell says about itself; papermill drops it.
func TestHideCodeKeepsTheRest(t *testing.T) {
	nb := read(t, notebook("", code("a", `"jupyter": {"outputs_hidden": true}`, "")))
	if _, err := Prepare(nb, Options{HideCode: true}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"outputs_hidden": true, "source_hidden": true}
	if diff := cmp.Diff(want, nb.Cells[0].Metadata["jupyter"]); diff != "" {
		t.Error(diff)
	}
}
