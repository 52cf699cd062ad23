package notebook

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
)

// document is a notebook that runs, and the file that it is written to. What
// runs it and what saves it take turns.
type document struct {
	mu     sync.Mutex
	nb     *nbformat.Notebook
	record *recorder
	code   *nbformat.Encoder
	buffer []byte // of the last save, while it is small
	size   int64  // of the file
	file   *file  // nil: none
	over   bool   // what the kernel says now is heard by nobody
}

// newDocument begins a document. Its file is written by save only.
func newDocument(nb *nbformat.Notebook, f *file) *document {
	d := &document{nb: nb, file: f, code: nbformat.NewEncoder(nb)}
	d.record = newRecorder(d.code.Touch)
	return d
}

// change changes the notebook. touched cells are encoded anew.
func (d *document) change(f func(nb *nbformat.Notebook), touched ...*nbformat.Cell) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.nb)
	for _, c := range touched {
		d.code.Touch(c)
	}
}

// hear records what the kernel says about the cell that runs, or late about
// one that has run. It tells whether the notebook has changed.
func (d *document) hear(m *said, late bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.over:
		return false
	case late:
		return d.record.late(m)
	}
	d.record.hear(m)
	return true
}

// finish changes the notebook for the last time. f tells which cells it has
// changed.
func (d *document) finish(f func(nb *nbformat.Notebook) (changed []*nbformat.Cell)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	d.record.settle()
	d.record.widgets.save(d.nb)
	for _, c := range f(d.nb) {
		d.code.Touch(c)
	}
}

// buffered is the size up to which a file is encoded into memory first, so
// that nobody waits for the medium. What is larger is written piece by piece:
// another copy of it costs more than the kernel's messages waiting for a while.
const buffered = 8 << 20

// save writes the file. It is called by one goroutine at a time.
func (d *document) save(final bool) error {
	if d.file == nil {
		return nil
	}
	d.mu.Lock()
	d.record.settle()
	var err error
	if d.size <= buffered {
		d.buffer = d.code.Append(d.buffer[:0])
		d.size = int64(len(d.buffer))
		d.mu.Unlock()
		err = d.file.write(bytes.NewReader(d.buffer), final)
	} else {
		d.buffer = nil
		sized := &counted{to: d.code}
		err = d.file.write(sized, final)
		d.size = sized.size
		d.mu.Unlock()
	}
	if err != nil {
		return unwritable(d.file.path, err)
	}
	return nil
}

// counted remembers how much was written.
type counted struct {
	to   io.WriterTo
	size int64
}

func (c *counted) WriteTo(w io.Writer) (n int64, err error) {
	c.size, err = c.to.WriteTo(w)
	return c.size, err
}

// unwritable says that a file cannot be written.
func unwritable(path string, err error) error {
	why, _, _ := strings.Cut(err.Error(), "\n")
	return freshet.Errorf(freshet.Invalid, "the output %s cannot be written: %s", path, why).
		WithHint("name a file in a directory that can be written")
}
