package expr

import (
	"time"

	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// scope is what one evaluation sees: its Vars, what lazy ones turned out to
// be, and why fields of Objects were missing.
type scope struct {
	vars    Vars
	lazy    map[string]any
	missing map[string]error
}

var _ interpreter.Activation = (*scope)(nil)

func newScope(v Vars) *scope {
	return &scope{vars: v}
}

// ResolveName gives CEL one root.
func (s *scope) ResolveName(name string) (any, bool) {
	if name == zoneVariable {
		if z, ok := s.vars[Zone].(*time.Location); ok && z != nil {
			return zone{z}, true
		}
		return zone{time.UTC}, true
	}
	v, ok := s.vars[name]
	if !ok {
		return nil, false
	}
	switch x := v.(type) {
	case func() any:
		known, ok := s.lazy[name]
		if !ok {
			known = x()
			if s.lazy == nil {
				s.lazy = map[string]any{}
			}
			s.lazy[name] = known
		}
		v = known
	}
	if o, ok := v.(Object); ok {
		return s.value(o), true
	}
	return v, true
}

// Parent is nil: nothing encloses an evaluation.
func (s *scope) Parent() interpreter.Activation { return nil }

// value adapts a value, letting Objects report to this scope.
func (s *scope) value(v any) ref.Val {
	o, ok := v.(Object)
	if !ok {
		return adapter{}.NativeToValue(v)
	}
	if s != nil && s.missing == nil {
		s.missing = map[string]error{}
	}
	return &object{fields: o, scope: s}
}
