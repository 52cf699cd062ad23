package cli

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/freshet/freshet/internal/notebook"
)

// notebookBar shows how far a notebook has come: a bar that is drawn again on
// a terminal, and nothing in a pipe, where the cells' own text may follow.
type notebookBar struct {
	p    *printer
	on   bool
	mu   sync.Mutex
	last notebook.Progress
	seen time.Time // when last was heard
	stop chan struct{}
	done sync.WaitGroup
}

func newNotebookBar(a *app, text bool) *notebookBar {
	b := &notebookBar{p: a.err, on: a.err.terminal && !text && a.env("TERM") != "dumb", stop: make(chan struct{})}
	if b.on {
		b.done.Go(b.tick)
	}
	return b
}

// tick draws again for the time that passes in a long cell.
func (b *notebookBar) tick() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-t.C:
			b.mu.Lock()
			if !b.seen.IsZero() {
				b.draw(b.last.Elapsed + time.Since(b.seen))
			}
			b.mu.Unlock()
		}
	}
}

func (b *notebookBar) show(p notebook.Progress) {
	if !b.on {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last, b.seen = p, time.Now()
	b.draw(p.Elapsed)
}

const barWidth = 24

func (b *notebookBar) draw(elapsed time.Duration) {
	full := 0
	if b.last.Cells > 0 {
		full = barWidth * b.last.Done / b.last.Cells
	}
	fmt.Fprintf(b.p, "\r\x1b[2K%s%s %d of %d cells, %s %s", b.p.paint(green, strings.Repeat("━", full)),
		b.p.paint(dim, strings.Repeat("━", barWidth-full)), b.last.Done, b.last.Cells, elapsed.Round(time.Second), oneLine(b.last.Description))
}

// end takes the bar away.
func (b *notebookBar) end() {
	if !b.on {
		return
	}
	close(b.stop)
	b.done.Wait()
	fmt.Fprint(b.p, "\r\x1b[2K")
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;:?]*[ -/]*[@-~]")

// plainText is text with colours where they are wanted, and else without.
func (p *printer) plainText(text string) string {
	if p.colours {
		return text
	}
	return escapes.ReplaceAllString(text, "")
}

// newUUID is a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
