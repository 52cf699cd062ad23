package nbformat

import (
	"io"
	"maps"
	"slices"
)

// Encoder writes a notebook that changes, again and again. It keeps each
// cell's bytes, so that a save costs the encoding of the cells that changed
// and a copy of the others. It is not for use by several goroutines at once.
type Encoder struct {
	nb    *Notebook
	cells map[*Cell][]byte
}

// NewEncoder makes an encoder of nb.
func NewEncoder(nb *Notebook) *Encoder {
	return &Encoder{nb: nb, cells: map[*Cell][]byte{}}
}

// Touch says that the cell changed since the last write. Whoever changes a
// cell calls it; cells that were added to the notebook or taken out of it,
// their order, and the notebook's own fields need no word.
func (e *Encoder) Touch(c *Cell) { delete(e.cells, c) }

// TouchAll says that any cell may have changed.
func (e *Encoder) TouchAll() { clear(e.cells) }

// Append appends the notebook, as a file has it, to dst.
func (e *Encoder) Append(dst []byte) []byte {
	parts, size := e.parts()
	dst = slices.Grow(dst, size)
	for _, part := range parts {
		dst = append(dst, part...)
	}
	return dst
}

// WriteTo writes the notebook to w, cell by cell.
func (e *Encoder) WriteTo(w io.Writer) (n int64, err error) {
	parts, _ := e.parts()
	for _, part := range parts {
		written, err := w.Write(part)
		n += int64(written)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// parts are the bytes of the file, in pieces.
func (e *Encoder) parts() (parts [][]byte, size int) {
	var between []byte
	flush := func() {
		parts, between = append(parts, between), nil
	}
	top := object(e.nb.Extra, map[string]any{
		"cells":          nil,
		"metadata":       without(e.nb.Metadata, "orig_nbformat", "orig_nbformat_minor", "signature"),
		"nbformat":       e.nb.Format,
		"nbformat_minor": e.nb.Minor,
	})
	for i, key := range slices.Sorted(maps.Keys(top)) {
		between = append(between, "{,"[min(i, 1)])
		between = append(appendString(appendBreak(between, 1), key), ": "...)
		if key != "cells" {
			between = appendValue(between, top[key], 1)
			continue
		}
		for i, c := range e.nb.Cells {
			between = appendBreak(append(between, "[,"[min(i, 1)]), 2)
			flush()
			parts = append(parts, e.cell(c))
		}
		if len(e.nb.Cells) == 0 {
			between = append(between, "[]"...)
		} else {
			between = append(appendBreak(between, 1), ']')
		}
	}
	between = append(between, "\n}"...)
	flush()
	e.forget()
	for _, part := range parts {
		size += len(part)
	}
	return parts, size
}

func (e *Encoder) cell(c *Cell) []byte {
	b, ok := e.cells[c]
	if !ok {
		b = slices.Clip(appendValue(nil, cellObject(c), 2))
		e.cells[c] = b
	}
	return b
}

// forget drops the bytes of cells that are no longer in the notebook.
func (e *Encoder) forget() {
	if len(e.cells) == len(e.nb.Cells) {
		return
	}
	present := map[*Cell]bool{}
	for _, c := range e.nb.Cells {
		present[c] = true
	}
	maps.DeleteFunc(e.cells, func(c *Cell, _ []byte) bool { return !present[c] })
}
