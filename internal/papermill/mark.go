package papermill

import (
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// Cause is why a run failed, as the marks in the notebook tell it. Papermill
// marks exceptions only, and leaves a file that looks successful after the
// others.
type Cause int

// The causes.
const (
	Exception   Cause = iota // an error in the cell's code
	TimedOut                 // the cell or the notebook took too long
	KernelDied               // the kernel ended by itself
	Interrupted              // somebody stopped the run
	NotStarted               // no kernel came up
)

const style = `style="color:red; font-family:Helvetica Neue, Helvetica, Arial, sans-serif; font-size:2em;"`

var causes = [...]struct{ banner, anchor string }{
	Exception:   {"An Exception was encountered", "Execution using papermill encountered an exception here and stopped:"},
	TimedOut:    {"A time-out was reached", "Execution took longer than allowed here and was stopped:"},
	KernelDied:  {"The kernel died", "The kernel died here and execution stopped:"},
	Interrupted: {"Execution was stopped", "Execution was stopped here:"},
	NotStarted:  {"No kernel was started", ""},
}

// MarkError adds what a reader sees first: a banner at the top and, before
// the cell that failed, a mark that the banner links to. c is nil where no
// cell had begun. detail, which may be empty, follows the banner's words.
func MarkError(nb *nbformat.Notebook, c *nbformat.Cell, cause Cause, detail string) {
	words := causes[cause].banner
	if detail != "" {
		words += " (" + html.EscapeString(detail) + ")"
	}
	at := slices.Index(nb.Cells, c)
	if c == nil || at < 0 {
		nb.Cells = slices.Insert(slices.Clone(nb.Cells), 0, mark(nb, `<span `+style+`>`+words+`.</span>`))
		return
	}
	banner := mark(nb, `<span `+style+`>`+words+` at '<a href="#papermill-error-cell">`+place(c)+`</a>'.</span>`)
	anchor := mark(nb, `<span id="papermill-error-cell" `+style+`>`+causes[cause].anchor+`</span>`)
	nb.Cells = slices.Insert(slices.Clone(nb.Cells), at, anchor)
	nb.Cells = slices.Insert(nb.Cells, 0, banner)
}

func mark(nb *nbformat.Notebook, source string) *nbformat.Cell {
	c := nb.NewCell(nbformat.Markdown, source)
	c.SetTags(TagError)
	return c
}

// place is how Jupyter names a cell that was executed.
func place(c *nbformat.Cell) string {
	if c.ExecutionCount == nil {
		return "In [ ]"
	}
	return "In [" + strconv.Itoa(*c.ExecutionCount) + "]"
}

// RemoveErrorMarks takes out what MarkError, or papermill, added.
func RemoveErrorMarks(nb *nbformat.Notebook) {
	nb.Cells = slices.DeleteFunc(slices.Clone(nb.Cells), func(c *nbformat.Cell) bool { return c.HasTag(TagError) })
}

// colors are the sequences that give text in a terminal its colours.
var colors = newPattern("\x1b\\[(K|.*?m)")

// ErrorText is the error of a cell as papermill prints it, without colours.
func ErrorText(c *nbformat.Cell) string {
	var lines []string
	for _, o := range c.Outputs {
		if o.Type == nbformat.Error {
			lines = o.Traceback
		}
	}
	text := colors.get().ReplaceAllString(strings.Join(lines, "\n"), "")
	return strings.Repeat("-", 75) + "\nException encountered at \"" + place(c) + "\":\n" + text + "\n"
}
