package expr

import (
	"errors"
	"strings"

	"cel.dev/cel-go/interpreter"

	"github.com/freshet/freshet"
)

// explain gives the error of an evaluation the words of Freshet.
func (p *Program) explain(err error, s *scope) error {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded {
		return errTooManySteps
	}
	for _, limit := range []*freshet.Error{errTooLarge, errTooManySteps} {
		if errors.Is(err, limit) {
			return limit
		}
	}
	message := err.Error()
	if key, ok := strings.CutPrefix(message, "no such key: "); ok && p.mayTell(key) {
		if why := s.missing[key]; why != nil {
			var e *freshet.Error
			if errors.As(why, &e) {
				return e
			}
			return freshet.Errorf(freshet.Invalid, "%s", why)
		}
		return freshet.Errorf(freshet.Invalid, "no such key: %s", clip(key)).
			WithHint("has(…) asks whether a field is there")
	}
	if name, ok := strings.CutPrefix(message, "no such attribute(s): "); ok {
		return freshet.Errorf(freshet.Invalid, "`%s` has no value here", name)
	}
	if strings.HasPrefix(message, "no such overload") {
		return freshet.Errorf(freshet.Invalid, "an operator or function does not fit the types of its values").
			WithHint("convert with string(x), int(x), double(x), bool(x) or timestamp(x)")
	}
	if p.mentionsSecrets() && !strings.HasPrefix(message, "must be ") && !strings.HasPrefix(message, "cannot ") {
		return freshet.Errorf(freshet.Invalid, "the expression failed; as it mentions secrets, the reason is not shown")
	}
	var e *freshet.Error
	if errors.As(err, &e) {
		return e
	}
	failed := freshet.Errorf(freshet.Invalid, "%s", clipLine(message))
	if strings.HasPrefix(message, "cannot ") {
		return failed.WithHint("convert with string(x), int(x) or double(x)")
	}
	return failed
}

// mayTell reports whether a key may stand in an error: where secrets are
// mentioned, only one that stands in the source.
func (p *Program) mayTell(key string) bool {
	return !p.mentionsSecrets() || strings.Contains(p.source, key)
}

func (p *Program) mentionsSecrets() bool {
	for _, r := range p.refs {
		if r.Path[0] == "secrets" {
			return true
		}
	}
	return false
}

// clipLine makes one line of at most 300 characters.
func clipLine(s string) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return string(runes)
}
