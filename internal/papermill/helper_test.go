package papermill_test

import (
	"math/big"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/freshet/freshet/internal/nbformat"
	. "github.com/freshet/freshet/internal/papermill"
)

func cutLine(text string) (line, rest string, ok bool) { return strings.Cut(text, "\n") }

// encoded is a value for a Python script: its kind beside it, because JSON
// does not tell 1 from 1.0 and has no NaN.
func encoded(v any) any {
	switch v := v.(type) {
	case int:
		return []any{"int", strconv.Itoa(v)}
	case int64:
		return []any{"int", strconv.FormatInt(v, 10)}
	case *big.Int:
		return []any{"int", v.String()}
	case float64:
		text := strings.ToLower(nbformat.Float(v).String())
		return []any{"float", strings.Replace(text, "infinity", "inf", 1)}
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = encoded(item)
		}
		return []any{"list", items}
	case Object:
		members := make([]any, len(v))
		for i, m := range v {
			members[i] = []any{m.Name, encoded(m.Value)}
		}
		return []any{"object", members}
	}
	return []any{"plain", v}
}

// texts are texts that somebody could try: what ends a literal, what begins
// code, what is no printable character.
func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{
				`"`, `'`, `\`, "`", "$", "$x", "$(id)", "${x}", "`id`", `\u0022`, `\"`, `"""`, "\n", "\r", "\u2028", "\u2019", "\u201b", "\u0085",
				"; exit 1", "#", "//", "*)", "]", ")", "}", "@(", "'; id #", "\\\n", "!", "%", "~", "*", "é", "😍", "\x1b", "\x7f", "\ufeff", "0", "a",
			}),
			rapid.StringN(0, 4, -1),
		), 0, 6).Draw(t, "parts")
		return strings.ToValidUTF8(strings.ReplaceAll(strings.Join(parts, ""), "\x00", ""), "?")
	})
}

// values are values of any kind, not deep. Keys differ and are not empty.
func values(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(), texts().AsAny(),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list") }),
			rapid.Custom(func(t *rapid.T) any {
				keys := rapid.SliceOfNDistinct(texts().Filter(func(s string) bool { return s != "" }), 0, 3, rapid.ID[string]).Draw(t, "keys")
				o := make(Object, len(keys))
				for i, key := range keys {
					o[i] = Param{Name: key, Value: values(depth-1).Draw(t, "value")}
				}
				return o
			}))
	}
	return rapid.OneOf(kinds...)
}
