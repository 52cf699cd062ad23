package nbformat

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// maxDepth is how deep values may nest: more than any notebook needs, and
// less than Python reads.
const maxDepth = 900

// parser reads JSON as Python does: NaN and Infinity are numbers, of two
// equal keys the later one counts. encoding/json refuses the former, which
// are in many notebooks with plots.
type parser struct {
	data []byte
	pos  int
}

// ParseJSON reads a text that is one JSON value, as Python writes it.
func ParseJSON(text string) (v any, ok bool) {
	p := &parser{data: []byte(text)}
	v, err := p.whole()
	return v, err == nil && utf8.ValidString(text)
}

// parseFile reads the one value of a file.
func parseFile(data []byte) (any, error) {
	p := &parser{data: bytes.TrimPrefix(data, []byte("\ufeff"))}
	if !utf8.Valid(p.data) {
		return nil, freshet.Errorf(freshet.Invalid, "not a notebook: the file is not UTF-8 text")
	}
	return p.whole()
}

func (p *parser) whole() (any, error) {
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(p.data) {
		return nil, p.errorf("something follows the end of the notebook")
	}
	return v, nil
}

func (p *parser) errorf(what string) error {
	before := p.data[:min(p.pos, len(p.data))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return freshet.Errorf(freshet.Invalid, "not a notebook: it is not JSON: line %d, column %d: %s", line, column, what).
		WithHint("a notebook that was cut off or merged with conflict marks (<<<<<<<) looks like this: restore it, or open and save it in Jupyter")
}

func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// next skips space and says which character is there, 0 at the end.
func (p *parser) next() byte {
	if p.space(); p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

func (p *parser) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, freshet.Errorf(freshet.Invalid, "not a notebook: values nest deeper than %d", maxDepth)
	}
	switch c := p.next(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.string()
	case p.pos >= len(p.data):
		return nil, p.errorf("the file ends too early")
	}
	for _, w := range words {
		if bytes.HasPrefix(p.data[p.pos:], []byte(w.text)) {
			p.pos += len(w.text)
			return w.value, nil
		}
	}
	return p.number()
}

var words = []struct {
	text  string
	value any
}{
	{"null", nil}, {"true", true}, {"false", false},
	{"NaN", json.Number("NaN")}, {"Infinity", json.Number("Infinity")}, {"-Infinity", json.Number("-Infinity")},
}

func (p *parser) object(depth int) (any, error) {
	p.pos++
	m := map[string]any{}
	if p.next() == '}' {
		p.pos++
		return m, nil
	}
	for {
		if p.next() != '"' {
			return nil, p.errorf("a key in quotes is expected")
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		if p.next() != ':' {
			return nil, p.errorf("a colon is expected behind a key")
		}
		p.pos++
		if m[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		switch p.next() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return m, nil
		default:
			return nil, p.errorf("a comma or } is expected")
		}
	}
}

func (p *parser) array(depth int) (any, error) {
	p.pos++
	list := []any{}
	if p.next() == ']' {
		p.pos++
		return list, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch p.next() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return list, nil
		default:
			return nil, p.errorf("a comma or ] is expected")
		}
	}
}

// number reads the grammar of JSON: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
func (p *parser) number() (any, error) {
	start := p.pos
	p.skip("-")
	leading := p.pos
	ok := p.digits()
	ok = ok && (p.data[leading] != '0' || p.pos == leading+1)
	if ok && p.skip(".") {
		ok = p.digits()
	}
	if ok && p.skip("eE") {
		p.skip("+-")
		ok = p.digits()
	}
	if !ok {
		p.pos = start
		return nil, p.errorf("a value is expected")
	}
	return json.Number(p.data[start:p.pos]), nil
}

func (p *parser) skip(oneOf string) bool {
	if p.pos < len(p.data) && bytes.IndexByte([]byte(oneOf), p.data[p.pos]) >= 0 {
		p.pos++
		return true
	}
	return false
}

func (p *parser) digits() bool {
	start := p.pos
	for p.pos < len(p.data) && p.data[p.pos] >= '0' && p.data[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > start
}

// string copies what has no escapes at once: most of a notebook is that.
func (p *parser) string() (string, error) {
	p.pos++
	var text []byte
	for start := p.pos; p.pos < len(p.data); p.pos++ {
		switch c := p.data[p.pos]; {
		case c == '"':
			plain := p.data[start:p.pos]
			p.pos++
			if text == nil {
				return string(plain), nil
			}
			return string(append(text, plain...)), nil
		case c == '\\':
			text = append(text, p.data[start:p.pos]...)
			r, ok := p.escape()
			if !ok {
				return "", p.errorf("no such escape in a text")
			}
			text = utf8.AppendRune(text, r)
			start = p.pos + 1
		case c < ' ':
			return "", p.errorf("a line break or control character inside a text")
		}
	}
	return "", p.errorf("the file ends within a text")
}

// escape reads from the backslash to the last character of the escape. Half
// of a surrogate pair, which is no character, becomes U+FFFD.
func (p *parser) escape() (rune, bool) {
	p.pos++
	if p.pos >= len(p.data) {
		return 0, false
	}
	switch c := p.data[p.pos]; c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		r, ok := p.hex(p.pos + 1)
		if !ok {
			return 0, false
		}
		p.pos += 4
		if utf16.IsSurrogate(r) && bytes.HasPrefix(p.data[p.pos+1:], []byte(`\u`)) {
			if low, ok := p.hex(p.pos + 3); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				p.pos += 6
				return utf16.DecodeRune(r, low), true
			}
		}
		return r, true
	}
	return 0, false
}

func (p *parser) hex(at int) (rune, bool) {
	if at+4 > len(p.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.data[at:at+4]), 16, 16)
	return rune(n), err == nil
}
