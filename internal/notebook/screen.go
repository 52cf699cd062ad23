package notebook

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// screen is the text of a stream as a terminal shows it: a carriage return
// goes back to the beginning of the line, a backspace takes a character away.
// So a progress bar is one line of the file and not one per update; a Jupyter
// frontend keeps it in the same way. Other control sequences stay in the text.
type screen struct {
	whole strings.Builder // lines that have ended
	line  []byte          // of the last line, up to where the next character goes
	under []byte          // what that line was before a carriage return
}

// write adds what the stream says next.
func (s *screen) write(text string) {
	for text != "" {
		at := strings.IndexAny(text, "\r\b")
		if at < 0 {
			at = len(text)
		}
		s.print(text[:at])
		if at == len(text) {
			return
		}
		if text[at] == '\r' {
			s.under, s.line = s.visible(), nil
		} else if n := len(s.line); n > 0 {
			_, size := utf8.DecodeLastRune(s.line)
			s.line = s.line[:n-size]
		}
		text = text[at+1:]
	}
}

// print adds text without carriage returns and backspaces.
func (s *screen) print(text string) {
	end := strings.LastIndexByte(text, '\n') + 1
	if end > 0 {
		first := strings.IndexByte(text, '\n')
		s.line = append(s.line, text[:first]...)
		s.whole.Write(s.visible())
		s.whole.WriteString(text[first:end])
		s.line, s.under = s.line[:0], nil
	}
	s.line = append(s.line, text[end:]...)
}

// visible is the last line. What was under it shows where it is shorter,
// unless one of the two has control sequences: then nobody can tell how wide
// they are.
func (s *screen) visible() []byte {
	switch {
	case len(s.under) == 0:
		return s.line
	case len(s.line) == 0:
		return s.under
	case bytes.IndexByte(s.under, '\x1b') >= 0 || bytes.IndexByte(s.line, '\x1b') >= 0:
		return s.line
	}
	rest := s.under
	for n := utf8.RuneCount(s.line); n > 0 && len(rest) > 0; n-- {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
	}
	return append(bytes.Clone(s.line), rest...)
}

// String is the text so far.
func (s *screen) String() string {
	last := s.visible()
	if len(last) == 0 {
		return s.whole.String()
	}
	return s.whole.String() + string(last)
}
