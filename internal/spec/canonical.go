package spec

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// canonical writes an entry of `on` on one line of YAML: without comments,
// anchors and merges, its keys in a fixed order. Reading it gives the same.
func (r *reader) canonical(n *yaml.Node) string {
	var b strings.Builder
	r.writeFlow(&b, n)
	return b.String()
}

// first are the keys that are written before others, in this order.
var first = []string{"name", "event", "count", "sum", "missing", "every", "schedule", "workflow", "all", "any",
	"of", "reaches", "if", "for", "within", "not_before", "deadline", "timezone", "catchup", "with"}

func rank(key string) int {
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}

func (r *reader) writeFlow(b *strings.Builder, n *yaml.Node) {
	n = deref(n)
	switch n.Kind {
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteString(", ")
			}
			r.writeFlow(b, item)
		}
		b.WriteByte(']')
		return
	case yaml.MappingNode:
		es, _ := r.mapping(n, "a mapping")
		slices.SortFunc(es, func(a, b entry) int {
			return cmp.Or(cmp.Compare(rank(a.key.Value), rank(b.key.Value)), cmp.Compare(a.key.Value, b.key.Value))
		})
		b.WriteByte('{')
		for i, e := range es {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(flowKey(e.key.Value) + ": ")
			r.writeFlow(b, e.value)
		}
		b.WriteByte('}')
		return
	}
	switch {
	case isText(n):
		b.WriteString(flowText(n.Value))
	case n.Tag == "!!null":
		b.WriteString("null")
	default:
		b.WriteString(n.Value) // a number or a boolean, as it is written
	}
}

// maxFlowKey is well below the 1024 characters that YAML allows a key that is
// not announced by a question mark.
const maxFlowKey = 200

func flowKey(key string) string {
	if len(key) > maxFlowKey {
		return "? " + flowText(key) + " "
	}
	return flowText(key)
}

// bare is text that needs no quotes: a name that is no word of YAML, or a
// duration.
var (
	bare     = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_./-]*|([0-9]+(ms|s|m|h|d|w))+)$`)
	reserved = []string{"true", "false", "null", "yes", "no", "on", "off"}
)

func flowText(s string) string {
	if bare.MatchString(s) && !slices.Contains(reserved, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s) // Go's escapes are YAML's
}

// identify sets the trigger's hash. copies counts the entries of a file that
// are the same, which are told apart.
func (t *Trigger) identify(copies map[string]int) {
	same := t.Text + "\n" + t.Zone.String()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d", same, copies[same]))
	copies[same]++
	t.Hash = hex.EncodeToString(sum[:])
}
