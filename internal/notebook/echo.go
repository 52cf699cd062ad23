package notebook

import "bytes"

// echo is what the kernel's process writes past the protocol while it is at
// work. Most kernels for Jupyter also send it as a stream, later, and that is
// where it is read: it is held back until it has come there. What does not
// come, as the last words of a crash, is shown when that work is over.
type echo struct {
	on    bool   // the kernel is at work
	held  []byte // written, and not heard yet
	heard []byte // the end of what streams have said, without what is not ASCII
	at    int    // in heard, behind what was found there last
	found bool   // the kernel sends what is written
}

const (
	echoHeld  = 16 << 20 // more than a kernel writes before it sends it
	echoHeard = 256 << 10
	echoRest  = 64 << 10
)

// wrote takes what the process has written, and gives what there is no room
// for, unless the kernel sends it.
func (e *echo) wrote(b []byte) (show []byte) {
	e.held = append(e.held, b...)
	e.compare()
	if over := len(e.held) - echoHeld; over > 0 {
		if !e.found {
			show = e.held[:over]
		}
		e.held = e.held[over:]
	}
	return show
}

// says takes what a stream has said.
func (e *echo) says(text string) {
	e.heard = append(e.heard, ascii([]byte(text))...)
	e.compare()
	if over := len(e.heard) - echoHeard; over > echoHeard {
		e.heard, e.at = append(e.heard[:0], e.heard[over:]...), max(0, e.at-over)
	}
}

// rest gives what has not been heard, and ends the comparison.
func (e *echo) rest() (show []byte) {
	last := max(0, len(e.held)-echoRest)
	if !e.found {
		show = append(show, e.held[:last]...)
	}
	for line := range bytes.Lines(e.held[last:]) {
		if !e.has(line) {
			show = append(show, line...)
		}
	}
	*e = echo{}
	return show
}

// compare forgets what has been heard, up to the first line that has not.
func (e *echo) compare() {
	for len(e.held) > 0 {
		line := e.held
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n+1]
		}
		if !e.has(line) {
			return
		}
		e.held = e.held[len(line):]
	}
	e.held = nil
}

// has tells whether a line has been heard: mostly that is behind the one
// before it.
func (e *echo) has(line []byte) bool {
	line = ascii(line)
	n := bytes.Index(e.heard[e.at:], line)
	if n >= 0 {
		n += e.at
	} else if n = bytes.Index(e.heard, line); n < 0 {
		return false
	}
	e.at = n + len(line)
	e.found = e.found || len(bytes.TrimSpace(line)) > 0
	return true
}

// ascii is a text without what a kernel may have read in pieces and sent as
// something else.
func ascii(text []byte) []byte {
	kept := make([]byte, 0, len(text))
	for _, c := range text {
		if c < 0x80 {
			kept = append(kept, c)
		}
	}
	return kept
}
