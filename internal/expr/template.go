package expr

import (
	"strings"
)

// Template is a text with ${{ expression }} in it, immutable and safe for
// concurrent use.
type Template struct {
	source  string
	parts   []part
	secrets bool // an expression mentions them
}

// part is a literal text, or a program where there is one.
type part struct {
	text    string
	program *Program
	at      int // where the program's source begins in the template's
}

const (
	opening = "${{"
	escaped = "$${{" // stands for a literal ${{
	closing = "}}"
)

// ParseTemplate compiles a text; one without ${{ }} is a template too.
func ParseTemplate(source string, roots Root) (*Template, *Problem) {
	t := &Template{source: source}
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t.parts = append(t.parts, part{text: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(source); {
		next := strings.IndexByte(source[i:], '$')
		if next < 0 {
			literal.WriteString(source[i:])
			break
		}
		literal.WriteString(source[i : i+next])
		i += next
		switch rest := source[i:]; {
		case strings.HasPrefix(rest, escaped):
			literal.WriteString(opening)
			i += len(escaped)
		case strings.HasPrefix(rest, opening):
			flush()
			start := i + len(opening)
			end, problem := expressionEnd(source, i)
			if problem != nil {
				return nil, problem
			}
			program, problem := Compile(source[start:end], roots)
			if problem != nil {
				return nil, problem.shifted(source, start)
			}
			t.parts = append(t.parts, part{program: program, at: start})
			t.secrets = t.secrets || program.mentionsSecrets()
			i = end + len(closing)
		default:
			literal.WriteByte('$')
			i++
		}
	}
	flush()
	return t, nil
}

// expressionEnd is where the }} of the ${{ at source[at] is: the first that
// stands neither in a string nor within braces of the expression.
func expressionEnd(source string, at int) (int, *Problem) {
	depth := 0
	for i := at + len(opening); i < len(source); {
		switch c := source[i]; {
		case c == '"' || c == '\'':
			end, closed := literalEnd(source, i)
			if !closed {
				return 0, problemAt(source, i, "the string that begins here is not closed", "")
			}
			i = end
		case c == '{':
			depth++
			i++
		case c == '}' && depth > 0:
			depth--
			i++
		case strings.HasPrefix(source[i:], closing):
			return i, nil
		default:
			i++
		}
	}
	return 0, problemAt(source, at, "the ${{ that begins here is not closed", "end it with }}; a literal ${{ is written $${{")
}

// Source is the text that was parsed.
func (t *Template) Source() string { return t.source }

// MentionsSecrets tells whether an expression of the text does.
func (t *Template) MentionsSecrets() bool { return t.secrets }

// Static is the text, if there is no expression in it.
func (t *Template) Static() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].program == nil:
		return t.parts[0].text, true
	}
	return "", false
}

// Eval evaluates; a text that is one whole ${{ }} keeps its value's type.
func (t *Template) Eval(v Vars) (any, error) {
	if len(t.parts) == 1 && t.parts[0].program != nil {
		return t.parts[0].program.Eval(v)
	}
	return t.Text(v)
}

// Text evaluates to text: strings as they are, others as compact JSON.
func (t *Template) Text(v Vars) (string, error) {
	if s, ok := t.Static(); ok {
		return s, nil
	}
	v = once(v)
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.text)
			continue
		}
		value, err := p.program.Eval(v)
		if err != nil {
			return "", err
		}
		b.WriteString(text(value))
		if b.Len() > maxOutput {
			return "", errTooLarge
		}
	}
	return b.String(), nil
}

// once makes the lazy values of a text with several expressions be asked for
// at most once for all of them.
func once(v Vars) Vars {
	shared := make(Vars, len(v))
	for name, value := range v {
		if ask, ok := value.(func() any); ok {
			var known any
			asked := false
			value = func() any {
				if !asked {
					known, asked = ask(), true
				}
				return known
			}
		}
		shared[name] = value
	}
	return shared
}

// Programs are the text's expressions, in order.
func (t *Template) Programs() []*Program {
	var programs []*Program
	for _, p := range t.parts {
		if p.program != nil {
			programs = append(programs, p.program)
		}
	}
	return programs
}

// Refs are the names that the text's expressions mention, in order; their
// positions are within the text.
func (t *Template) Refs() []Ref {
	var refs []Ref
	for _, p := range t.parts {
		if p.program == nil {
			continue
		}
		line, col := lineCol(t.source, p.at)
		for _, r := range p.program.Refs() {
			if r.Line == 1 {
				r.Col += col - 1
			}
			r.Line += line - 1
			refs = append(refs, r)
		}
	}
	return refs
}

// Type is the type that the value is known to have before it is evaluated, as
// Program.Type says it; that of a text with more than one ${{ }} is string.
func (t *Template) Type() string {
	if len(t.parts) == 1 && t.parts[0].program != nil {
		return t.parts[0].program.Type()
	}
	return "string"
}
