package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// sorted is a map that is iterated in the order of its keys. CEL's own maps
// are iterated as Go's are, in another order each time, and a decision must
// come out the same twice. It hides the faster, unordered Fold of the map
// inside.
type sorted struct {
	traits.Mapper
	weight int
}

// Equal looks through the wrapper: CEL compares by concrete type.
func (s sorted) Equal(other ref.Val) ref.Val {
	if o, ok := other.(sorted); ok {
		other = o.Mapper
	}
	return s.Mapper.Equal(other)
}

// Iterator walks the keys in order.
func (s sorted) Iterator() traits.Iterator {
	keys := make([]ref.Val, 0, int(s.Size().(types.Int)))
	for it := s.Mapper.Iterator(); it.HasNext() == types.True; {
		keys = append(keys, it.Next())
	}
	slices.SortFunc(keys, compareKeys)
	return &walk{Iterator: nil, keys: keys}
}

// walk is an iterator over keys that are known.
type walk struct {
	traits.Iterator // for the methods that nobody calls on an iterator
	keys            []ref.Val
}

func (w *walk) HasNext() ref.Val { return types.Bool(len(w.keys) > 0) }

func (w *walk) Next() ref.Val {
	if len(w.keys) == 0 {
		return nil
	}
	k := w.keys[0]
	w.keys = w.keys[1:]
	return k
}

// compareKeys orders the keys of a map: true and false, then numbers, then
// texts, each in their own order.
func compareKeys(a, b ref.Val) int {
	if x, ok := a.(types.String); ok {
		if y, ok := b.(types.String); ok {
			return strings.Compare(string(x), string(y))
		}
	}
	if r := keyRank(a) - keyRank(b); r != 0 {
		return r
	}
	if c, ok := a.(traits.Comparer); ok {
		if n, ok := c.Compare(b).(types.Int); ok {
			return int(n)
		}
	}
	return 0
}

func keyRank(v ref.Val) int {
	switch v.(type) {
	case types.Bool:
		return 0
	case types.Int, types.Uint, types.Double:
		return 1
	}
	return 2
}
