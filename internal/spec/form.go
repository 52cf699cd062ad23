package spec

import (
	"fmt"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// The grammar of the file is written once, as forms and objects. The parser
// reads with them and the JSON Schema is printed from them.

// schema is a JSON Schema.
type schema map[string]any

// ref is the schema of a named part of the grammar.
func ref(name string) schema { return schema{"$ref": "#/definitions/" + name} }

// form is a sort of value: how it is read, and its JSON Schema. What cannot be
// read is reported, and nothing is returned.
type form[V any] struct {
	schema schema
	read   func(r *reader, n *yaml.Node) (V, bool)
}

// field is a key of an object that is read into a T.
type field[T any] struct {
	name     string
	doc      string // what editors show; the beginning of the key's documentation
	schema   schema
	required bool
	read     func(r *reader, n *yaml.Node, into *T)
}

// key is a field whose value has a form and a place.
func key[T, V any](name string, f form[V], place func(*T) *V, doc string) field[T] {
	return field[T]{name: name, doc: doc, schema: f.schema, read: func(r *reader, n *yaml.Node, into *T) {
		if v, ok := f.read(r, n); ok {
			*place(into) = v
		}
	}}
}

// must makes a field required.
func must[T any](f field[T]) field[T] {
	f.required = true
	return f
}

// object is a mapping with known keys. Its fields are read in this order,
// whatever their order in the file.
type object[T any] struct {
	what   string // what messages call it
	fields []field[T]
	later  []string          // keys of the format that are not built yet
	hints  map[string]string // for keys that are often looked for here
	wrong  map[string]misfit // keys of the format that cannot stand here
	open   bool              // keys that begin with x- are ignored
}

// misfit says why a key of the format cannot stand at a place.
type misfit struct{ message, hint string }

// read reads a mapping into a T; the entries tell which keys are there.
func (o *object[T]) read(r *reader, n *yaml.Node, into *T) (entries, bool) {
	es, ok := r.mapping(n, o.what)
	if !ok {
		return nil, false
	}
	meant := map[string]bool{} // what unknown keys are taken for
	for _, e := range es {
		if near := o.check(r, e); near != "" {
			meant[near] = true
		}
	}
	for i := range o.fields {
		f := &o.fields[i]
		if value := es.get(f.name); value != nil {
			f.read(r, value, into)
		} else if f.required {
			ok = false
			if !meant[f.name] {
				r.errorAt(n, CodeMissing, "%s needs `%s`", o.what, f.name)
			}
		}
	}
	return es, ok
}

// check reports a key that is not built yet or unknown; what it is taken for
// is returned.
func (o *object[T]) check(r *reader, e entry) (near string) {
	name := e.key.Value
	if o.has(name) || o.open && strings.HasPrefix(name, "x-") {
		return ""
	}
	if m, known := o.wrong[name]; known {
		r.hinted(e.key, CodeMisplaced, m.hint, "%s", m.message)
		return ""
	}
	if slices.Contains(o.later, name) {
		r.errorAt(e.key, CodeNotBuilt, "`%s` is not built yet", name)
		return ""
	}
	names := o.names()
	hint, known := o.hints[name]
	if !known && !r.full() {
		hint = "the keys of " + o.what + ": " + strings.Join(names, ", ")
		if near = nearest(name, append(names, o.later...)); near != "" {
			hint = fmt.Sprintf("did you mean `%s`?", near)
		}
	}
	r.hinted(e.key, CodeUnknownKey, hint, "unknown key %s in %s", excerpt(name), o.what)
	return near
}

func (o *object[T]) names() []string {
	names := make([]string, 0, len(o.fields)+len(o.later))
	for _, f := range o.fields {
		names = append(names, f.name)
	}
	return names
}

// pick is the object with some of its fields.
func (o *object[T]) pick(what string, names ...string) *object[T] {
	some := &object[T]{what: what}
	for _, f := range o.fields {
		if slices.Contains(names, f.name) {
			some.fields = append(some.fields, f)
		}
	}
	return some
}

// has tells whether the object has a field.
func (o *object[T]) has(name string) bool {
	return slices.ContainsFunc(o.fields, func(f field[T]) bool { return f.name == name })
}

// form reads the object into a new T.
func (o *object[T]) form() form[T] {
	return form[T]{o.schema(), func(r *reader, n *yaml.Node) (v T, ok bool) {
		_, ok = o.read(r, n, &v)
		return v, ok
	}}
}

// schema is the object's JSON Schema.
func (o *object[T]) schema() schema {
	properties, required := schema{}, []string{}
	for _, f := range o.fields {
		properties[f.name] = described(f.schema, f.doc)
		if f.required {
			required = append(required, f.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if o.open {
		s["patternProperties"] = schema{"^x-": true}
	}
	return s
}

// described is a schema with a description. What stands beside a $ref is
// ignored by draft 7, hence the allOf.
func described(s schema, doc string) schema {
	if doc == "" {
		return s
	}
	if _, isRef := s["$ref"]; isRef {
		return schema{"allOf": []any{s}, "description": doc}
	}
	out := schema{"description": doc}
	for k, v := range s {
		out[k] = v
	}
	return out
}

// either chooses a form by the value's kind: scalar, list or mapping. An empty
// slot is a kind that is not allowed.
type either[V any] struct {
	what                  string
	scalar, list, mapping *form[V]
}

func (e either[V]) form() form[V] {
	var options []any
	for _, f := range []*form[V]{e.scalar, e.list, e.mapping} {
		if f != nil {
			options = append(options, f.schema)
		}
	}
	return form[V]{schema{"anyOf": options}, func(r *reader, n *yaml.Node) (zero V, ok bool) {
		f := e.scalar
		switch deref(n).Kind {
		case yaml.SequenceNode:
			f = e.list
		case yaml.MappingNode:
			f = e.mapping
		}
		if f == nil {
			r.mistyped(n, e.what)
			return zero, false
		}
		return f.read(r, n)
	}}
}

// convert makes a form of another one's value.
func convert[V, W any](f form[V], to func(V) W) *form[W] {
	return &form[W]{f.schema, func(r *reader, n *yaml.Node) (w W, ok bool) {
		v, ok := f.read(r, n)
		if ok {
			w = to(v)
		}
		return w, ok
	}}
}

// listOf is a list with at least one element of a form.
func listOf[V any](what string, f form[V]) form[[]V] {
	s := schema{"type": "array", "items": f.schema, "minItems": 1}
	return form[[]V]{s, func(r *reader, n *yaml.Node) ([]V, bool) {
		items, ok := r.list(n, what)
		vs := make([]V, 0, len(items))
		for _, item := range items {
			v, fine := f.read(r, item)
			vs, ok = append(vs, v), ok && fine
		}
		return vs, ok
	}}
}

// oneOrMore is one value of a form or a list of them.
func oneOrMore[V any](what string, f form[V]) form[[]V] {
	list := listOf(what, f)
	one := convert(f, func(v V) []V { return []V{v} })
	return form[[]V]{schema{"anyOf": []any{f.schema, list.schema}}, func(r *reader, n *yaml.Node) ([]V, bool) {
		if deref(n).Kind == yaml.SequenceNode {
			return list.read(r, n)
		}
		return one.read(r, n)
	}}
}

// pair is a name with its value, in the order of the file.
type pair[V any] struct {
	key   *yaml.Node
	value V
}

// pairsOf is a mapping from names of the user's choice to values of a form.
func pairsOf[V any](what string, names form[string], f form[V]) form[[]pair[V]] {
	s := schema{"type": "object", "additionalProperties": f.schema, "propertyNames": names.schema}
	return form[[]pair[V]]{s, func(r *reader, n *yaml.Node) ([]pair[V], bool) {
		es, ok := r.mapping(n, what)
		ps := make([]pair[V], 0, len(es))
		for _, e := range es {
			_, named := names.read(r, e.key)
			v, fine := f.read(r, e.value)
			ok = ok && fine && named
			ps = append(ps, pair[V]{e.key, v})
		}
		return ps, ok
	}}
}

// distinctPairs are pairs whose names also differ ignoring case.
func distinctPairs[V any](f form[[]pair[V]]) form[[]pair[V]] {
	return form[[]pair[V]]{f.schema, func(r *reader, n *yaml.Node) ([]pair[V], bool) {
		ps, ok := f.read(r, n)
		names := make([]*yaml.Node, len(ps))
		for i := range ps {
			names[i] = ps[i].key
		}
		r.distinct(names)
		return ps, ok
	}}
}
