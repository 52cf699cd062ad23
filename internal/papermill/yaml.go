package papermill

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
)

// maxNodes bounds what aliases can blow a document up to.
const maxNodes = 100_000

// ParseYAML reads the parameters of a YAML text, in the order in which they
// stand there. What a plain text means is what PyYAML, and so papermill, takes
// it for (YAML 1.1: yes is true, 1e5 a text, 12:30 a number), so that a file
// of parameters means here what it means there; a date stays a text. name is
// for messages.
func ParseYAML(name string, text []byte) ([]Param, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, invalid("%s: not YAML: %s", name, oneLine(err))
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, invalid("%s: parameters are one YAML document, something follows it", name)
	}
	r := &yamlReader{name: name}
	v, err := r.value(&doc, 0)
	if err != nil || v == nil {
		return nil, err
	}
	object, ok := v.(Object)
	if !ok {
		return nil, invalid("%s: parameters are names with values, such as \"a: 1\"", name)
	}
	return object, nil
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

type yamlReader struct {
	name  string
	nodes int
}

func (r *yamlReader) errorf(n *yaml.Node, what string) *freshet.Error {
	return invalid("%s: line %d: %s", r.name, n.Line, what)
}

func (r *yamlReader) value(n *yaml.Node, depth int) (any, error) {
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, r.errorf(n, "the values are too many or too deep")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return r.value(n.Content[0], depth)
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = r.value(item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	return r.scalar(n)
}

// mapping reads the members. Those that << brings in count less than those
// that are written, and come before them.
func (r *yamlReader) mapping(n *yaml.Node, depth int) (any, error) {
	var own, merged []Param
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		v, err := r.value(value, depth+1)
		if err != nil {
			return nil, err
		}
		if key.Value == "<<" && isPlain(key) {
			if merged, err = r.merge(merged, value, v); err != nil {
				return nil, err
			}
			continue
		}
		k, err := r.value(key, depth+1)
		if err != nil {
			return nil, err
		}
		name, ok := keyText(k)
		if !ok {
			return nil, r.errorf(key, "a key must be a text, a number, true, false or null")
		}
		own = set(own, Param{name, v})
	}
	for _, p := range own {
		merged = set(merged, p)
	}
	return Object(merged), nil
}

func (r *yamlReader) merge(merged []Param, n *yaml.Node, v any) ([]Param, error) {
	sources, ok := v.([]any)
	if !ok {
		sources = []any{v}
	}
	for i := len(sources) - 1; i >= 0; i-- { // the first counts most
		object, ok := sources[i].(Object)
		if !ok {
			return nil, r.errorf(n, "<< takes a mapping or a list of mappings")
		}
		for _, p := range object {
			merged = set(merged, p)
		}
	}
	return merged, nil
}

// keyText is a key as the text that Python makes of it.
func keyText(k any) (string, bool) {
	switch k.(type) {
	case []any, Object:
		return "", false
	}
	if s, ok := k.(string); ok {
		return s, true
	}
	text, err := displayText(k)
	return text, err == nil
}

func isPlain(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
}

func (r *yamlReader) scalar(n *yaml.Node) (any, error) {
	if n.Style&yaml.TaggedStyle == 0 {
		if isPlain(n) {
			return plainScalar(n.Value), nil
		}
		return n.Value, nil
	}
	v := plainScalar(n.Value)
	ok := false
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!bool":
		_, ok = v.(bool)
	case "!!int":
		_, ok = v.(*big.Int)
	case "!!float":
		if i, whole := v.(*big.Int); whole {
			f, _ := new(big.Float).SetInt(i).Float64()
			return f, nil
		}
		_, ok = v.(float64)
	}
	if !ok {
		return nil, r.errorf(n, "the tag "+n.ShortTag()+" does not suit the value, or is none that parameters can have")
	}
	return v, nil
}

// The plain texts that are no texts, as PyYAML has them.
var (
	yamlNull  = newPattern(`^(~|null|Null|NULL|)$`)
	yamlTrue  = newPattern(`^(yes|Yes|YES|true|True|TRUE|on|On|ON)$`)
	yamlFalse = newPattern(`^(no|No|NO|false|False|FALSE|off|Off|OFF)$`)
	yamlInt   = newPattern(`^([-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	yamlFloat = newPattern(`^([-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
)

func plainScalar(text string) any {
	switch {
	case yamlNull.MatchString(text):
		return nil
	case yamlTrue.MatchString(text):
		return true
	case yamlFalse.MatchString(text):
		return false
	case yamlInt.MatchString(text):
		if i, ok := yamlWhole(strings.ReplaceAll(text, "_", "")); ok {
			return i
		}
	case yamlFloat.MatchString(text):
		return yamlNumber(strings.ToLower(strings.ReplaceAll(text, "_", "")))
	}
	return text
}

// yamlWhole reads an integer in base 2, 8, 10, 16, or 60 with colons.
func yamlWhole(text string) (*big.Int, bool) {
	sign, digits := signOf(text)
	base := 10
	switch {
	case strings.HasPrefix(digits, "0b"):
		base, digits = 2, digits[2:]
	case strings.HasPrefix(digits, "0x"):
		base, digits = 16, digits[2:]
	case len(digits) > 1 && digits[0] == '0':
		base, digits = 8, digits[1:]
	}
	sum := new(big.Int)
	for part := range strings.SplitSeq(digits, ":") {
		i, ok := new(big.Int).SetString(part, base)
		if !ok {
			return nil, false
		}
		sum.Add(sum.Mul(sum, big.NewInt(60)), i)
	}
	if sign < 0 {
		sum.Neg(sum)
	}
	return sum, true
}

func yamlNumber(text string) float64 {
	sign, digits := signOf(text)
	switch digits {
	case ".inf":
		return math.Inf(sign)
	case ".nan":
		return math.NaN()
	}
	sum := 0.0
	for part := range strings.SplitSeq(digits, ":") {
		f, _ := strconv.ParseFloat(part, 64) // out of range is infinite, as in Python
		sum = sum*60 + f
	}
	return sum * float64(sign)
}

func signOf(text string) (sign int, rest string) {
	switch {
	case strings.HasPrefix(text, "-"):
		return -1, text[1:]
	case strings.HasPrefix(text, "+"):
		return 1, text[1:]
	}
	return 1, text
}
