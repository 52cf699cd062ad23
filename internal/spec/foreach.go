package spec

import (
	"fmt"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// Foreach makes one execution per item of a list.
type Foreach struct {
	Axes        []Axis // without a name: the one list; with names: every combination, the last changing first
	MaxParallel int    // 0: as many as there are
	FailFast    bool
}

// Axis is one list of a foreach: an expression, or a list as written.
type Axis struct {
	Name    string
	Program *expr.Program
	List    *expr.Template
}

// MaxItems bounds the items of one start.
const MaxItems = 100_000

// Items computes what the items of a start are.
func (f *Foreach) Items(vars expr.Vars) ([]any, error) {
	if len(f.Axes) == 1 && f.Axes[0].Name == "" {
		return f.Axes[0].items(vars)
	}
	items := []any{map[string]any{}}
	for _, a := range f.Axes {
		list, err := a.items(vars)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
		if len(items)*len(list) > MaxItems {
			return nil, tooMany(len(items) * len(list))
		}
		next := make([]any, 0, len(items)*len(list))
		for _, item := range items {
			for _, v := range list {
				m := make(map[string]any, len(f.Axes))
				for k, known := range item.(map[string]any) {
					m[k] = known
				}
				m[a.Name] = v
				next = append(next, m)
			}
		}
		items = next
	}
	return items, nil
}

func (a *Axis) items(vars expr.Vars) ([]any, error) {
	var v any
	var err error
	if a.Program != nil {
		v, err = a.Program.Eval(vars)
	} else {
		v, err = a.List.Eval(vars)
	}
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("expected a list, found %s", describeValue(v))
	}
	if len(list) > MaxItems {
		return nil, tooMany(len(list))
	}
	return list, nil
}

func tooMany(n int) error {
	return fmt.Errorf("%d items, and %d are the most; let each item be a batch of them", n, MaxItems)
}

func describeValue(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case map[string]any:
		return "a mapping"
	}
	return "a number"
}

// axisForm is one list of a foreach.
var axisForm = func() form[Axis] {
	list := listOf("a list", inputForm(ofTask))
	bare := program(ofTask, "a list", "list")
	return form[Axis]{schema{"anyOf": []any{bare.schema, schema{"type": "array"}}}, func(r *reader, n *yaml.Node) (Axis, bool) {
		if deref(n).Kind == yaml.SequenceNode {
			if len(deref(n).Content) == 0 {
				return Axis{List: r.emptyList()}, true
			}
			if _, ok := list.read(r, n); !ok {
				return Axis{}, false
			}
			t, ok := inputForm(ofTask).read(r, n)
			return Axis{List: t}, ok
		}
		p, ok := bare.read(r, n)
		return Axis{Program: p}, ok
	}}
}()

// emptyList is a list without items.
func (r *reader) emptyList() *expr.Template {
	t, _ := r.parseTemplate("${{ [] }}", everywhere)
	return t
}

// foreachForm is the three forms of `foreach`.
var foreachForm = func() form[*Foreach] {
	one := convert(axisForm, func(a Axis) *Foreach { return &Foreach{Axes: []Axis{a}} })
	pairs := distinctPairs(pairsOf("a mapping from names to lists", name, axisForm))
	pairs.schema["minProperties"] = 1
	many := convert(pairs, func(ps []pair[Axis]) *Foreach {
		f := &Foreach{}
		for _, p := range ps {
			p.value.Name = p.key.Value
			f.Axes = append(f.Axes, p.value)
		}
		return f
	})
	return either[*Foreach]{what: "a list, an expression, or a mapping from names to lists", scalar: one, list: one, mapping: many}.form()
}()

// checkForeach completes a task's foreach.
func (r *reader) checkForeach(d *draft, es entries) {
	if d.Foreach != nil {
		d.Foreach.MaxParallel, d.Foreach.FailFast = d.maxParallel, d.failFast || !es.has("fail_fast")
		return
	}
	for _, k := range []string{"max_parallel", "fail_fast"} {
		if v := es.get(k); v != nil && !es.has("foreach") {
			r.warn(v, CodeNoEffect, "", "`%s` changes nothing without `foreach`", k)
		}
	}
}
