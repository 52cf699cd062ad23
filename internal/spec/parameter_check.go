package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// types are the JSON types that the schema names, none if it does not say.
func (p *Parameter) types() []string {
	switch t := p.Schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var types []string
		for _, v := range t {
			if s, ok := v.(string); ok {
				types = append(types, s)
			}
		}
		return types
	}
	return nil
}

// whole makes an int64 of 3.0 where the schema asks for an integer, as JSON
// does not tell them apart.
func (p *Parameter) whole(v any) any {
	types := p.types()
	f, ok := v.(float64)
	if !ok || !slices.Contains(types, "integer") || slices.Contains(types, "number") {
		return v
	}
	if i := int64(f); float64(i) == f && f >= -1<<63 && f < 1<<63 {
		return i
	}
	return v
}

// fromText reads a text, such as one of a command line, as a value of the
// schema's type. What fits no type stays text, for the schema to refuse.
func (p *Parameter) fromText(text string) any {
	types := p.types()
	if len(types) == 0 {
		if len(p.violations(text)) == 0 {
			return text
		}
		types = []string{"null", "boolean", "integer", "number", "array", "object"}
	}
	v, err := parseJSON(text)
	if err != nil {
		return text
	}
	kind := ""
	switch v.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case int64:
		kind = "integer"
	case float64:
		kind = "number"
	case []any:
		kind = "array"
	case map[string]any:
		kind = "object"
	}
	if slices.Contains(types, kind) || kind == "integer" && slices.Contains(types, "number") {
		return v
	}
	if whole := p.whole(v); kind == "number" && whole != v {
		return whole
	}
	return text
}

// CheckParameters makes a run's parameters of what it is started with: values,
// and texts that are converted to the type of their parameter. Defaults are
// filled in. The error is Invalid and names everything that is wrong. What is
// returned is JSON-like with int64 and float64, and shared with nobody.
func (w *Workflow) CheckParameters(typed map[string]any, text map[string]string) (map[string]any, error) {
	out := make(map[string]any, len(w.Parameters))
	var wrong []string
	for i := range w.Parameters {
		p := &w.Parameters[i]
		v, given, err := p.given(typed, text)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("parameter `%s`: %s", p.Name, err))
			continue
		case !given && !p.Optional:
			wrong = append(wrong, fmt.Sprintf("parameter `%s` is missing", p.Name))
			continue
		case given:
			for _, reason := range p.violations(v) {
				wrong = append(wrong, fmt.Sprintf("parameter `%s`: %s", p.Name, reason))
			}
		}
		out[p.Name] = v
	}
	wrong = append(wrong, w.unknownParameters(typed, text)...)
	if len(wrong) == 0 {
		return out, nil
	}
	e := freshet.Errorf(freshet.Invalid, "%s", strings.Join(wrong, "; "))
	if len(w.Parameters) == 0 {
		return nil, e.WithHint("workflow `%s` has no parameters", w.Name)
	}
	return nil, e.WithHint("the parameters of `%s`: %s", w.Name, strings.Join(w.usage(), ", "))
}

// given is the value that a run is started with, or a copy of the default.
func (p *Parameter) given(typed map[string]any, text map[string]string) (any, bool, error) {
	if s, ok := text[p.Name]; ok {
		if _, twice := typed[p.Name]; twice {
			return nil, true, errors.New("given twice")
		}
		v := p.fromText(s)
		types := p.types()
		if _, still := v.(string); still && len(types) > 0 && !slices.Contains(types, "string") {
			if p.WriteOnly() {
				s = "a value that is not shown"
			} else {
				s = excerpt(s)
			}
			return nil, true, fmt.Errorf("expected %s, found %s", strings.Join(types, " or "), s)
		}
		if _, still := v.(string); !still {
			if raw, err := decodeJSON(s); err == nil && Exact(raw) != nil {
				return nil, true, Exact(raw)
			}
		}
		return v, true, nil
	}
	if v, ok := typed[p.Name]; ok {
		if err := Exact(v); err != nil {
			return nil, true, err
		}
		v, err := plainJSON(v)
		return p.whole(v), true, err
	}
	v, err := plainJSON(p.Default)
	return v, false, err
}

func (w *Workflow) unknownParameters(typed map[string]any, text map[string]string) []string {
	names := map[string]bool{}
	for k := range typed {
		names[k] = true
	}
	for k := range text {
		names[k] = true
	}
	var known, wrong []string
	for _, p := range w.Parameters {
		delete(names, p.Name)
		known = append(known, p.Name)
	}
	for _, k := range slices.Sorted(maps.Keys(names)) {
		reason := fmt.Sprintf("there is no parameter %s", excerpt(k))
		if near := nearest(k, known); near != "" {
			reason += fmt.Sprintf(", did you mean `%s`?", near)
		}
		wrong = append(wrong, reason)
	}
	return wrong
}

// usage is one word for each parameter: its name, type and default.
func (w *Workflow) usage() []string {
	var usage []string
	for _, p := range w.Parameters {
		s := p.Name
		if types := p.types(); len(types) > 0 {
			s += " (" + strings.Join(types, " or ") + ")"
		}
		if p.Optional {
			if b, err := json.Marshal(p.Default); err == nil {
				s += " = " + string(b)
			}
		}
		usage = append(usage, s)
	}
	return usage
}
