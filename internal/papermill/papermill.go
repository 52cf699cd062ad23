// Package papermill does to a notebook what papermill does around a run:
// it injects the parameters cell, keeps the papermill blocks in the metadata,
// marks where a run failed, reads parameters from a command line, and reads
// what scrapbook glued. Tools that people wrote for papermill's files find in
// Freshet's what they look for.
//
// Where papermill writes code that is wrong, or that a parameter's value
// could turn into other code, this package writes it right;
// docs/from-papermill.md lists each case.
package papermill

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// Version is the papermill whose behaviour and metadata this package follows.
const Version = "2.7.0"

// The tags that papermill knows.
const (
	TagParameters = "parameters"          // the cell with the defaults
	TagInjected   = "injected-parameters" // the cell that papermill wrote
	TagError      = "papermill-error-cell-tag"
)

// Options say how a notebook is prepared.
type Options struct {
	Input, Output string  // paths, as people gave them
	Parameters    []Param // in their order; none: nothing is injected
	Kernel        string  // instead of the notebook's own
	Language      string  // instead of the notebook's own
	HideCode      bool    // papermill's report mode
}

// Prepare makes a notebook ready to run: blocks of metadata, parameters,
// paths, and no marks of an earlier failure. Outputs stay as they are; Begin
// clears them. The warnings are papermill's.
func Prepare(nb *nbformat.Notebook, o Options) (warnings []string, err error) {
	notebookBlock(nb)
	for _, c := range nb.Cells {
		cellBlock(c)
		if _, ok := c.Metadata["tags"]; !ok {
			c.SetTags()
		}
	}
	if len(o.Parameters) > 0 {
		if warnings, err = Inject(nb, o.Parameters, o); err != nil {
			return nil, err
		}
	}
	if o.HideCode {
		hideCode(nb)
	}
	block := notebookBlock(nb)
	block["input_path"], block["output_path"] = o.Input, o.Output
	RemoveErrorMarks(nb)
	return warnings, nil
}

// Inject writes the parameters into a cell of the notebook: in place of the
// first cell that was injected before, else behind the first cell with the
// tag parameters, else at the top.
func Inject(nb *nbformat.Notebook, params []Param, o Options) (warnings []string, err error) {
	lang, err := languageOf(nb, o)
	if err != nil {
		return nil, err
	}
	source, values, err := lang.code(params)
	if err != nil {
		return nil, err
	}
	warnings = unknown(nb, params)
	cell := nb.NewCell(nbformat.Code, source)
	cell.SetTags(TagInjected)
	injected, defaults := tagged(nb, TagInjected), tagged(nb, TagParameters)
	switch {
	case injected >= 0:
		nb.Cells = slices.Clone(nb.Cells)
		nb.Cells[injected] = cell
	case defaults >= 0:
		nb.Cells = slices.Insert(slices.Clone(nb.Cells), defaults+1, cell)
	default:
		warnings = append(warnings, "no cell has the tag parameters: the parameters are set at the top of the notebook")
		nb.Cells = slices.Insert(slices.Clone(nb.Cells), 0, cell)
	}
	notebookBlock(nb)["parameters"] = values
	return warnings, nil
}

// unknown warns about parameters that the cell with the defaults does not
// set. Where the defaults cannot be read, nothing is known about them.
func unknown(nb *nbformat.Notebook, params []Param) (warnings []string) {
	known, problems := Infer(nb)
	if len(known) == 0 || len(problems) > 0 {
		return nil
	}
	for _, p := range params {
		if !slices.ContainsFunc(known, func(k Inferred) bool { return k.Name == p.Name }) {
			warnings = append(warnings, fmt.Sprintf("the notebook does not know the parameter %s: its parameters are %s", p.Name, names(known)))
		}
	}
	return warnings
}

func names(list []Inferred) string {
	var all []string
	for _, p := range list {
		all = append(all, p.Name)
	}
	return strings.Join(all, ", ")
}

// tagged is the index of the first cell with a tag, -1 if there is none.
func tagged(nb *nbformat.Notebook, tag string) int {
	return slices.IndexFunc(nb.Cells, func(c *nbformat.Cell) bool { return c.HasTag(tag) })
}

func hideCode(nb *nbformat.Notebook) {
	for _, c := range nb.Cells {
		if c.Type == nbformat.Code {
			block(&c.Metadata, "jupyter")["source_hidden"] = true
		}
	}
}

// block is the object under a key of the metadata, made if it is not there.
func block(metadata *map[string]any, key string) map[string]any {
	if *metadata == nil {
		*metadata = map[string]any{}
	}
	m, ok := (*metadata)[key].(map[string]any)
	if !ok {
		m = map[string]any{}
		(*metadata)[key] = m
	}
	return m
}

func cellBlock(c *nbformat.Cell) map[string]any { return block(&c.Metadata, "papermill") }

// notebookBlock is the notebook's papermill block. One that is there is kept,
// whichever version wrote it.
func notebookBlock(nb *nbformat.Notebook) map[string]any {
	if _, ok := nb.Metadata["papermill"].(map[string]any); ok {
		return block(&nb.Metadata, "papermill")
	}
	m := block(&nb.Metadata, "papermill")
	m["default_parameters"], m["parameters"], m["environment_variables"] = map[string]any{}, map[string]any{}, map[string]any{}
	m["version"] = Version
	return m
}
