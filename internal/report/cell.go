package report

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet/internal/nbformat"
)

// Cell is a cell that is to be shown, or some of it.
type Cell struct {
	Number   int           // its place in the notebook, from 1
	ID       string        // the anchor of the cell
	Type     string        // code, markdown, raw
	Tags     []string      // as the notebook has them
	Source   string        // the text of the cell
	Markdown template.HTML // a markdown or raw cell, ready
	OwnTitle bool          // the cell begins with the page's title
	Banner   bool          // papermill's message about the error that ended the run

	Prompt     string        // In [3]:
	Code       template.HTML // highlighted source; empty: not to be shown
	CodeLines  int
	CodeClosed bool // show the code when asked for

	Outputs       []*Output
	OutputsClosed bool // show the outputs when asked for

	Failed   bool          // the cell that ended the run
	Duration time.Duration // zero: not known

	heading *Heading // the heading that the cell begins with
}

// builder makes the cells of a page.
type builder struct {
	page  *Page
	notes *markdown
	parts int // how many rich outputs there are, for their names
}

const errorTag = "papermill-error-cell-tag"

// cell returns nil for a cell of which nothing is shown.
func (b *builder) cell(i int, from *nbformat.Cell) (*Cell, error) {
	marks := readMarks(from)
	if marks.removeCell {
		return nil, nil
	}
	c := &Cell{
		Number: i + 1,
		ID:     "cell-" + strconv.Itoa(i+1),
		Type:   string(from.Type),
		Tags:   from.Tags(),
		Source: from.Source,
		Banner: from.HasTag(errorTag),
	}
	switch from.Type {
	case nbformat.Markdown:
		before := len(b.notes.headings)
		html, starts, err := b.notes.render(from.Source, from.Attachments)
		if err != nil {
			return nil, err
		}
		c.Markdown = html
		if starts && len(b.notes.headings) > before {
			c.heading = &b.notes.headings[before]
		}
	case nbformat.Code:
		return b.code(c, from, marks)
	default:
		return b.raw(c, from)
	}
	return c, nil
}

func (b *builder) code(c *Cell, from *nbformat.Cell, marks marks) (*Cell, error) {
	if !b.page.HideCode && !marks.removeInput && strings.TrimSpace(from.Source) != "" {
		c.Code = highlight(from.Source, b.page.Language)
		c.CodeLines = 1 + strings.Count(strings.TrimRight(from.Source, "\n"), "\n")
		c.CodeClosed = marks.hideInput
		c.Prompt = prompt("In ", from.ExecutionCount)
	}
	if !marks.removeOutputs {
		outputs, err := b.outputs(c, from)
		if err != nil {
			return nil, err
		}
		c.Outputs, c.OutputsClosed = outputs, marks.hideOutputs
	}
	c.readRun(from)
	if c.Code == "" && len(c.Outputs) == 0 {
		return nil, nil
	}
	return c, nil
}

func (c *Cell) readRun(from *nbformat.Cell) {
	run, _ := from.Metadata["papermill"].(map[string]any)
	c.Failed, _ = run["exception"].(bool)
	start, end := moment(run["start_time"]), moment(run["end_time"])
	if !start.IsZero() && end.After(start) {
		c.Duration = end.Sub(start)
	}
}

// raw shows a raw cell as what it says to be. One that is meant for another
// format than HTML has no place here.
func (b *builder) raw(c *Cell, from *nbformat.Cell) (*Cell, error) {
	mime, _ := from.Metadata["raw_mimetype"].(string)
	if mime == "" {
		mime, _ = from.Metadata["format"].(string)
	}
	var err error
	switch mime {
	case "text/markdown":
		c.Markdown, _, err = b.notes.render(from.Source, from.Attachments)
	case "text/html":
		c.Markdown = richHTML(from.Source, c.ID+"-raw")
	case "", "text/plain":
		if strings.TrimSpace(from.Source) == "" {
			return nil, nil
		}
		c.Markdown = template.HTML("<pre>" + template.HTMLEscapeString(from.Source) + "</pre>")
	default:
		return nil, nil
	}
	return c, err
}

func prompt(word string, count *int) string {
	if count == nil {
		return word + "[ ]:"
	}
	return word + "[" + strconv.Itoa(*count) + "]:"
}

// marks are what tags and metadata say about showing a cell.
type marks struct {
	removeCell, removeInput, removeOutputs bool
	hideInput, hideOutputs                 bool
}

// readMarks knows the tags of Jupyter Book, whose words are joined by - or by
// _, and what JupyterLab writes when somebody folds a cell.
func readMarks(cell *nbformat.Cell) marks {
	var tags []string
	for _, tag := range cell.Tags() {
		tags = append(tags, strings.ReplaceAll(tag, "_", "-"))
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(tags, n) })
	}
	jupyter, _ := cell.Metadata["jupyter"].(map[string]any)
	says := func(m map[string]any, key string) bool { v, _ := m[key].(bool); return v }
	return marks{
		removeCell:    has("remove-cell"),
		removeInput:   has("remove-input"),
		removeOutputs: has("remove-output", "remove-outputs"),
		hideInput:     has("hide-input", "hide-cell") || says(jupyter, "source_hidden"),
		hideOutputs: has("hide-output", "hide-outputs", "hide-cell") ||
			says(jupyter, "outputs_hidden") || says(cell.Metadata, "collapsed"),
	}
}
