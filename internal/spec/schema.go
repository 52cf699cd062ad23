package spec

import (
	"bytes"
	"encoding/json"
)

// Schema is the JSON Schema of a workflow file, for editors. It is printed
// from the grammar that the parser reads with. It says less than the parser
// checks: nothing about expressions and about names that have to exist.
func Schema() []byte {
	g := theGrammar()
	s := g.workflow.schema()
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Freshet workflow"
	s["definitions"] = schema{
		"task":      taskSchema(g.task),
		"finally":   taskSchema(g.finally),
		"condition": conditionSchema(g.condition),
		"start":     conditionSchema(g.start),
		"trigger":   conditionSchema(g.trigger),
		"part":      conditionSchema(g.part),
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(err) // the grammar holds a value that is no JSON
	}
	return b.Bytes()
}

// taskSchema adds that a task has exactly one kind.
func taskSchema(o *object[draft]) schema {
	s := o.schema()
	var kinds []any
	for _, k := range []Kind{Bash, Command, Expr, Request} {
		kinds = append(kinds, schema{"required": []string{string(k)}})
	}
	s["oneOf"] = kinds
	return s
}

// conditionSchema adds that a condition is of exactly one sort, and beside
// which sorts its other keys may stand.
func conditionSchema(o *object[node]) schema {
	s := o.schema()
	var kinds, filters, windows []any
	for _, sort := range sortsOf(o) {
		this := schema{"required": []string{string(sort.key)}}
		kinds = append(kinds, this)
		if sort.filter {
			filters = append(filters, this)
		}
		if sort.window {
			windows = append(windows, this)
		}
	}
	s["oneOf"] = kinds
	beside := schema{"if": schema{"anyOf": filters}, "within": schema{"anyOf": windows}}
	for _, k := range []string{"not_before", "deadline"} {
		if o.has(k) {
			beside[k] = schema{"required": []string{string(AllOf)}}
		}
	}
	s["dependencies"] = beside
	return s
}
