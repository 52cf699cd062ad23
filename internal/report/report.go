// Package report turns an executed notebook into something to read: one HTML
// file that needs nothing beside it, and that file printed as PDF.
//
// A notebook is not trusted. What it brought as HTML passes a list of what is
// allowed (sanitize.go), images stand in <img> where nothing in them runs, and
// the page's own policy forbids every script but the vendored KaTeX, which is
// known by its hash, and every request. Where a report is served from the
// address of a Freshet server, it should be under the header
// "Content-Security-Policy: sandbox allow-scripts allow-popups" all the same:
// own templates are as free as their authors.
//
// The page is an html/template over Page. Own templates get the same data and
// the same pieces, so that what the built-in page does is no secret.
package report

import (
	"fmt"
	"io"

	"github.com/freshet/freshet/internal/nbformat"
)

// Options are how a report looks.
type Options struct {
	// Title stands above the report and in the browser's tab. Without it, the
	// title is the notebook's own: its metadata's, or its first heading.
	Title string

	// HideCode leaves out the source of code cells, and prompts with it.
	HideCode bool

	// NoTOC leaves out the table of contents. One with fewer than two headings
	// is left out anyway.
	NoTOC bool

	// Template is the text of an own Go template (html/template) over Page; see
	// docs/notebooks.md. Empty: the built-in page.
	Template string

	// TemplateName is what errors in Template call it, as a rule its file.
	TemplateName string
}

// HTML writes the report of a notebook. After an error, which only a template
// or w can cause, what has been written is of no use.
func HTML(w io.Writer, nb *nbformat.Notebook, o Options) error {
	page, err := newPage(nb, o)
	if err != nil {
		return fmt.Errorf("render notebook: %w", err)
	}
	return execute(w, page, o)
}
