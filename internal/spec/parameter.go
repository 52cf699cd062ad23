package spec

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	yaml "go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// parametersForm is a mapping from parameters to JSON Schemas.
var parametersForm = form[[]Parameter]{
	schema{
		"type": "object", "propertyNames": name.schema,
		"additionalProperties": schema{"$ref": "http://json-schema.org/draft-07/schema#"},
	},
	func(r *reader, n *yaml.Node) ([]Parameter, bool) {
		es, ok := r.mapping(n, "a mapping from parameters to JSON Schemas")
		ps := make([]Parameter, 0, len(es))
		for i, e := range es {
			name.read(r, e.key)
			p := Parameter{Name: e.key.Value}
			r.params[p.Name] = i
			r.readSchema(&p, e.value)
			ps = append(ps, p)
		}
		r.distinct(es.keys())
		return ps, ok
	},
}

// readSchema reads a parameter's schema and checks it and its default.
func (r *reader) readSchema(p *Parameter, n *yaml.Node) {
	v, ok := r.value(n)
	if p.Schema, _ = v.(map[string]any); p.Schema == nil {
		r.hinted(n, CodeType, "for example {type: string}", "expected a JSON Schema, found %s", found(n))
		return
	}
	if strings.Contains(fmt.Sprint(v), "${{") {
		r.errorAt(n, CodeNoExpression, "${{ }} cannot be used in a parameter's schema")
		return
	}
	if !ok {
		return
	}
	p.checker = &checker{schema: p.Schema}
	if _, err := p.checker.get(); err != nil {
		r.errorAt(n, CodeSchema, "the schema of parameter `%s`: %s", p.Name, err)
		return
	}
	p.Default, p.Optional = p.Schema["default"]
	if !p.Optional {
		return
	}
	es, _ := r.mapping(n, "")
	p.Default = p.whole(p.Default)
	for _, wrong := range p.violations(p.Default) {
		r.errorAt(es.get("default"), CodeSchema, "the default of parameter `%s` is not as its schema says: %s", p.Name, wrong)
	}
}

// checker compiles a schema when it is first asked for.
type checker struct {
	schema   map[string]any
	once     sync.Once
	compiled *jsonschema.Schema
	err      error
}

func (c *checker) get() (*jsonschema.Schema, error) {
	c.once.Do(func() {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		compiler.UseLoader(noLoader{})
		const url = "parameter:schema"
		if c.err = compiler.AddResource(url, c.schema); c.err != nil {
			return
		}
		if c.compiled, c.err = compiler.Compile(url); c.err == nil {
			return
		}
		var invalid *jsonschema.SchemaValidationError
		var reasons *jsonschema.ValidationError
		if errors.As(c.err, &invalid) && errors.As(invalid.Err, &reasons) {
			c.err = errors.New(strings.Join(causes(reasons), "; "))
		}
	})
	return c.compiled, c.err
}

// noLoader refuses schemas from elsewhere: a workflow is checked without
// looking at files or the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema cannot refer to %s", url)
}

// violations are the ways in which a value is not as the schema says.
func (p *Parameter) violations(v any) []string {
	s, err := p.checker.get()
	if err != nil {
		return []string{err.Error()}
	}
	var reasons *jsonschema.ValidationError
	if err := s.Validate(v); errors.As(err, &reasons) {
		if p.WriteOnly() {
			return []string{"the value is not as its schema says; as it is writeOnly, it is not shown"}
		}
		return causes(reasons)
	}
	return nil
}

var english = message.NewPrinter(language.English)

// forms are examples of the formats of times, as a schema calls them.
var forms = map[string]string{"date": "date such as 2026-11-20", "time": "time such as 06:00:00Z",
	"date-time": "time such as 2026-11-20T06:00:00Z", "duration": "duration such as PT90M"}

// violated says what is wrong with a value.
func violated(k jsonschema.ErrorKind) string {
	if f, ok := k.(*kind.Format); ok {
		if form := forms[f.Want]; form != "" {
			return fmt.Sprintf("'%v' is no %s", f.Got, form)
		}
	}
	return k.LocalizedString(english)
}

// causes are the leaves of a validation error, with the place within the value.
func causes(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		text := violated(e.ErrorKind)
		if len(e.InstanceLocation) > 0 {
			text = "at /" + strings.Join(e.InstanceLocation, "/") + ": " + text
		}
		return []string{text}
	}
	var all []string
	for _, c := range e.Causes {
		all = append(all, causes(c)...)
	}
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		return all[:1] // of several ways the first says enough
	}
	return all
}
