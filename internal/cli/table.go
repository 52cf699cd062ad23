package cli

import (
	"strings"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// column is a column of a table of T. It is declared once and serves every
// format: the table and plain.
type column[T any] struct {
	head  string
	cell  func(c clock, row T) string
	exact func(row T) string // in plain, where that is not what the table shows
	paint func(row T) colour
	right bool // numbers
	only  format
}

// statusColour is how a status looks everywhere.
func statusColour(s freshet.Status) colour {
	switch s {
	case freshet.Success:
		return green
	case freshet.Failed:
		return red
	case freshet.Stopped, freshet.Stopping, freshet.Retrying:
		return yellow
	case freshet.Running:
		return cyan
	}
	return dim
}

// list writes rows in the format that was asked for.
func list[T any](a *app, rows []T, columns []column[T]) error {
	switch a.flags.output {
	case jsonFormat:
		return writeJSON(a.out, notNil(rows))
	case yamlFormat:
		return writeYAML(a.out, notNil(rows))
	case plainFormat:
		for _, r := range rows {
			plainRow(a.out, r, columns)
		}
		return nil
	}
	table(a, rows, columns)
	return nil
}

// notNil makes an empty list [], not null.
func notNil[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

func plainRow[T any](p *printer, row T, columns []column[T]) {
	var cells []string
	for _, c := range columns {
		switch {
		case c.only == tableFormat:
			continue
		case c.exact != nil:
			cells = append(cells, oneLine(c.exact(row)))
		default:
			cells = append(cells, oneLine(c.cell(clock{}, row)))
		}
	}
	p.line("%s", strings.Join(cells, "\t"))
}

// table writes an aligned table. On a terminal the last column is cut where
// the screen ends.
func table[T any](a *app, rows []T, columns []column[T]) {
	for _, line := range tableLines(a, a.out, rows, columns) {
		a.out.line("%s", line)
	}
}

func tableLines[T any](a *app, p *printer, rows []T, columns []column[T]) []string {
	if len(rows) == 0 {
		return nil
	}
	now := a.clock(p)
	screen, _ := p.size()
	shown := make([]column[T], 0, len(columns))
	for _, c := range columns {
		if c.only == "" || c.only == tableFormat {
			shown = append(shown, c)
		}
	}
	cells := make([][]string, len(rows))
	widths := make([]int, len(shown))
	for i, c := range shown {
		widths[i] = utf8.RuneCountInString(c.head)
	}
	for r, row := range rows {
		cells[r] = make([]string, len(shown))
		for i, c := range shown {
			cells[r][i] = oneLine(c.cell(now, row))
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[r][i]))
		}
	}
	used := 0
	for _, w := range widths[:len(widths)-1] {
		used += w + gap
	}
	last := len(shown) - 1
	if screen > used+3 {
		widths[last] = min(widths[last], screen-used)
	}

	lines := make([]string, 0, len(rows)+1)
	var b strings.Builder
	for i, c := range shown {
		pad(&b, c.head, p.paint(bold, c.head), widths[i], c.right, i == last)
	}
	lines = append(lines, b.String())
	for r, row := range rows {
		b.Reset()
		for i, c := range shown {
			text, tint := shorten(cells[r][i], widths[i]), noColour
			if c.paint != nil {
				tint = c.paint(row)
			}
			pad(&b, text, p.paint(tint, text), widths[i], c.right, i == last)
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// gap is the space between columns.
const gap = 3

// pad writes a cell; text tells its width, painted is what is written.
func pad(b *strings.Builder, text, painted string, width int, right, last bool) {
	blanks := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	switch {
	case right:
		b.WriteString(blanks + painted)
	case last:
		b.WriteString(painted)
	default:
		b.WriteString(painted + blanks)
	}
	if !last {
		b.WriteString(strings.Repeat(" ", gap))
	}
}

// field is a line of what `show` shows.
type field struct {
	name, value string
	tint        colour
}

// fields writes name and value in two columns; empty values are left out.
func (a *app) fields(fields []field) {
	width := 0
	for _, f := range fields {
		if f.value != "" {
			width = max(width, len(f.name))
		}
	}
	for _, f := range fields {
		if f.value != "" {
			a.out.line("%s%s   %s", a.out.paint(bold, f.name), strings.Repeat(" ", width-len(f.name)), a.out.paint(f.tint, oneLine(f.value)))
		}
	}
}
