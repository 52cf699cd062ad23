package spec

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// launchForm is the `with` of an entry of `on`: parameters by name, in the
// order of their names. What a run would be refused for is found here, as far
// as it can be known.
var launchForm = func() form[[]Binding] {
	const what = "a mapping from parameters to values"
	value := inputForm(ofLaunch)
	return form[[]Binding]{pairsOf(what, name, value).schema, func(r *reader, n *yaml.Node) ([]Binding, bool) {
		es, ok := r.mapping(n, what)
		bs := make([]Binding, 0, len(es))
		for _, e := range es {
			p, known := r.parameter(e.key)
			t, fine := value.read(r, e.value)
			if ok = ok && known && fine; !fine || !known {
				continue
			}
			if p != nil {
				ok = r.checkGiven(p, e.value, t) && ok
			}
			bs = append(bs, Binding{e.key.Value, t})
		}
		slices.SortFunc(bs, func(a, b Binding) int { return strings.Compare(a.Name, b.Name) })
		return bs, ok
	}}
}()

// parameter is the parameter that a key names; nil where nothing is known of
// parameters.
func (r *reader) parameter(key *yaml.Node) (*Parameter, bool) {
	if r.anyParams {
		_, ok := name.read(r, key)
		return nil, ok
	}
	if i, known := r.params[key.Value]; known && i < len(r.w.Parameters) {
		return &r.w.Parameters[i], true
	}
	hint := "the workflow has no `parameters`"
	if len(r.w.Parameters) > 0 {
		hint = r.suggest(key.Value, r.paramNames)
	}
	r.hinted(key, CodeUnknownParam, hint, "there is no parameter %s", excerpt(key.Value))
	return nil, false
}

// checkGiven checks the value that a trigger gives a parameter: wholly where
// it names nothing, else by its type.
func (r *reader) checkGiven(p *Parameter, n *yaml.Node, t *expr.Template) bool {
	if p.checker == nil {
		return true // its schema is wrong, which is said there
	}
	if len(t.Refs()) > 0 {
		return r.checkGivenType(p, n, t)
	}
	v, err := t.Eval(expr.Vars{expr.Zone: r.zone()})
	if err != nil {
		r.errorAt(n, CodeExpression, "%s", err)
		return false
	}
	wrong := p.violations(p.whole(v))
	for _, reason := range wrong {
		r.errorAt(n, CodeSchema, "parameter `%s`: %s", p.Name, reason)
	}
	return len(wrong) == 0
}

// jsonTypes are the JSON types that a value of an expression's type may have.
var jsonTypes = map[string][]string{
	"bool": {"boolean"}, "int": {"integer", "number"}, "uint": {"integer", "number"}, "double": {"number", "integer"},
	"string": {"string"}, "bytes": {"string"}, "timestamp": {"string"}, "duration": {"string"}, "type": {"string"},
	"list": {"array"}, "map": {"object"}, "null": {"null"},
}

func (r *reader) checkGivenType(p *Parameter, n *yaml.Node, t *expr.Template) bool {
	can, known := jsonTypes[t.Type()]
	want := p.types()
	if !known || len(want) == 0 || slices.ContainsFunc(can, func(s string) bool { return slices.Contains(want, s) }) {
		return true
	}
	hint := ""
	if s := t.Source(); !strings.HasPrefix(s, "${{") || !strings.HasSuffix(s, "}}") || len(t.Programs()) > 1 {
		hint = "only a value that is one whole ${{ }} keeps its type, others are text"
	} else if f := map[string]string{"integer": "int", "number": "double", "string": "string"}[want[0]]; f != "" {
		hint = "convert it: " + f + "(x)"
	}
	r.hinted(n, CodeSchema, hint, "parameter `%s`: expected %s, this is of type %s", p.Name, strings.Join(want, " or "), can[0])
	return false
}

// checkOpen reports the required parameters that an entry of `on` leaves open.
// It would be noticed only when the first run is to start.
func (r *reader) checkOpen(n *yaml.Node, c *node) {
	const enough = 10 // to be named at once
	var open []string
	for i := 0; i < len(r.w.Parameters) && len(open) < enough; i++ {
		if p := &r.w.Parameters[i]; !p.Optional && p.checker != nil && !c.launch.given[p.Name] {
			open = append(open, p.Name)
		}
	}
	switch len(open) {
	case 0:
	case 1:
		r.hinted(n, CodeMissing, "say `with: {"+open[0]+": …}`, or give the parameter a default",
			"the entry leaves the parameter `%s` open, which is required", open[0])
	default:
		r.hinted(n, CodeMissing, "say them in `with`, or give the parameters defaults",
			"the entry leaves the parameters `%s` open, which are required", strings.Join(open, "`, `"))
	}
}
