package spec

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// document is the text of one workflow within its file. Its lines are counted
// from first, the file's line on which it begins.
type document struct {
	file   string
	first  int
	source []byte   // as written
	lines  []string // without line ends; shared by all who look at the text
}

// split cuts a file at its document markers, `---` and `...`, which YAML
// allows at the beginning of a line only. Parts that hold nothing but comments
// and directives are no documents. Cutting before parsing keeps a syntax error
// in one document from hiding the problems of the next.
func split(file string, source []byte) []*document {
	var docs []*document
	start, line, first := 0, 1, 1
	closed := func(end int) {
		d := &document{file: file, first: first, source: source[start:end]}
		d.lines = linesOf(string(d.source))
		if d.holdsSomething() {
			docs = append(docs, d)
		}
	}
	for at := 0; at < len(source); line++ {
		end := lineEnd(source, at)
		text := source[at:end]
		switch {
		case marks(text, "---"):
			closed(at)
			start, first = at, line
			if onlyComment(text[3:]) {
				start, first = end, line+1
			}
		case marks(text, "..."):
			closed(at)
			start, first = end, line+1
		}
		at = end
	}
	closed(len(source))
	return docs
}

// lineEnd is the place after the line that begins at a place. Lines end with
// LF, CRLF or CR, as in YAML.
func lineEnd(b []byte, at int) int {
	i := bytes.IndexAny(b[at:], "\r\n")
	if i < 0 {
		return len(b)
	}
	end := at + i + 1
	if b[end-1] == '\r' && end < len(b) && b[end] == '\n' {
		end++
	}
	return end
}

func linesOf(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
}

func marks(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

func onlyComment(b []byte) bool {
	b = bytes.TrimSpace(b)
	return len(b) == 0 || b[0] == '#'
}

// holdsSomething tells whether there is more than comments and directives.
func (d *document) holdsSomething() bool {
	for _, l := range d.lines {
		if !onlyComment([]byte(l)) && !strings.HasPrefix(l, "%") {
			return true
		}
	}
	return false
}

// line is the text of a line of the file, empty outside the document.
func (d *document) line(n int) string {
	if i := n - d.first; i >= 0 && i < len(d.lines) {
		return d.lines[i]
	}
	return ""
}

// clamp moves a place into the document, so that editors can always show it.
func (d *document) clamp(line, col int) (int, int) {
	line = min(max(line, d.first), d.first+len(d.lines)-1)
	return line, min(max(col, 1), utf8.RuneCountInString(d.line(line))+1)
}

// text is what the YAML parser reads: the document with plain line ends.
func (d *document) text() string { return strings.Join(d.lines, "\n") }
