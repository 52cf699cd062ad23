package nbformat

import (
	"encoding/json"
	"strings"
)

// Finite is a value with something else for each of the numbers that JSON does
// not have: NaN, Infinity, -Infinity, whose text instead is given. The value
// itself is not changed.
func Finite(v any, instead func(text string) any) any {
	switch v := v.(type) {
	case json.Number:
		if text := v.String(); text == "NaN" || strings.HasSuffix(text, "Infinity") {
			return instead(text)
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = Finite(item, instead)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = Finite(item, instead)
		}
		return m
	}
	return v
}
