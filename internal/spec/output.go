package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
)

// outputsForm is a mapping from outputs to types.
var outputsForm = *convert(
	distinctPairs(pairsOf("a mapping from outputs to types", name,
		oneOf(StringOutput, IntegerOutput, NumberOutput, BooleanOutput, ArrayOutput, ObjectOutput))),
	func(ps []pair[OutputType]) []Output {
		outs := make([]Output, 0, len(ps))
		for _, p := range ps {
			outs = append(outs, Output{Name: p.key.Value, Type: p.value})
		}
		return outs
	})

// CheckOutputs converts what a process has written to $FRESHET_OUTPUT. What
// the task declares is required and converted, all else stays text. The error
// is Invalid and names every output that is not as declared.
func (t *Task) CheckOutputs(raw map[string]string) (map[string]any, error) {
	out := make(map[string]any, len(raw))
	for k, v := range raw {
		out[k] = v
	}
	var wrong []string
	for _, o := range t.Outputs {
		text, there := raw[o.Name]
		if !there && o.Optional {
			continue
		} else if !there {
			wrong = append(wrong, fmt.Sprintf("output `%s` is missing", o.Name))
			continue
		}
		v, ok := o.Type.convert(text)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("output `%s` has to be %s, it is %s", o.Name, o.Type.article(), excerpt(text)))
			continue
		}
		out[o.Name] = v
	}
	if len(wrong) > 0 {
		return nil, freshet.Errorf(freshet.Invalid, "%s", strings.Join(wrong, "; ")).
			WithHint("a script writes name=value lines to $FRESHET_OUTPUT; lists and objects are JSON")
	}
	return out, nil
}

func (t OutputType) article() string {
	if slices.Contains([]OutputType{IntegerOutput, ArrayOutput, ObjectOutput}, t) {
		return "an " + string(t)
	}
	return "a " + string(t)
}

// convert reads a text as a value of the type.
func (t OutputType) convert(text string) (any, bool) {
	if t == StringOutput {
		return text, true
	}
	text = strings.TrimSpace(text)
	switch t {
	case IntegerOutput:
		v, err := strconv.ParseInt(text, 10, 64)
		return v, err == nil
	case BooleanOutput:
		return text == "true", text == "true" || text == "false"
	}
	v, err := parseJSON(text)
	if err != nil {
		return nil, false
	}
	ok := t == jsonOutput
	switch v := v.(type) {
	case int64:
		if t == NumberOutput {
			return float64(v), true
		}
	case float64:
		ok = ok || t == NumberOutput
	case []any:
		ok = ok || t == ArrayOutput
	case map[string]any:
		ok = ok || t == ObjectOutput
	}
	return v, ok
}
