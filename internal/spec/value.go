package spec

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
)

// envForm is a mapping from variables to texts. A variable may look at those
// above it, and a task's at all of the workflow's.
var envForm = func() form[[]Binding] {
	const what = "a mapping from variables to texts"
	value := template(ofProcess)
	return form[[]Binding]{pairsOf(what, envName, value).schema, func(r *reader, n *yaml.Node) ([]Binding, bool) {
		above := 0
		ps, ok := pairsOf(what, envName, form[*expr.Template]{read: func(r *reader, n *yaml.Node) (*expr.Template, bool) {
			before := len(r.uses)
			t, ok := value.read(r, n)
			for i := before; i < len(r.uses); i++ {
				r.uses[i].above = above
			}
			above++
			return t, ok
		}}).read(r, n)
		return bindings(ps), ok
	}}
}()

// withForm is a mapping from inputs to values of any type.
var withForm = *convert(pairsOf("a mapping from inputs to values", name,
	inputForm(ofProcess)), bindings)

func bindings(ps []pair[*expr.Template]) []Binding {
	bs := make([]Binding, 0, len(ps))
	for _, p := range ps {
		bs = append(bs, Binding{p.key.Value, p.value})
	}
	return bs
}

// inputForm is a value of any type. Text is a template; anything else becomes
// the one whole ${{ }} that computes it, which keeps its type.
func inputForm(p place) form[*expr.Template] {
	return form[*expr.Template]{schema{}, func(r *reader, n *yaml.Node) (*expr.Template, bool) {
		if d := deref(n); isText(d) {
			return r.template(d, d.Value, p)
		}
		var b strings.Builder
		b.WriteString("${{ ")
		if !r.literal(&b, n, p) {
			return nil, false
		}
		b.WriteString(" }}")
		t, problem := r.parseTemplate(b.String(), r.rootsOf(p))
		if problem != nil {
			r.errorAt(n, CodeExpression, "%s", problem.Message)
			return nil, false
		}
		return t, true
	}}
}

// literal writes a value as a CEL expression, the keys of mappings in the order
// in which CEL has them.
func (r *reader) literal(b *strings.Builder, n *yaml.Node, p place) bool {
	n = deref(n)
	switch n.Kind {
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteString(", ")
			}
			if !r.literal(b, item, p) {
				return false
			}
		}
		b.WriteByte(']')
		return true
	case yaml.MappingNode:
		es, ok := r.mapping(n, "a mapping")
		slices.SortFunc(es, func(a, b entry) int { return cmp.Compare(a.key.Value, b.key.Value) })
		b.WriteString("{ ")
		for i, e := range es {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(expr.Quote(e.key.Value) + ": ")
			ok = r.literal(b, e.value, p) && ok
		}
		b.WriteString(" }")
		return ok
	}
	if isText(n) && strings.Contains(n.Value, "${{") {
		t, ok := r.template(n, n.Value, p)
		if ok {
			b.WriteString(t.Expression())
		}
		return ok
	}
	v, ok := r.value(n)
	if s, isString := v.(string); isString {
		b.WriteString(expr.Quote(s))
	} else {
		b.WriteString(number64(v))
	}
	return ok
}

// number64 is a CEL literal of a value that is no text.
func number64(v any) string {
	switch v := v.(type) {
	case int64:
		if v == math.MinInt64 {
			return "(-9223372036854775807 - 1)"
		}
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}

// value is what a node stands for, JSON-like: nil, bool, int64, float64,
// string, []any, map[string]any. Dates are text.
func (r *reader) value(n *yaml.Node) (any, bool) {
	n = deref(n)
	switch n.Kind {
	case yaml.SequenceNode:
		list, ok := make([]any, 0, len(n.Content)), true
		for _, item := range n.Content {
			v, fine := r.value(item)
			list, ok = append(list, v), ok && fine
		}
		return list, ok
	case yaml.MappingNode:
		es, ok := r.mapping(n, "a mapping")
		m := make(map[string]any, len(es))
		for _, e := range es {
			v, fine := r.value(e.value)
			m[e.key.Value], ok = v, ok && fine
		}
		return m, ok
	}
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), true
	case "!!int":
		if v, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil {
			return v, true
		}
		fallthrough
	case "!!float":
		v, ok := numberOf(n)
		if !ok {
			r.mistyped(n, "a finite number")
		}
		return v, ok
	case "!!str", "!!timestamp":
		return n.Value, true
	}
	r.errorAt(n, CodeType, "a value of the YAML type %s cannot be used here", n.Tag)
	return nil, false
}

// emitForm is one event or a list of them.
var emitForm = func() form[[]Emit] {
	one := &object[Emit]{
		what: "`emit`",
		fields: []field[Emit]{
			must(key("key", emitKey, func(e *Emit) **expr.Template { return &e.Key }, "The event's key; ${{ }} may stand in it.")),
			key("value", template(ofEmit), func(e *Emit) **expr.Template { return &e.Value }, "The event's value; default: empty."),
		},
	}
	return oneOrMore("a list of events", one.form())
}()

var emitKey = form[*expr.Template]{anyText.schema, func(r *reader, n *yaml.Node) (*expr.Template, bool) {
	t, ok := template(ofEmit).read(r, n)
	if !ok {
		return nil, false
	}
	if s, static := t.Static(); static && s == "" {
		r.errorAt(n, CodeEmpty, "an event's key is not empty")
		return nil, false
	} else if static && len(s) > freshet.MaxKeyBytes {
		r.errorAt(n, CodeValue, "an event's key has at most %d bytes, this one has %d", freshet.MaxKeyBytes, len(s))
		return nil, false
	}
	return t, true
}}
