package papermill

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
)

// Param is a parameter. Its value is what JSON, YAML and CEL give: nil, bool,
// an integer of any size, float64, json.Number, string, []any, and
// map[string]any, whose keys are sorted, or Object, whose keys have an order.
type Param struct {
	Name  string
	Value any
}

// Object is a value with named members in a given order.
type Object []Param

// maxDepth is how deep values may nest.
const maxDepth = 100

// plain turns a value into one of nil, bool, *big.Int, float64, string, []any
// and Object.
func plain(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, float64, *big.Int:
		return v, nil
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case int:
		return big.NewInt(int64(v)), nil
	case int64:
		return big.NewInt(v), nil
	case uint64:
		return new(big.Int).SetUint64(v), nil
	case json.Number:
		return number(v)
	case []string:
		return plainList(v, depth)
	case []any:
		return plainList(v, depth)
	case map[string]any:
		object := make(Object, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			object = append(object, Param{key, v[key]})
		}
		return plainObject(object, depth)
	case Object:
		return plainObject(v, depth)
	}
	return nil, fmt.Errorf("a value of type %T cannot be a parameter", v)
}

func plainList[T any](list []T, depth int) (any, error) {
	items := make([]any, len(list))
	for i, item := range list {
		var err error
		if items[i], err = plain(item, depth+1); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func plainObject(object Object, depth int) (any, error) {
	members := make(Object, len(object))
	for i, m := range object {
		v, err := plain(m.Value, depth+1)
		if err != nil {
			return nil, err
		}
		members[i] = Param{strings.ToValidUTF8(m.Name, "\ufffd"), v}
	}
	return members, nil
}

func number(n json.Number) (any, error) {
	if i, ok := new(big.Int).SetString(n.String(), 10); ok {
		return i, nil
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil && f == 0 {
		return nil, fmt.Errorf("%q is no number", n)
	}
	return f, nil
}

// asJSON turns a plain value into what a notebook's metadata holds.
func asJSON(v any) any {
	switch v := v.(type) {
	case *big.Int:
		return json.Number(v.String())
	case float64:
		return nbformat.Float(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = asJSON(item)
		}
		return list
	case Object:
		m := make(map[string]any, len(v))
		for _, member := range v {
			m[member.Name] = asJSON(member.Value)
		}
		return m
	}
	return v
}

// jsonText is a plain value as JSON in one line.
func jsonText(v any) (string, error) {
	switch v := v.(type) {
	case Object:
		var parts []string
		for _, m := range v {
			key, err := jsonText(m.Name)
			if err != nil {
				return "", err
			}
			item, err := jsonText(m.Value)
			if err != nil {
				return "", err
			}
			parts = append(parts, key+": "+item)
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	case []any:
		var parts []string
		for _, item := range v {
			text, err := jsonText(item)
			if err != nil {
				return "", err
			}
			parts = append(parts, text)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case float64:
		return nbformat.Float(v).String(), nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

func invalid(format string, args ...any) *freshet.Error {
	return freshet.Errorf(freshet.Invalid, format, args...)
}
