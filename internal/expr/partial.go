package expr

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Later is a value of Vars that is not known yet: what is made of it is not
// known yet either.
var Later any = types.NewUnknown(0, nil)

// Rest is what is left of a template of which a part is not known yet: a
// template again, for ParseTemplate with Everything.
type Rest struct {
	Text  string
	Given map[string]any // what its expressions look at besides; see Restore
}

// Everything is all roots.
const Everything = Params | EventRoot | EventsRoot | RunRoot | Tasks | Env | Secrets | Item

// Partial evaluates a template as far as that is possible while some of v are
// Later. With all of it known rest is nil, and value is that of Eval. An error
// is one that nothing that comes later would cure; others may still come then.
//
// What the rest looks at in `env` is not kept in Given: variables may be Later
// themselves, so whoever completes the rest has them.
func (t *Template) Partial(v Vars) (value any, rest *Rest, err error) {
	if len(t.parts) == 1 && t.parts[0].program != nil {
		p := t.parts[0].program
		value, known, err := p.partial(v)
		if err != nil || known {
			return value, nil, err
		}
		return nil, &Rest{opening + p.source + closing, p.given(v, nil)}, nil
	}
	v = once(v)
	texts := make([]string, len(t.parts))
	open := make([]bool, len(t.parts))
	size := 0
	for i, p := range t.parts {
		texts[i] = p.text
		if p.program != nil {
			value, known, err := p.program.partial(v)
			if err != nil {
				return nil, nil, err
			}
			if open[i] = !known; known {
				texts[i] = text(value)
			} else {
				texts[i] = opening + p.program.source + closing
				rest = &Rest{}
			}
		}
		if size += len(texts[i]); size > maxOutput {
			return nil, nil, errTooLarge
		}
	}
	if rest == nil {
		return strings.Join(texts, ""), nil, nil
	}
	for i, p := range t.parts {
		if open[i] {
			rest.Given = p.program.given(v, rest.Given)
		}
	}
	rest.Text = withLiterals(texts, open)
	return nil, rest, nil
}

// withLiterals joins literal texts and expressions to a template.
func withLiterals(texts []string, expression []bool) string {
	var b, literal strings.Builder
	flush := func() {
		s := literal.String()
		literal.Reset()
		whole := strings.TrimRight(s, "$")
		b.WriteString(strings.ReplaceAll(whole, opening, escaped))
		if dollars := s[len(whole):]; dollars != "" { // they must not escape what follows
			b.WriteString(opening + ` "` + dollars + `" ` + closing)
		}
	}
	for i, s := range texts {
		if !expression[i] {
			literal.WriteString(s)
			continue
		}
		flush()
		b.WriteString(s)
	}
	flush()
	return b.String()
}

// partial evaluates, unless what the value depends on is not known yet.
func (p *Program) partial(v Vars) (result any, known bool, err error) {
	err = p.run(v, func(out ref.Val) (err error) {
		if types.IsUnknown(out) {
			return nil
		}
		o := output{budget: maxOutput}
		if result, err = o.value(out); err == nil {
			known = true
		}
		return err
	})
	return result, known, err
}
