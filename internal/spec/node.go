package spec

import (
	"fmt"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// maxExpansion bounds the nodes that aliases may add to a document, and
// maxNesting its depth.
const (
	maxExpansion = 500_000
	maxNesting   = 100
)

// entry is a key of a mapping with its value.
type entry struct{ key, value *yaml.Node }

// entries are the keys of a mapping in the order of the file.
type entries []entry

// get is the value of a key, nil if it is not there.
func (es entries) get(key string) *yaml.Node {
	for i := range es {
		if es[i].key.Value == key {
			return es[i].value
		}
	}
	return nil
}

// keys are the nodes of the keys.
func (es entries) keys() []*yaml.Node {
	keys := make([]*yaml.Node, len(es))
	for i := range es {
		keys[i] = es[i].key
	}
	return keys
}

// has tells whether the key is there.
func (es entries) has(key string) bool { return es.get(key) != nil }

// deref follows an alias to what it stands for.
func deref(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// survey looks at the tree once before it is read: at keys that are no text,
// tags of other programs, and aliases that contain themselves or blow up. The
// last make a tree that cannot be read any further.
func (r *reader) survey(root *yaml.Node) bool {
	sizes := map[*yaml.Node]int{} // of anchored nodes; 0: being measured
	refused := false
	var measure func(n *yaml.Node, depth int) int
	measure = func(n *yaml.Node, depth int) int {
		if refused {
			return 0
		}
		if depth > maxNesting {
			refused = true
			r.errorAt(n, CodeYAML, "nested more than %d deep", maxNesting)
			return 0
		}
		if n.Kind == yaml.AliasNode {
			size, measured := sizes[n.Alias]
			if measured && size == 0 {
				refused = true
				r.errorAt(n, CodeAlias, "alias `*%s` contains itself", n.Value)
			}
			return size
		}
		if n.Anchor != "" {
			sizes[n] = 0
		}
		r.surveyTag(n)
		size := 1
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 && deref(c).Kind != yaml.ScalarNode {
				hint := ""
				if c.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 {
					hint = `an expression is written "${{ … }}", with the quotes`
				}
				r.hinted(c, CodeType, hint, "a key is text, not %s", found(c))
			}
			size = min(size+measure(c, depth+1), 1<<30)
		}
		if n.Anchor != "" {
			sizes[n] = size
		}
		return size
	}
	total := measure(root, 0)
	if !refused && total > maxExpansion && total-r.countNodes(root) > maxExpansion {
		refused = true
		r.errorAt(root, CodeAlias, "the aliases of this document stand for more than %d values", maxExpansion)
	}
	return !refused
}

func (r *reader) countNodes(n *yaml.Node) int {
	count := 1
	for _, c := range n.Content {
		count += r.countNodes(c)
	}
	return count
}

// surveyTag finds YAML tags that are no YAML's own: mostly expressions that
// begin with a `!`. The node becomes the text that was meant, so that it is
// not complained of twice.
func (r *reader) surveyTag(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle == 0 || strings.HasPrefix(n.Tag, "!!") {
		return
	}
	value := r.doc.after(n)
	defer func() {
		if n.Kind == yaml.ScalarNode {
			n.Tag, n.Value = "!!str", value
		}
	}()
	r.hinted(n, CodeTag, fmt.Sprintf("quote the value: '%s'", strings.ReplaceAll(value, "'", "''")),
		"`%s` at the start of a value is a YAML tag, not a negation", n.Tag)
}

// mapping is the keys of a mapping, with `<<` resolved; own keys come first.
// What is no mapping, and keys that stand twice, are reported.
func (r *reader) mapping(n *yaml.Node, what string) (entries, bool) {
	n = deref(n)
	if n.Kind != yaml.MappingNode {
		r.mistyped(n, what)
		return nil, false
	}
	es := make(entries, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := deref(n.Content[i]), n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			continue // reported by the survey
		}
		if key.Value == "<<" && key.Style == 0 {
			merged = append(merged, value)
			continue
		}
		if line, twice := seen[key.Value]; twice {
			r.errorAt(n.Content[i], CodeDuplicate, "`%s` stands twice, first in line %d", key.Value, line)
			continue
		}
		seen[key.Value] = r.line(n.Content[i])
		es = append(es, entry{n.Content[i], value})
		es[len(es)-1].key = r.plainKey(n.Content[i])
	}
	for _, m := range merged {
		es = r.merge(es, seen, m)
	}
	return es, true
}

// distinct reports names that differ only in upper and lower case.
func (r *reader) distinct(names []*yaml.Node) {
	folded := make(map[string]string, len(names))
	for _, n := range names {
		lower := strings.ToLower(n.Value)
		if other, twice := folded[lower]; twice {
			r.errorAt(n, CodeDuplicate, "`%s` and `%s` differ only in upper and lower case", other, n.Value)
		}
		folded[lower] = n.Value
	}
}

// plainKey is the key's own node, with its own place where it is an alias.
func (r *reader) plainKey(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode {
		return n
	}
	key := *n.Alias
	key.Line, key.Column = n.Line, n.Column
	return &key
}

// merge adds what `<<` brings and the mapping does not say itself.
func (r *reader) merge(es entries, seen map[string]int, n *yaml.Node) entries {
	parts := []*yaml.Node{n}
	if list := deref(n); list.Kind == yaml.SequenceNode {
		parts = list.Content
	}
	for _, part := range parts {
		more, _ := r.mapping(part, "a mapping to merge")
		for _, e := range more {
			if _, own := seen[e.key.Value]; !own {
				seen[e.key.Value] = r.line(e.key)
				es = append(es, e)
			}
		}
	}
	return es
}

// list is the elements of a list that has at least one.
func (r *reader) list(n *yaml.Node, what string) ([]*yaml.Node, bool) {
	n = deref(n)
	if n.Kind != yaml.SequenceNode {
		r.mistyped(n, what)
		return nil, false
	}
	if len(n.Content) == 0 {
		r.errorAt(n, CodeEmpty, "an empty list where %s has to be", what)
		return nil, false
	}
	return n.Content, true
}

// found names what stands at a place, for messages.
func found(n *yaml.Node) string {
	n = deref(n)
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "the boolean " + n.Value
	case "!!int", "!!float":
		return "the number " + n.Value
	}
	return "the text " + excerpt(n.Value)
}

// excerpt quotes the beginning of a text.
func excerpt(s string) string {
	s, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if rs := []rune(s); len(rs) > 40 {
		s, more = string(rs[:40]), true
	}
	if more {
		s += "…"
	}
	return "`" + s + "`"
}

// isText tells whether a scalar is text. Dates are: YAML 1.1 knows timestamps,
// this format does not.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!timestamp")
}
