package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// printer writes for people: in colours and no wider than the screen on a
// terminal, plain elsewhere. It may be used by several goroutines.
type printer struct {
	terminal bool
	colours  bool
	size     func() (columns, lines int)

	mu     sync.Mutex
	w      io.Writer
	failed error // the first write that did not succeed
}

func newPrinter(w io.Writer, terminal bool, a *app) *printer {
	p := &printer{terminal: terminal, w: w, size: func() (int, int) { return 0, 0 }}
	p.colours = terminal && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
	if terminal && a.Size != nil {
		p.size = a.Size
	}
	return p
}

// Write makes a printer a writer of whole pieces of text.
func (p *printer) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.w.Write(text)
	if err != nil && p.failed == nil {
		p.failed = err
	}
	return n, err
}

// failure is the first write that did not succeed: most of what is written is
// written by line, which has no error to return.
func (p *printer) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// line writes a line.
func (p *printer) line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

// colour is an SGR code.
type colour string

const (
	noColour colour = ""
	bold     colour = "1"
	dim      colour = "2"
	red      colour = "31"
	green    colour = "32"
	yellow   colour = "33"
	blue     colour = "34"
	magenta  colour = "35"
	cyan     colour = "36"
)

// paint gives text a colour where colours are wanted.
func (p *printer) paint(c colour, text string) string {
	if !p.colours || c == noColour || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// oneLine makes a text fit into one line of a terminal: ends of lines and tabs
// are blanks, and what would move the cursor is shown, not done.
func oneLine(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n', r == '\t':
			b.WriteByte(' ')
		case r == '\r':
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return strings.TrimSpace(b.String())
}

// shorten cuts a text to so many characters; 0 leaves it as it is.
func shorten(text string, width int) string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
