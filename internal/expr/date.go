package expr

import (
	"fmt"
	"reflect"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// The @ keeps these names out of reach of a workflow's text.
const (
	dateFunction = "@date"
	zoneVariable = "@zone"
)

// dateIn is the day, YYYY-MM-DD, on which a timestamp or its RFC 3339 text
// falls in a zone.
func dateIn(when, in ref.Val) ref.Val {
	z, ok := in.(zone)
	if !ok {
		return types.NewErr("date() has no zone")
	}
	switch t := when.(type) {
	case types.Timestamp:
		return types.String(t.In(z.Location).Format(time.DateOnly))
	case types.String:
		parsed, err := time.Parse(time.RFC3339Nano, string(t))
		if err != nil {
			return types.NewErr("date() needs a timestamp, %q is none", clip(string(t)))
		}
		return types.String(parsed.In(z.Location).Format(time.DateOnly))
	}
	return types.NewErr("date() needs a timestamp, not %s", kindOf(when))
}

// zone carries a time zone through CEL to date().
type zone struct{ *time.Location }

func (z zone) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a zone is no %v", t)
}
func (z zone) ConvertToType(ref.Type) ref.Val { return types.NewErr("a zone is no value") }
func (z zone) Equal(other ref.Val) ref.Val    { return types.Bool(other == ref.Val(z)) }
func (z zone) Type() ref.Type                 { return types.DynType }
func (z zone) Value() any                     { return z.Location }
