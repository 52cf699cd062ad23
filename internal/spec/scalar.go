package spec

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
)

// The forms of single values.
var (
	text     = form[string]{schema{"type": "string"}, readText}
	anyText  = form[string]{schema{"type": []string{"string", "number", "boolean"}}, readScalar}
	plain    = form[string]{text.schema, withoutExpression(readText)}
	anyPlain = form[string]{anyText.schema, withoutExpression(readScalar)}
	boolean  = form[bool]{schema{"type": "boolean"}, readBool}
	name     = form[string]{schema{"type": "string", "pattern": namePattern, "maxLength": maxName}, readName}
	envName  = form[string]{schema{"type": "string", "pattern": envPattern}, readEnvName}
	eventKey = form[string]{schema{"type": "string", "minLength": 1, "maxLength": freshet.MaxKeyBytes}, readEventKey}
	duration = form[time.Duration]{schema{"type": "string", "pattern": durationPattern}, readDuration}
	timeout  = form[time.Duration]{schema{"type": "string", "pattern": durationPattern + "|^none$"}, readTimeout}
)

const (
	maxName         = 128
	namePattern     = `^[A-Za-z_][A-Za-z0-9_-]*$`
	envPattern      = `^[A-Za-z_][A-Za-z0-9_]*$`
	durationPattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$`
)

var (
	nameRegexp     = regexp.MustCompile(namePattern)
	envRegexp      = regexp.MustCompile(envPattern)
	durationRegexp = regexp.MustCompile(durationPattern)
	durationPart   = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)`)
)

// readText reads text as it is; a number or a boolean is none.
func readText(r *reader, n *yaml.Node) (string, bool) {
	n = deref(n)
	if !isText(n) {
		r.mistyped(n, "text")
		return "", false
	}
	return n.Value, true
}

// readScalar reads text, or a number or boolean as it is written.
func readScalar(r *reader, n *yaml.Node) (string, bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.mistyped(n, "text")
		return "", false
	}
	return n.Value, true
}

// withoutExpression refuses ${{ }} in places where it has no meaning.
func withoutExpression(read func(*reader, *yaml.Node) (string, bool)) func(*reader, *yaml.Node) (string, bool) {
	return func(r *reader, n *yaml.Node) (string, bool) {
		s, ok := read(r, n)
		if ok && strings.Contains(s, "${{") {
			r.errorAt(n, CodeNoExpression, "${{ }} cannot be used here")
			return "", false
		}
		return s, ok
	}
}

func readBool(r *reader, n *yaml.Node) (value, ok bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		hint := ""
		switch strings.ToLower(n.Value) {
		case "yes", "on":
			hint = "write true"
		case "no", "off":
			hint = "write false"
		}
		r.hinted(n, CodeType, hint, "expected true or false, found %s", found(n))
		return false, false
	}
	return strings.EqualFold(n.Value, "true"), true
}

// whole is a form for whole numbers in a range.
func whole(least, most int) form[int] {
	s := schema{"type": "integer", "minimum": least}
	if most < math.MaxInt32 {
		s["maximum"] = most
	}
	return form[int]{s, func(r *reader, n *yaml.Node) (int, bool) {
		n = deref(n)
		v, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
			r.mistyped(n, "a whole number")
			return 0, false
		}
		if v < int64(least) || v > int64(most) {
			r.errorAt(n, CodeValue, "%d is out of range: at least %d, at most %d", v, least, most)
			return 0, false
		}
		return int(v), true
	}}
}

// number is a form for finite numbers from least on; above excludes it.
func number(least float64, above bool) form[float64] {
	s, bound := schema{"type": "number", "minimum": least}, fmt.Sprintf("at least %v", least)
	if above {
		s, bound = schema{"type": "number", "exclusiveMinimum": least}, fmt.Sprintf("more than %v", least)
	}
	return form[float64]{s, func(r *reader, n *yaml.Node) (float64, bool) {
		v, ok := numberOf(deref(n))
		if !ok {
			r.mistyped(n, "a number")
			return 0, false
		}
		if v < least || above && v == least {
			r.errorAt(n, CodeValue, "%v is out of range: it has to be %s", v, bound)
			return 0, false
		}
		return v, true
	}}
}

