package expr

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/freshet/freshet"
)

// output turns the value of an expression into one that is JSON-like. It has
// a budget because a small value may hold a large one many times.
type output struct{ budget int }

// maxOutput is about the bytes that one value may have as JSON.
const maxOutput = 16 << 20

func (o *output) spend(bytes int) error {
	if o.budget -= bytes; o.budget < 0 {
		return errTooLarge
	}
	return nil
}

// value converts a value of CEL, or one of Vars that CEL only passed on.
func (o *output) value(v any) (any, error) {
	if err := o.spend(4); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case nil, types.Null:
		return nil, nil
	case bool:
		return x, nil
	case types.Bool:
		return bool(x), nil
	case int:
		return int64(x), nil
	case int64:
		return x, nil
	case types.Int:
		return int64(x), nil
	case types.Uint:
		if x > math.MaxInt64 {
			return nil, freshet.Errorf(freshet.Invalid, "the number %d is too large", uint64(x))
		}
		return int64(x), nil
	case float64:
		return finite(x)
	case types.Double:
		return finite(float64(x))
	case string:
		return x, o.spend(len(x))
	case types.String:
		return string(x), o.spend(len(x))
	case types.Bytes:
		return base64.StdEncoding.EncodeToString(x), o.spend(len(x))
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano), nil
	case types.Timestamp:
		return x.UTC().Format(time.RFC3339Nano), nil
	case types.Duration:
		return x.Duration.String(), nil
	case *types.Type:
		return x.TypeName(), nil
	case []any:
		return o.list(x)
	case map[string]any:
		return o.fields(x)
	case *object:
		return o.object(x.fields)
	case Object:
		return o.object(x)
	case traits.Mapper:
		return o.mapper(x)
	case traits.Lister:
		return o.lister(x)
	case ref.Val:
		return nil, freshet.Errorf(freshet.Invalid, "the value is %s, which has no JSON form", kindOf(x))
	case func() any:
		return o.value(x())
	}
	if adapted := (adapter{}).NativeToValue(v); !types.IsError(adapted) {
		return o.value(adapted)
	}
	return nil, fmt.Errorf("a %T has no JSON form", v)
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, freshet.Errorf(freshet.Invalid, "the number is not finite").
			WithHint("a division by 0.0 or a number out of range has no JSON form")
	}
	return f, nil
}

func (o *output) list(in []any) (any, error) {
	out := make([]any, len(in))
	for i, v := range in {
		var err error
		if out[i], err = o.value(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o *output) fields(in map[string]any) (any, error) {
	out := make(map[string]any, len(in))
	for k, v := range in {
		if err := o.spend(len(k)); err != nil {
			return nil, err
		}
		converted, err := o.value(v)
		if err != nil {
			return nil, err
		}
		out[k] = converted
	}
	return out, nil
}

func (o *output) object(in Object) (any, error) {
	names := in.Names()
	out := make(map[string]any, len(names))
	for _, name := range names {
		v, ok := in.Field(name)
		if !ok {
			continue
		}
		if err := o.spend(len(name)); err != nil {
			return nil, err
		}
		converted, err := o.value(v)
		if err != nil {
			return nil, err
		}
		out[name] = converted
	}
	return out, nil
}

func (o *output) lister(in traits.Lister) (any, error) {
	if native, ok := in.Value().([]any); ok {
		return o.list(native)
	}
	n := int(in.Size().(types.Int))
	out := make([]any, n)
	for i := range n {
		var err error
		if out[i], err = o.value(in.Get(types.Int(i))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o *output) mapper(in traits.Mapper) (any, error) {
	if native, ok := in.Value().(map[string]any); ok {
		return o.fields(native)
	}
	out := make(map[string]any, int(in.Size().(types.Int)))
	for it := in.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		v, _ := in.Find(k)
		name := keyText(k)
		if err := o.spend(len(name)); err != nil {
			return nil, err
		}
		converted, err := o.value(v)
		if err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, freshet.Errorf(freshet.Invalid, "the map has two keys that are %q as text", clip(name))
		}
		out[name] = converted
	}
	return out, nil
}

// keyText is the text that stands for a key where JSON wants one.
func keyText(k ref.Val) string {
	switch x := k.(type) {
	case types.String:
		return string(x)
	case types.Bool:
		return strconv.FormatBool(bool(x))
	case types.Int:
		return strconv.FormatInt(int64(x), 10)
	case types.Uint:
		return strconv.FormatUint(uint64(x), 10)
	}
	return fmt.Sprint(k.Value())
}
