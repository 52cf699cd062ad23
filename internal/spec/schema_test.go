package spec

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	yaml "go.yaml.in/yaml/v4"
)

const schemaFile = "../../schema/workflow.json"

// The committed schema is the one that the grammar gives; `go test -update`
// writes it.
func TestSchemaIsCurrent(t *testing.T) {
	golden(t, schemaFile, string(Schema()))
}

// The schema accepts what the parser accepts, and knows the keys that it knows.
func TestSchemaAgreesWithParser(t *testing.T) {
	s := compileSchema(t)
	for _, file := range glob(t, "testdata/good/*.yaml") {
		for _, doc := range split(file, read(t, file)) {
			if err := s.Validate(decode(t, doc.text())); err != nil {
				t.Errorf("%s:%d: %v", file, doc.first, err)
			}
		}
	}
	for _, source := range []string{
		"{name: x, tasks: {a: {bash: x, nonsense: 1}}}",
		"{name: x, nonsense: 1, tasks: {a: {bash: x}}}",
		"{name: x, tasks: {a: {bash: x, artifacts: [1]}}}",
		"{name: x, tasks: {a: {bash: x, artifacts: []}}}",
		"{name: x, tasks: {a: {bash: x, command: [x]}}}",
		"{name: x, tasks: {a: {bash: x, start: {event: a, count: {event: a, reaches: 1}}}}}",
		"{name: x, tasks: {a: {bash: x, stop: {event: a, busy: queue}}}}",
		"{name: x, tasks: {a: {bash: x, timeout: 60}}}",
		"{name: x, tasks: {}}",
		"{name: x, on: [{event: a, catchup: never}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{event: a, every: 1m}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{status: {a: success}}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{event: a, within: 1h}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{any: [{event: a}], deadline: '12:00'}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{all: [{event: a, with: {b: 1}}]}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{every: 1m, if: 'true'}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{workflow: {y: skipped}}], tasks: {a: {bash: x}}}",
		"{name: x, on: [{missing: {for: 1h}}], tasks: {a: {bash: x}}}",
		"{name: x, on: [], tasks: {a: {bash: x}}}",
		"{name: x, tasks: {a: {bash: x, start: {workflow: {y: success}}}}}",
		"{name: x, tasks: {a: {bash: x, start: {missing: {workflow: {y: success}, for: 1h}}}}}",
		"{name: x, tasks: {a: {bash: x, every: -5m}}}",
		"{name: x, tasks: {a: {bash: x}}, finally: {}}",
		"{name: x, tasks: {a: {bash: x}}, finally: {b: {bash: x, start: {event: a}}}}",
		"{name: x, tasks: {a: {http: {method: GET}}}}",
		"{name: x, tasks: {a: {http: 'http://x'}}}",
		"{name: x, tasks: {a: {http: {url: 'http://x', expect: 99}}}}",
		"{name: x, tasks: {a: {http: {url: 'http://x', headers: {'a b': c}}}}}",
		"{name: x, tasks: {a: {http: {url: 'http://x', nonsense: 1}}}}",
		"{tasks: {a: {bash: x}}}",
	} {
		if _, ds := Parse("f", []byte(source)); !ds.HasErrors() {
			t.Errorf("the parser accepts %s", source)
		}
		if s.Validate(decode(t, source)) == nil {
			t.Errorf("the schema accepts %s", source)
		}
	}
}

// Every key that an editor offers is explained.
func TestSchemaDescribesEveryKey(t *testing.T) {
	var look func(path string, v any)
	look = func(path string, v any) {
		m, _ := v.(map[string]any)
		properties, _ := m["properties"].(map[string]any)
		for k, p := range properties {
			if doc, _ := p.(map[string]any)["description"].(string); doc == "" {
				t.Errorf("%s/%s has no description", path, k)
			}
		}
		for k, p := range m {
			look(path+"/"+k, p)
		}
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	look("", v)
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("workflow.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("workflow.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decode reads YAML as an editor's validator does.
func decode(t *testing.T, source string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Load([]byte(source), &n); err != nil {
		t.Fatal(err)
	}
	r := newReader(&document{file: "f", first: 1, lines: linesOf(source)})
	v, ok := r.value(n.Content[0])
	if !ok {
		t.Fatalf("not JSON-like: %s", cmp.Diff("", r.found.String()))
	}
	return v
}
