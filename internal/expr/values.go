package expr

import (
	"reflect"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// adapter gives CEL the values of Vars as they are looked at; a tree is never
// converted whole.
type adapter struct{}

func (a adapter) NativeToValue(v any) ref.Val {
	switch x := v.(type) {
	case nil:
		return types.NullValue
	case ref.Val:
		return x
	case bool:
		return types.Bool(x)
	case int64:
		return types.Int(x)
	case int:
		return types.Int(x)
	case float64:
		return types.Double(x)
	case string:
		return types.String(x)
	case []any:
		return types.NewList(a, x)
	case map[string]any:
		return sorted{Mapper: types.NewStringInterfaceMap(a, x)}
	case time.Time:
		return types.Timestamp{Time: x}
	case Object:
		return &object{fields: x}
	case func() any:
		return a.NativeToValue(x())
	case []byte, time.Duration:
		return types.DefaultTypeAdapter.NativeToValue(v)
	}
	switch r := reflect.ValueOf(v); r.Kind() { // other lists and maps of Go must not escape the order
	case reflect.Slice, reflect.Array:
		return types.NewDynamicList(a, v)
	case reflect.Map:
		return sorted{Mapper: types.NewDynamicMap(a, v)}
	case reflect.Pointer:
		if r.IsNil() {
			return types.NullValue
		}
		return a.NativeToValue(r.Elem().Interface())
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// kindOf names a value's type for people.
func kindOf(v ref.Val) string {
	switch v.(type) {
	case types.Null:
		return "null"
	case types.Bool:
		return "true or false"
	case types.Int, types.Uint, types.Double:
		return "a number"
	case types.String:
		return "a string"
	case types.Bytes:
		return "bytes"
	case types.Timestamp:
		return "a timestamp"
	case types.Duration:
		return "a duration"
	case traits.Mapper:
		return "a map"
	case traits.Lister:
		return "a list"
	}
	return "a " + v.Type().TypeName()
}

// clip shortens a text that goes into a message.
func clip(s string) string {
	const most = 60
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}
