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
		"task":      taskSchema(g),
		"condition": conditionSchema(g.condition),
		"start":     conditionSchema(g.start),
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
func taskSchema(g *grammar) schema {
	s := g.task.schema()
	var kinds []any
	for _, k := range []Kind{Bash, Command, Expr} {
		kinds = append(kinds, schema{"required": []string{string(k)}})
	}
	s["oneOf"] = kinds
	return s
}

// conditionSchema adds that a condition is of exactly one sort.
func conditionSchema(o *object[node]) schema {
	s := o.schema()
	var kinds []any
	for _, sort := range sorts {
		kinds = append(kinds, schema{"required": []string{string(sort.key)}})
	}
	s["oneOf"] = kinds
	return s
}
