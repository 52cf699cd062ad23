package nbformat_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet/freshet/internal/nbformat"
)

var texts = rapid.OneOf(rapid.String(), rapid.StringMatching("[a-c\n\r\v\f\x1c-\x1f\"\\\\\u007f\u0085\u2028\u2029é😍\ue000]{0,8}"))

func anything(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), texts.AsAny(),
		rapid.Custom(func(t *rapid.T) any { return json.Number(fmt.Sprint(rapid.Int64().Draw(t, "whole"))) }),
		rapid.Custom(func(t *rapid.T) any { return nbformat.Float(rapid.Float64().Draw(t, "fraction")) }),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(anything(depth-1), 0, 3).Draw(t, "list") }),
			rapid.Custom(func(t *rapid.T) any { return objects(depth-1).Draw(t, "object") }))
	}
	return rapid.OneOf(kinds...)
}

func objects(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOfN(texts, anything(depth), 0, 4)
}

func bundles(t *rapid.T) map[string]any {
	mimes := rapid.SampledFrom([]string{"text/plain", "text/html", "image/png", "image/svg+xml", "application/javascript", "application/x", "text/é"})
	data := map[string]any{}
	for mime, text := range rapid.MapOfN(mimes, texts, 0, 4).Draw(t, "bundle") {
		data[mime] = text
	}
	data["application/vnd.x+json"] = anything(2).Draw(t, "json")
	return data
}

func outputs(t *rapid.T) *nbformat.Output {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return &nbformat.Output{Type: nbformat.Stream, Name: "stdout", Text: texts.Draw(t, "text")}
	case 1:
		return &nbformat.Output{Type: nbformat.Error, EName: texts.Draw(t, "ename"), EValue: texts.Draw(t, "evalue"), Traceback: rapid.SliceOf(texts).Draw(t, "traceback")}
	case 2:
		n := rapid.IntRange(0, 9).Draw(t, "count")
		return &nbformat.Output{Type: nbformat.ExecuteResult, ExecutionCount: &n, Data: bundles(t), Metadata: objects(1).Draw(t, "metadata")}
	}
	return &nbformat.Output{Type: nbformat.DisplayData, Data: bundles(t)}
}

var notebooks = rapid.Custom(func(t *rapid.T) *nbformat.Notebook {
	nb := &nbformat.Notebook{Format: 4, Minor: 5, Metadata: objects(2).Draw(t, "metadata")}
	for range rapid.IntRange(0, 3).Draw(t, "cells") {
		c := nb.NewCell(rapid.SampledFrom([]nbformat.CellType{nbformat.Code, nbformat.Markdown, nbformat.Raw}).Draw(t, "type"), texts.Draw(t, "source"))
		c.Metadata = objects(1).Draw(t, "cell metadata")
		if c.Type == nbformat.Code {
			c.Outputs = rapid.SliceOfN(rapid.Custom(outputs), 0, 3).Draw(t, "outputs")
		}
		nb.Cells = append(nb.Cells, c)
	}
	return nb
})

// Whatever is in a notebook, Python writes the bytes that this package wrote,
// and reads from them what it reads.
func TestRandomNotebooksAgainstPython(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i := range 300 {
		file := filepath.Join(dir, fmt.Sprint(i, ".ipynb"))
		if err := os.WriteFile(file, notebooks.Example(i).Append(nil), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for i, text := range python(t, files...) {
		compare(t, readFile(t, files[i]), []byte(text))
		if string(readFile(t, files[i])) != text {
			t.Errorf("%s: Python writes\n%s", readFile(t, files[i]), text)
		}
	}
}
