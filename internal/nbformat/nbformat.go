// Package nbformat reads and writes Jupyter notebooks (.ipynb files).
//
// Any notebook of format 3.0 to 4.5 becomes one of 4.5 in memory; newer
// minors of 4 stay what they are. What a notebook has and this package does
// not know (fields, mime types, kinds of cells and outputs) is kept and
// written again. What is written is, byte for byte, what Python's nbformat
// writes for the same notebook, so that a file that nobody changed shows no
// difference; only the text of a number is kept rather than normalized.
//
// Nothing here is random: a cell that has no id gets one that follows from
// its place and its source, so that the same file is always read the same.
package nbformat

import (
	"slices"
)

// The format that every older notebook is upgraded to.
const (
	Format = 4
	Minor  = 5
)

// CellType says what a cell holds. Other values than these are kept and not
// understood.
type CellType string

// The cell types.
const (
	Code     CellType = "code"
	Markdown CellType = "markdown"
	Raw      CellType = "raw"
)

// OutputType says what an output is. Other values than these are kept and
// not understood.
type OutputType string

// The output types.
const (
	Stream        OutputType = "stream"
	DisplayData   OutputType = "display_data"
	ExecuteResult OutputType = "execute_result"
	Error         OutputType = "error"
)

// Notebook is a notebook in memory. Every any in it and below is what JSON
// gives: nil, bool, json.Number, string, []any, map[string]any. A json.Number
// keeps the text of the file, and may be NaN, Infinity or -Infinity, which
// Python writes and reads.
type Notebook struct {
	Cells         []*Cell
	Metadata      map[string]any
	Format, Minor int
	Extra         map[string]any // what else the file has at this level
}

// Cell is a cell. Outputs and ExecutionCount are of code cells only.
type Cell struct {
	Type           CellType
	ID             string
	Source         string // lines joined
	Metadata       map[string]any
	Outputs        []*Output
	ExecutionCount *int           // nil: not executed
	Attachments    map[string]any // name -> mime type -> content; nil: the cell has no such field
	Extra          map[string]any
}

// Output is an output of a code cell.
type Output struct {
	Type OutputType

	Name, Text string // of a stream: stdout or stderr, and lines joined

	// Data is what a display or a result holds by mime type: a string with its
	// lines joined, and for JSON mime types any value.
	Data, Metadata map[string]any
	ExecutionCount *int // of a result

	EName, EValue string // of an error
	Traceback     []string

	Extra map[string]any // what else; of a type that is not known everything
}

// Kernel is the name of the kernel that the notebook asks for, empty if none.
func (nb *Notebook) Kernel() string { return nb.text("kernelspec", "name") }

// Language is the language of the notebook as its kernel, or else its
// kernelspec, names it; empty if neither does.
func (nb *Notebook) Language() string {
	if name := nb.text("language_info", "name"); name != "" {
		return name
	}
	return nb.text("kernelspec", "language")
}

func (nb *Notebook) text(block, key string) string {
	m, _ := nb.Metadata[block].(map[string]any)
	s, _ := m[key].(string)
	return s
}

// Tags are the cell's tags in their order.
func (c *Cell) Tags() []string {
	list, _ := c.Metadata["tags"].([]any)
	var tags []string
	for _, v := range list {
		if tag, ok := v.(string); ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

// HasTag says whether the cell has the tag.
func (c *Cell) HasTag(tag string) bool { return slices.Contains(c.Tags(), tag) }

// SetTags replaces the cell's tags.
func (c *Cell) SetTags(tags ...string) {
	list := make([]any, len(tags))
	for i, tag := range tags {
		list[i] = tag
	}
	if c.Metadata == nil {
		c.Metadata = map[string]any{}
	}
	c.Metadata["tags"] = list
}

// AddTag gives the cell a tag that it may have already.
func (c *Cell) AddTag(tag string) {
	if !c.HasTag(tag) {
		c.SetTags(append(c.Tags(), tag)...)
	}
}

// IsJSON says whether contents of this mime type are any JSON value rather
// than a string.
func IsJSON(mime string) bool {
	return mime == "application/json" || len(mime) > len("application/+json") &&
		mime[:len("application/")] == "application/" && mime[len(mime)-len("+json"):] == "+json"
}
