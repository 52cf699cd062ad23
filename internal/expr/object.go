package expr

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// object shows an Object to CEL as a map that asks for one field at a time.
type object struct {
	fields Object
	scope  *scope // remembers why a field is missing; may be nil
}

var _ traits.Mapper = (*object)(nil)

// Find resolves one field.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	v, ok := o.fields.Field(string(name))
	if !ok {
		if err, isErr := v.(error); isErr && o.scope != nil {
			o.scope.missing[string(name)] = err
		}
		return nil, false
	}
	return o.scope.value(v), true
}

func (o *object) Get(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if !ok {
		return types.NewErr("no such key: %v", key)
	}
	return v
}

func (o *object) Contains(key ref.Val) ref.Val {
	_, ok := o.Find(key)
	return types.Bool(ok)
}

func (o *object) Size() ref.Val { return types.Int(len(o.fields.Names())) }

// Iterator walks the names in the order the Object gives, which is sorted.
func (o *object) Iterator() traits.Iterator {
	names := o.fields.Names()
	keys := make([]ref.Val, len(names))
	for i, n := range names {
		keys[i] = types.String(n)
	}
	return &walk{keys: keys}
}

func (o *object) Equal(other ref.Val) ref.Val {
	m, ok := other.(traits.Mapper)
	if !ok || m.Size() != o.Size() {
		return types.False
	}
	for it := o.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		mine, ok := o.Find(k)
		theirs, found := m.Find(k)
		if !ok || !found || types.Equal(mine, theirs) != types.True {
			return types.False
		}
	}
	return types.True
}

func (o *object) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("an object is no %v", t)
}

func (o *object) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return o
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("a map cannot become a %s", t.TypeName())
}

func (o *object) Type() ref.Type { return types.MapType }
func (o *object) Value() any     { return o }
