package papermill

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// Builtins are what papermill offers to paths as pm.run_uuid,
// pm.current_datetime_local and pm.current_datetime_utc. Local is shown
// without its zone, as Python does.
type Builtins struct {
	RunUUID    string
	Local, UTC time.Time
}

// moment is a time as a value of a template.
type moment struct {
	at    time.Time
	zoned bool
}

// Format fills a path in as Python's str.format does: {name}, {a:03d},
// {a[b]}, {a[0]}, {a.b}, {{ and }}.
func Format(path string, params []Param, b Builtins) (string, error) {
	values := Object{{"pm", Object{
		{"run_uuid", b.RunUUID},
		{"current_datetime_local", moment{b.Local, false}},
		{"current_datetime_utc", moment{b.UTC.UTC(), true}},
	}}}
	for _, p := range params {
		v, err := plain(p.Value, 0)
		if err != nil {
			return "", invalid("parameter %s: %v", p.Name, err)
		}
		values = set(values, Param{p.Name, v})
	}
	return format(path, values)
}

func format(path string, values Object) (string, error) {
	var out strings.Builder
	for rest := path; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			out.WriteString(rest)
			break
		}
		out.WriteString(rest[:at])
		c := rest[at]
		if rest = rest[at+1:]; rest != "" && rest[0] == c {
			out.WriteByte(c)
			rest = rest[1:]
			continue
		}
		end := strings.IndexAny(rest, "{}")
		if c == '}' || end < 0 || rest[end] == '{' {
			return "", invalid("path %q: a brace without its partner", path).WithHint("a brace itself is written twice: {{ or }}")
		}
		text, err := field(rest[:end], values)
		if err != nil {
			return "", inPath(path, err)
		}
		out.WriteString(text)
		rest = rest[end+1:]
	}
	return out.String(), nil
}

func inPath(path string, err error) error {
	var e *freshet.Error
	if errors.As(err, &e) {
		return err
	}
	return invalid("path %q: %v", path, err)
}

// field is what stands for name[key].attribute!s:spec.
func field(text string, values Object) (string, error) {
	selector, spec, _ := strings.Cut(text, ":")
	selector, conversion, converted := strings.Cut(selector, "!")
	v, err := lookup(selector, values)
	if err != nil {
		return "", err
	}
	if converted {
		if conversion != "s" {
			return "", fmt.Errorf("the conversion !%s is not known, !s is", conversion)
		}
		if v, err = displayText(v); err != nil {
			return "", fmt.Errorf("{%s}: %w", text, err)
		}
	}
	shown, err := formatValue(v, spec)
	if err != nil {
		return "", fmt.Errorf("{%s}: %w", text, err)
	}
	return shown, nil
}

func lookup(selector string, values Object) (any, error) {
	name, rest := selector, ""
	if at := strings.IndexAny(selector, ".["); at >= 0 {
		name, rest = selector[:at], selector[at:]
	}
	if name == "" || strings.Trim(name, "0123456789") == "" {
		return nil, fmt.Errorf("{%s} names no parameter", selector)
	}
	v, err := member(values, name)
	if err != nil {
		return nil, err
	}
	for rest != "" {
		var key string
		if key, rest, err = step(rest); err != nil {
			return nil, fmt.Errorf("{%s}: %w", selector, err)
		}
		if v, err = member(v, key); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// step cuts [key] or .key off.
func step(rest string) (key, after string, err error) {
	if rest[0] == '.' {
		rest = rest[1:]
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		return rest[:end], rest[end:], nil
	}
	end := strings.IndexByte(rest, ']')
	if end < 2 || rest[0] != '[' {
		return "", "", fmt.Errorf("a bracket without its partner, or nothing in it")
	}
	return rest[1:end], rest[end+1:], nil
}

func member(v any, key string) (any, error) {
	switch v := v.(type) {
	case Object:
		if at := slices.IndexFunc(v, func(p Param) bool { return p.Name == key }); at >= 0 {
			return v[at].Value, nil
		}
		return nil, missing(v, key)
	case []any:
		if i, err := strconv.ParseUint(key, 10, 31); err == nil && i < uint64(len(v)) {
			return v[i], nil
		}
		return nil, fmt.Errorf("a list of %d has no item %s", len(v), key)
	}
	return nil, fmt.Errorf("the value has no member %s", key)
}

func missing(o Object, key string) *freshet.Error {
	var known []string
	for _, p := range o {
		if p.Name != "pm" {
			known = append(known, p.Name)
		}
	}
	e := invalid("missing parameter '%s'", key)
	if len(known) == 0 {
		return e.WithHint("the path asks for it and no parameters are given; a brace itself is written twice: {{ or }}")
	}
	return e.WithHint("the path asks for it; given are %s; a brace itself is written twice: {{ or }}", strings.Join(known, ", "))
}
