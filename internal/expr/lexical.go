package expr

import (
	"strings"
	"unicode/utf8"
)

// literalEnd is the index after the string literal whose first quote is
// text[at]; closed is false where it has no end, and the index then is where
// it should have been.
func literalEnd(text string, at int) (end int, closed bool) {
	quote := text[at : at+1]
	raw := isRaw(text, at)
	triple := strings.HasPrefix(text[at:], quote+quote+quote)
	if triple {
		quote = quote + quote + quote
	}
	for i := at + len(quote); i < len(text); {
		switch {
		case text[i] == '\\' && !raw:
			i += 2
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote), true
		case !triple && (text[i] == '\n' || text[i] == '\r'):
			return i, false
		default:
			i++
		}
	}
	return len(text), false
}

// isRaw reports whether the quote at text[at] follows r, R, br and the like,
// where a backslash is a letter like any other.
func isRaw(text string, at int) bool {
	start := at
	for start > 0 && isWord(text[start-1]) {
		start--
	}
	switch strings.ToLower(text[start:at]) {
	case "r", "br", "rb":
		return true
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// lineCol is where text[at] stands, in lines and characters from 1.
func lineCol(text string, at int) (line, col int) {
	before := text[:min(at, len(text))]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// problemAt is a problem at a place of a text.
func problemAt(text string, at int, message, hint string) *Problem {
	line, col := lineCol(text, at)
	return &Problem{Line: line, Col: col, Message: message, Hint: hint}
}

// within moves a problem that points outside a text to its nearest place.
func (p *Problem) within(text string) *Problem {
	lines := strings.Split(text, "\n")
	p.Line = min(max(p.Line, 1), len(lines))
	p.Col = min(max(p.Col, 1), utf8.RuneCountInString(lines[p.Line-1])+1)
	return p
}

// shifted is the problem of an expression that begins at text[at].
func (p *Problem) shifted(text string, at int) *Problem {
	line, col := lineCol(text, at)
	moved := *p
	moved.Line += line - 1
	if p.Line == 1 {
		moved.Col += col - 1
	}
	return &moved
}

// lexicalProblem finds what is wrong before any grammar.
func lexicalProblem(source string) *Problem {
	switch {
	case !utf8.ValidString(source):
		return &Problem{Line: 1, Col: 1, Message: "the expression is not valid UTF-8"}
	case strings.TrimSpace(source) == "":
		return &Problem{Line: 1, Col: 1, Message: "the expression is empty"}
	case utf8.RuneCountInString(source) > maxSource:
		return &Problem{Line: 1, Col: 1, Message: "the expression is longer than 32,768 characters"}
	}
	return nil
}

// trap is a token that other languages have and CEL has not.
type trap struct {
	token, message, hint string
}

var traps = []trap{
	{"=", "`=` does not compare", "write == to compare"},
	{"===", "`===` is not known", "write == to compare"},
	{"and", "`and` is not known", "write && for and"},
	{"or", "`or` is not known", "write || for or"},
	{"not", "`not` is not known", "write ! for not"},
	{"<>", "`<>` is not known", "write != for unequal"},
	{"&", "`&` is not known", "write && for and"},
	{"|", "`|` is not known", "write || for or; a filter is a function: x.trim(), size(x)"},
	{"None", "`None` is not known", "write null"},
	{"True", "`True` is not known", "write true"},
	{"False", "`False` is not known", "write false"},
}

// findTrap finds the first such token outside strings and comments.
func findTrap(source string) *Problem {
	for i := 0; i < len(source); {
		start := i
		switch c := source[i]; {
		case c == '"' || c == '\'':
			i, _ = literalEnd(source, i)
			continue
		case strings.HasPrefix(source[i:], "//"):
			if newline := strings.IndexByte(source[i:], '\n'); newline >= 0 {
				i += newline
				continue
			}
			return nil
		case isWord(c):
			for i < len(source) && isWord(source[i]) {
				i++
			}
		case strings.IndexByte("=<>!&|", c) >= 0:
			for i < len(source) && strings.IndexByte("=<>&|", source[i]) >= 0 || i == start {
				i++
			}
		default:
			i++
			continue
		}
		if start > 0 && source[start-1] == '.' {
			continue // a field may be called so
		}
		for _, t := range traps {
			if source[start:i] == t.token {
				return problemAt(source, start, t.message, t.hint)
			}
		}
	}
	return nil
}