// numberOf is the value of a finite number.
func numberOf(n *yaml.Node) (float64, bool) {
	var v float64
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || n.Decode(&v) != nil {
		return 0, false
	}
	return v, !math.IsNaN(v) && !math.IsInf(v, 0)
}

// oneOf is a form for one of some words.
func oneOf[V ~string](words ...V) form[V] {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	list := strings.Join(names, ", ")
	return form[V]{schema{"enum": names}, func(r *reader, n *yaml.Node) (V, bool) {
		n = deref(n)
		if n.Kind != yaml.ScalarNode {
			r.mistyped(n, "one of "+list)
			return "", false
		}
		for _, w := range words {
			if n.Value == string(w) {
				return w, true
			}
		}
		hint := ""
		if near := nearest(n.Value, names); near != "" {
			hint = "did you mean `" + near + "`?"
		}
		r.hinted(n, CodeValue, hint, "expected one of %s, found %s", list, found(n))
		return "", false
	}}
}

// badName says what is wrong with a name, empty if nothing is.
func badName(s string) string {
	switch {
	case len(s) > maxName:
		return fmt.Sprintf("a name has at most %d characters, this one has %d", maxName, len(s))
	case !nameRegexp.MatchString(s):
		return fmt.Sprintf("%s is not a name", excerpt(s))
	case expr.IsKeyword(s):
		return fmt.Sprintf("`%s` is a word of the expression language, not a name", s)
	}
	return ""
}

func readName(r *reader, n *yaml.Node) (string, bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.mistyped(n, "a name")
		return "", false
	}
	if wrong := badName(n.Value); wrong != "" {
		hint := "names begin with a letter or _ and go on with letters, digits, _ and -"
		if expr.IsKeyword(n.Value) {
			hint = "choose another, such as `" + n.Value + "_1`: expressions could not tell it from the word"
		}
		r.hinted(n, CodeName, hint, "%s", wrong)
		return "", false
	}
	return n.Value, true
}

func readEnvName(r *reader, n *yaml.Node) (string, bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || !envRegexp.MatchString(n.Value) || len(n.Value) > maxName {
		r.hinted(n, CodeName, "names begin with a letter or _ and go on with letters, digits and _",
			"%s is not a name of an environment variable", excerpt(n.Value))
		return "", false
	}
	return n.Value, true
}

func readEventKey(r *reader, n *yaml.Node) (string, bool) {
	s, ok := plain.read(r, n)
	switch {
	case !ok:
		return "", false
	case s == "":
		r.errorAt(n, CodeEmpty, "an event's key is not empty")
		return "", false
	case len(s) > freshet.MaxKeyBytes:
		r.errorAt(n, CodeValue, "an event's key has at most %d bytes, this one has %d", freshet.MaxKeyBytes, len(s))
		return "", false
	}
	return s, true
}

func readTimeout(r *reader, n *yaml.Node) (time.Duration, bool) {
	if n := deref(n); n.Kind == yaml.ScalarNode && n.Value == "none" {
		return 0, true
	}
	return readDuration(r, n)
}

// units are what durations are made of. A day has 24 hours.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

func readDuration(r *reader, n *yaml.Node) (time.Duration, bool) {
	n = deref(n)
	const expected = "a duration such as 90s, 10m, 1h30m or 7d"
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float") {
		r.hinted(n, CodeType, fmt.Sprintf("name the unit: %ss", n.Value), "expected %s, found the number %s", expected, n.Value)
		return 0, false
	}
	if !isText(n) {
		r.mistyped(n, expected)
		return 0, false
	}
	if strings.HasPrefix(n.Value, "-") && durationRegexp.MatchString(n.Value[1:]) {
		r.errorAt(n, CodeValue, "a duration is not negative, found %s", excerpt(n.Value))
		return 0, false
	}
	if !durationRegexp.MatchString(n.Value) {
		r.errorAt(n, CodeValue, "expected %s, found %s", expected, excerpt(n.Value))
		return 0, false
	}
	var total float64
	for _, part := range durationPart.FindAllStringSubmatch(n.Value, -1) {
		v, _ := strconv.ParseFloat(part[1], 64)
		total += v * float64(units[part[2]])
	}
	if total < 1 || total > float64(100*365*24*time.Hour) {
		r.errorAt(n, CodeValue, "a duration is more than nothing and at most 100 years, found %s", excerpt(n.Value))
		return 0, false
	}
	return time.Duration(total), true
}
