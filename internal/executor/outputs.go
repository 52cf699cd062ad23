package executor

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// ParseOutputs reads what a process wrote to $FRESHET_OUTPUT: lines
// `name=value`, and blocks
//
//	name<<EOF
//	several lines
//	EOF
//
// of which the last line has no newline. Lines may end in CR LF; empty lines
// mean nothing; of equal names the last counts. The error names the line and
// says what is wrong with it.
func ParseOutputs(data []byte) (map[string]string, error) {
	if len(data) > freshet.MaxOutputBytes {
		return nil, fmt.Errorf("$FRESHET_OUTPUT has %d bytes, and at most %d are allowed", len(data), freshet.MaxOutputBytes)
	}
	if len(data) == 0 {
		return nil, nil
	}
	out := map[string]string{}
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !utf8.ValidString(line) {
			return nil, outputError(i, "is not valid UTF-8")
		}
		name, rest, block := cutAssignment(line)
		if !validName(name) {
			return nil, outputError(i, "is neither name=value nor name<<EOF: %s", excerpt(line))
		}
		if !block {
			out[name] = rest
			continue
		}
		end := strings.TrimSpace(rest)
		if end == "" {
			return nil, outputError(i, "opens a block and does not say how it ends: %s", excerpt(line))
		}
		first := i + 1
		for i++; i < len(lines) && strings.TrimSuffix(lines[i], "\r") != end; i++ {
		}
		if i >= len(lines) {
			return nil, outputError(first-1, "opens a block that has no line %s", excerpt(end))
		}
		body := lines[first:i]
		for n, l := range body {
			if !utf8.ValidString(l) {
				return nil, outputError(first+n, "is not valid UTF-8")
			}
			body[n] = strings.TrimSuffix(l, "\r")
		}
		out[name] = strings.Join(body, "\n")
	}
	return out, nil
}

// cutAssignment splits at whichever of `=` and `<<` comes first.
func cutAssignment(line string) (name, rest string, block bool) {
	eq, ll := strings.IndexByte(line, '='), strings.Index(line, "<<")
	switch {
	case ll >= 0 && (eq < 0 || ll < eq):
		return line[:ll], line[ll+2:], true
	case eq >= 0:
		return line[:eq], line[eq+1:], false
	}
	return "", "", false
}

// validName is the format page's rule for names.
func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

func outputError(line int, format string, args ...any) error {
	return fmt.Errorf("line %d of $FRESHET_OUTPUT %s", line+1, fmt.Sprintf(format, args...))
}

func excerpt(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		return fmt.Sprintf("%q…", string(r[:60]))
	}
	return fmt.Sprintf("%q", s)
}
