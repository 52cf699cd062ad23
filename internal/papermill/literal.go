package papermill

import (
	"math"
	"math/big"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// literals says how a language writes values.
type literals struct {
	null, yes, no         string
	nan, inf, negativeInf string
	text                  func(string) (string, error)
	whole                 func(*big.Int) string
	list                  func(items []string, values []any) string
	object                func(keys, items []string, o Object) (string, error)
}

// of is the literal of a plain value.
func (l *literals) of(v any) (string, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return l.yes, nil
		}
		return l.no, nil
	case string:
		return l.text(v)
	case *big.Int:
		return l.whole(v), nil
	case float64:
		return l.float(v), nil
	case []any:
		items, err := l.all(v)
		if err != nil {
			return "", err
		}
		return l.list(items, v), nil
	case Object:
		return l.members(v)
	}
	return l.null, nil
}

func (l *literals) float(f float64) string {
	switch {
	case math.IsNaN(f):
		return l.nan
	case math.IsInf(f, 1):
		return l.inf
	case math.IsInf(f, -1):
		return l.negativeInf
	}
	return nbformat.Float(f).String()
}

func (l *literals) all(values []any) ([]string, error) {
	items := make([]string, len(values))
	for i, v := range values {
		var err error
		if items[i], err = l.of(v); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (l *literals) members(o Object) (string, error) {
	keys, values := make([]string, len(o)), make([]any, len(o))
	for i, m := range o {
		var err error
		if keys[i], err = l.text(m.Name); err != nil {
			return "", err
		}
		values[i] = m.Value
	}
	items, err := l.all(values)
	if err != nil {
		return "", err
	}
	return l.object(keys, items, o)
}

// enclosed writes a list between two brackets.
func enclosed(open, between, closed string) func([]string, []any) string {
	return func(items []string, _ []any) string { return open + strings.Join(items, between) + closed }
}

// paired writes an object as pairs between two brackets.
func paired(open, arrow, between, closed string) func(keys, items []string, o Object) (string, error) {
	return func(keys, items []string, _ Object) (string, error) {
		pairs := make([]string, len(keys))
		for i, key := range keys {
			pairs[i] = key + arrow + items[i]
		}
		return open + strings.Join(pairs, between) + closed, nil
	}
}

func anySize(i *big.Int) string { return i.String() }

// sized writes an integer of 32 bits as it is, of 64 with an L, and larger
// ones between two brackets.
func sized(open, closed string) func(*big.Int) string {
	return func(i *big.Int) string {
		switch {
		case !i.IsInt64():
			return open + i.String() + closed
		case i.Int64() > math.MaxInt32 || i.Int64() < math.MinInt32:
			return i.String() + "L"
		}
		return i.String()
	}
}
