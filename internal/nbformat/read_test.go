package nbformat_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
)

func withCells(cells string) string {
	return `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [` + cells + `]}`
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", "not a notebook: it is not JSON: line 1, column 1: the file ends too early"},
		{"cut off", "{\"cells\": [\n {\"id\": \"a", "not a notebook: it is not JSON: line 2, column 11: the file ends within a text"},
		{"conflict", "{\n<<<<<<< HEAD\n", "not a notebook: it is not JSON: line 2, column 1: a key in quotes is expected"},
		{"single quotes", "{'a': 1}", "not a notebook: it is not JSON: line 1, column 2: a key in quotes is expected"},
		{"number", `{"nbformat": 04}`, "not a notebook: it is not JSON: line 1, column 14: a value is expected"},
		{"comma", `{"nbformat": 4 "a": 1}`, "not a notebook: it is not JSON: line 1, column 16: a comma or } is expected"},
		{"escape", `{"\x": 4}`, "not a notebook: it is not JSON: line 1, column 4: no such escape in a text"},
		{"line break in a text", "{\"a\n\": 4}", "not a notebook: it is not JSON: line 1, column 4: a line break or control character inside a text"},
		{"two notebooks", withCells("") + "\n{}", "not a notebook: it is not JSON: line 2, column 1: something follows the end of the notebook"},
		{"binary", "\x89PNG\r\n", "not a notebook: the file is not UTF-8 text"},
		{"deep", strings.Repeat("[", 100_000), "not a notebook: values nest deeper than 900"},
		{"list", "[]", "not a notebook: the file holds a list, not a notebook"},
		{"other JSON", `{"a": 1}`, "not a notebook: it has no nbformat"},
		{"format is a text", `{"nbformat": "4"}`, "not a notebook: nbformat must be a whole number, it is a text"},
		{"format 1", `{"nbformat": 1}`, "the notebook has format 1, which is older than what can be read (3.0 to 4.5)"},
		{"format 2", `{"nbformat": 2, "worksheets": []}`, "the notebook has format 2, which is older than what can be read (3.0 to 4.5)"},
		{"format 5", `{"nbformat": 5}`, "the notebook has format 5, which is not known (3.0 to 4.5 are)"},
		{"minor", `{"nbformat": 4, "nbformat_minor": -1}`, "not a notebook: nbformat_minor must be a whole number, it is the number -1"},
		{"no cells", `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}`, "not a notebook: it has no cells"},
		{"no worksheets", `{"nbformat": 3, "metadata": {}}`, "not a notebook: it has format 3 and no worksheets"},
		{"worksheets", `{"nbformat": 3, "metadata": {}, "worksheets": {}}`, "notebook: worksheets must be a list, it is an object"},
		{"worksheet", `{"nbformat": 3, "metadata": {}, "worksheets": [1]}`, "worksheet 1: cells must be a list, it is null"},
		{"metadata", `{"nbformat": 4, "nbformat_minor": 5, "metadata": []}`, "notebook: metadata must be an object, it is a list"},
		{"cells", `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {}}`, "notebook: cells must be a list, it is an object"},
		{"cell", withCells("{\"cell_type\": \"raw\"}, 3"), "notebook: cell 2 must be an object, it is the number 3"},
		{"cell type", withCells(`{}`), `cell 1: cell_type must be "code", "markdown" or "raw", it is null`},
		{"source", withCells(`{"cell_type": "raw", "source": ["a", 1]}`), "cell 1: source must be a text or a list of lines, it is a list"},
		{"cell metadata", withCells(`{"cell_type": "raw", "metadata": true}`), "cell 1: metadata must be an object, it is true"},
		{"attachments", withCells(`{"cell_type": "raw", "attachments": "x"}`), "cell 1: attachments must be an object, it is a text"},
		{"execution count", withCells(`{"cell_type": "code", "execution_count": 1.5}`), "cell 1: execution_count must be a whole number or null, it is the number 1.5"},
		{"outputs", withCells(`{"cell_type": "code", "outputs": "x"}`), "cell 1: outputs must be a list, it is a text"},
		{"output", withCells(`{"cell_type": "code", "outputs": [[]]}`), "cell 1: output 1 must be an object, it is a list"},
		{"output type", withCells(`{"cell_type": "code", "outputs": [{}]}`), `cell 1, output 1: output_type must be "stream", "display_data", "execute_result" or "error", it is null`},
		{"stream", withCells(`{"cell_type": "code", "outputs": [{"output_type": "stream", "text": 7}]}`), "cell 1, output 1: text must be a text or a list of lines, it is the number 7"},
		{"data", withCells(`{"cell_type": "code", "outputs": [{"output_type": "display_data", "data": "x"}]}`), "cell 1, output 1: data must be an object, it is a text"},
		{"traceback", withCells(`{"cell_type": "code", "outputs": [{"output_type": "error", "traceback": "x"}]}`), "cell 1, output 1: traceback must be a list of texts, it is a text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			nb, err := nbformat.Read([]byte(test.file))
			if err == nil {
				t.Fatalf("read: %+v", nb)
			}
			var e *freshet.Error
			if !errors.As(err, &e) || e.Code != freshet.Invalid {
				t.Errorf("not an error for people: %#v", err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRepairs(t *testing.T) {
	nb, repairs, err := nbformat.Parse([]byte(`{"nbformat": 4, "nbformat_minor": 5, "cells": [
		{"cell_type": "raw", "id": "a", "metadata": {}, "source": ""},
		{"cell_type": "raw", "id": "a", "metadata": {}, "source": ""},
		{"cell_type": "raw", "id": "a b", "metadata": {}, "source": ""},
		{"cell_type": "raw", "id": 7, "metadata": {}, "source": "x"},
		{"cell_type": "raw"},
		{"cell_type": "code", "id": "c", "metadata": null, "source": null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"the notebook has no metadata",
		"cell 4 has an id that is the number 7, not a text",
		"cell 5 has no source",
		"cell 5 has no metadata",
		"cell 6 has no source",
		"cell 6 has no metadata",
		"cell 6 has no outputs",
		`cell 2 has the id "a" of an earlier cell`,
		`cell 3 has an id that is not allowed (letters, digits, - and _, up to 64): "a b"`,
		"cell 4 has no id",
		"cell 5 has no id",
	}
	if diff := cmp.Diff(want, repairs); diff != "" {
		t.Errorf("repairs (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for i, c := range nb.Cells {
		if c.ID == "" || seen[c.ID] {
			t.Errorf("cell %d: id %q", i+1, c.ID)
		}
		seen[c.ID] = true
	}
	if nb.Cells[0].ID != "a" || nb.Cells[5].ID != "c" {
		t.Errorf("ids that were sound were replaced: %q, %q", nb.Cells[0].ID, nb.Cells[5].ID)
	}
	if _, repairs, err := nbformat.Parse(nb.Append(nil)); err != nil || repairs != nil {
		t.Errorf("what was repaired is written with faults: %q, %v", repairs, err)
	}
}

// The same file is read the same, and a notebook without ids is no fault
// before 4.5.
func TestIDsFollowFromTheFile(t *testing.T) {
	old := readFile(t, "testdata/minor0.ipynb")
	nb, repairs, err := nbformat.Parse(old)
	if err != nil || repairs != nil {
		t.Fatalf("%q, %v", repairs, err)
	}
	again, err := nbformat.Read(old)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(nb, again); diff != "" {
		t.Error(diff)
	}
	if a, b := nb.Cells[1], nb.Cells[2]; a.Source != b.Source || a.ID == b.ID {
		t.Errorf("equal cells need different ids: %q, %q", a.ID, b.ID)
	}
}

// What this package does not know is kept, where it was.
func TestUnknownIsKept(t *testing.T) {
	file := `{
 "cells": [
  {
   "cell_type": "poem",
   "id": "p",
   "lines": [
    1
   ],
   "metadata": {
    "deep": [
     1.50,
     1E5,
     12345678901234567890123,
     NaN
    ]
   },
   "source": [
    "x"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "c",
   "metadata": {},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [],
     "when": 3
    },
    {
     "output_type": "hologram",
     "text": [
      "a\n",
      "b"
     ]
    },
    {
     "data": {
      "application/vnd.x+json": "text\nof JSON",
      "chemical/x-pdb": "a\nb",
      "text/plain": {
       "not": "a text"
      }
     },
     "metadata": {
      "isolated": true
     },
     "output_type": "display_data",
     "transient": {}
    }
   ],
   "source": []
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 7,
 "zebra": false
}`
	nb, repairs, err := nbformat.Parse([]byte(file))
	if err != nil || repairs != nil {
		t.Fatalf("%q, %v", repairs, err)
	}
	if diff := cmp.Diff(file, string(nb.Append(nil))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTextsAreJoined(t *testing.T) {
	nb, err := nbformat.Read(readFile(t, "testdata/everything.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	if got := nb.Cells[0].Source; got != "# Title\ntext" {
		t.Errorf("source: %q", got)
	}
	out := nb.Cells[3].Outputs
	if out[0].Text != "a\nb" || out[0].Name != "stdout" {
		t.Errorf("stream: %+v", out[0])
	}
	if got := out[3].Data["text/plain"]; got != "1\n2" {
		t.Errorf("text/plain: %q", got)
	}
	if diff := cmp.Diff([]any{"x\n", "y"}, out[3].Data["application/json"]); diff != "" {
		t.Errorf("JSON that is a list of texts stays one:\n%s", diff)
	}
	if nb.Kernel() != "python3" || nb.Language() != "python" {
		t.Errorf("kernel %q, language %q", nb.Kernel(), nb.Language())
	}
}

func TestTags(t *testing.T) {
	c := &nbformat.Cell{}
	c.AddTag("a")
	c.AddTag("b")
	c.AddTag("a")
	if diff := cmp.Diff([]string{"a", "b"}, c.Tags()); diff != "" || !c.HasTag("b") || c.HasTag("c") {
		t.Errorf("%v", c.Tags())
	}
	c.Metadata["tags"] = []any{json.Number("1"), "x"}
	if diff := cmp.Diff([]string{"x"}, c.Tags()); diff != "" {
		t.Error(diff)
	}
}

// FuzzRead: whatever the file, reading returns, and what is read and written
// is read again as the same, with nothing left to repair.
func FuzzRead(f *testing.F) {
	for _, file := range glob(f, "testdata/*.ipynb") {
		f.Add(readFile(f, file))
	}
	f.Add([]byte(withCells(`{"cell_type": "code", "id": "a", "source": "\ud800\u0000", "outputs": [{"output_type": "error", "traceback": []}]}`)))
	f.Fuzz(func(t *testing.T, file []byte) {
		nb, err := nbformat.Read(file)
		if err != nil {
			return
		}
		written := nb.Append(nil)
		again, repairs, err := nbformat.Parse(written)
		if err != nil || len(repairs) > 0 {
			t.Fatalf("not readable: %v %q\n%s", err, repairs, written)
		}
		if second := again.Append(nil); string(second) != string(written) {
			t.Errorf("not the same (-first +second):\n%s", cmp.Diff(string(written), string(second)))
		}
	})
}
