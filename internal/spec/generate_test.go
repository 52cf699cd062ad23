package spec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// jsonLike draws a value of any type.
func jsonLike(t *rapid.T, depth int) any {
	most := 6
	if depth == 0 {
		most = 4
	}
	switch rapid.IntRange(0, most).Draw(t, "type") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.Int64().Draw(t, "int")
	case 3:
		return rapid.Float64Range(-1e300, 1e300).Draw(t, "float")
	case 4:
		return rapid.SampledFrom([]string{"", "x", "a }} b", "{", "}", `"'\`, "é\n\t", "$", "1", "null", "${ {"}).Draw(t, "text")
	case 5:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = jsonLike(t, depth-1)
		}
		return list
	}
	m := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "length") {
		m[rapid.SampledFrom([]string{"a", "b b", "}}", "", `"`, "<<"}).Draw(t, "key")] = jsonLike(t, depth-1)
	}
	return m
}

// flow writes a value as YAML on one line.
func flow(v any) string {
	switch v := v.(type) {
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = flow(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			items = append(items, flow(k)+": "+flow(v[k]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case float64:
		s := fmt.Sprintf("%g", v)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}
