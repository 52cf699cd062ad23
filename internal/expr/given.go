package expr

import "time"

// given adds to a tree what an expression looks at, as JSON-like values: of
// each root as much as its refs name. What is not there is not in the tree,
// but what it would be in is.
func (p *Program) given(v Vars, tree map[string]any) map[string]any {
	if tree == nil {
		tree = map[string]any{}
	}
	for _, r := range p.refs {
		if value, there := v[r.Path[0]]; there && r.Path[0] != "env" {
			keep(tree, r.Path, value)
		}
	}
	return tree
}

// keep puts a value, or what a path names in it, into a tree.
func keep(tree map[string]any, path []string, value any) {
	if ask, ok := value.(func() any); ok {
		value = ask()
	}
	if value == Later {
		return
	}
	name := path[0]
	if len(path) == 1 {
		tree[name] = kept(value)
		return
	}
	within, ok := tree[name].(map[string]any)
	if _, there := tree[name]; there && !ok {
		return // kept whole already
	}
	var field any
	switch x := value.(type) {
	case Object:
		field, ok = x.Field(path[1])
	case map[string]any:
		field, ok = x[path[1]]
	default:
		tree[name] = kept(value)
		return
	}
	if within == nil {
		within = map[string]any{}
		tree[name] = within
	}
	if ok {
		keep(within, path[1:], field)
	}
}

// timeKey marks a map that stands for a time. Whoever makes such a map by
// hand gets a time, which does no harm.
const timeKey = "$time"

// kept is a value as JSON can hold it.
func kept(value any) any {
	switch x := value.(type) {
	case func() any:
		return kept(x())
	case time.Time:
		return map[string]any{timeKey: x.UTC().Format(time.RFC3339Nano)}
	case Object:
		m := map[string]any{}
		for _, name := range x.Names() {
			if field, ok := x.Field(name); ok {
				m[name] = kept(field)
			}
		}
		return m
	case map[string]any:
		m := make(map[string]any, len(x))
		for name, field := range x {
			m[name] = kept(field)
		}
		return m
	case []any:
		list := make([]any, len(x))
		for i, item := range x {
			list[i] = kept(item)
		}
		return list
	case int:
		return int64(x)
	}
	return value
}

// Restore makes Vars of what Partial has kept.
func Restore(given map[string]any) Vars {
	v := Vars{}
	for name, value := range given {
		v[name] = restored(value)
	}
	return v
}

func restored(value any) any {
	switch x := value.(type) {
	case map[string]any:
		if s, ok := x[timeKey].(string); ok && len(x) == 1 {
			if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return t
			}
		}
		m := make(map[string]any, len(x))
		for name, field := range x {
			m[name] = restored(field)
		}
		return m
	case []any:
		list := make([]any, len(x))
		for i, item := range x {
			list[i] = restored(item)
		}
		return list
	}
	return value
}

// Merge adds what one Rest was given to what others were.
func Merge(into, given map[string]any) {
	for name, value := range given {
		tree, ok := value.(map[string]any)
		if there, both := into[name].(map[string]any); ok && both {
			Merge(there, tree)
			continue
		}
		into[name] = value
	}
}
