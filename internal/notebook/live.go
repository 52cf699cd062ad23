package notebook

import (
	"io"
	"strings"
	"sync"
)

// live is the text of a notebook as it comes: what streams say, the plain form
// of results and displays, and tracebacks with their colours. An error of the
// writer is none of the notebook's business.
//
// What the kernel's process writes past the protocol, as when it crashes,
// comes through Write.
type live struct {
	mu   sync.Mutex
	echo echo
	to   io.Writer // nil: nobody reads it
	open bool      // the last line has not ended
}

// Write takes what the kernel's process writes.
func (l *live) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.echo.on {
		l.write(string(l.echo.wrote(b)))
	} else {
		l.write(string(b))
	}
	return len(b), nil
}

// work says whether the kernel is at work: what its process writes meanwhile
// is shown when it is not any more, unless it has come as a stream.
func (l *live) work(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.echo.on && !on {
		l.write(string(l.echo.rest()))
	}
	l.echo.on = on && l.to != nil
}

// hear takes what the kernel says.
func (l *live) hear(m *said) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch m.kind {
	case "stream":
		l.write(string(m.body.Text))
		if l.echo.on {
			l.echo.says(string(m.body.Text))
		}
	case "display_data", "execute_result":
		if text, ok := m.body.Data["text/plain"].(string); ok {
			l.line(text)
		}
	case "error":
		for _, line := range m.body.Traceback {
			l.line(string(line))
		}
	}
}

// say writes a line of the runner's own.
func (l *live) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(text)
}

// line writes lines of their own.
func (l *live) line(text string) {
	l.end()
	l.write(strings.TrimSuffix(text, "\n") + "\n")
}

// end ends a line that has not ended.
func (l *live) end() {
	if l.open {
		l.write("\n")
	}
}

func (l *live) write(text string) {
	if l.to == nil || text == "" {
		return
	}
	_, _ = io.WriteString(l.to, text)
	l.open = !strings.HasSuffix(text, "\n")
}
