package papermill_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	. "github.com/freshet/freshet/internal/papermill"
)

var (
	pathParams = []Param{
		{"name", "daily"}, {"n", int64(7)}, {"negative", -42}, {"f", 2.5}, {"big", 1234567.891}, {"wide", int64(12345678)}, {"yes", true}, {"none", nil},
		{"o", Object{{"b", "deep"}, {"1", "one"}}}, {"l", []any{"first", 3}}, {"odd key", 1}, {"é", "ü"},
	}
	builtins = Builtins{
		RunUUID: "0b1c",
		Local:   time.Date(2026, 3, 4, 5, 6, 7, 890_000, time.FixedZone("CET", 3600)),
		UTC:     time.Date(2026, 3, 4, 4, 6, 7, 0, time.UTC),
	}
)

func TestFormat(t *testing.T) {
	paths := []string{
		"plain.ipynb", "{name}.ipynb", "a{{b}}c", "{{{name}}}", "{n:03d}-{n:3d}|{n:<5}|{n:^6}|{n:>4}|{n:+d}|{n: d}|{n:x}|{n:b}|{n:o}", "{negative:05d}|{negative:=+6d}|{negative:*^9}",
		"{f}|{f:.2f}|{f:08.3f}|{f:e}|{f:.0%}|{f:10.1f}|{f:<8}", "{big:,.1f}|{wide:,}|{wide:_d}|{big:,}", "{name:>10}|{name:*^9}|{name:.2}|{name:8s}|{name:08}", "{o[b]}/{l[0]}/{l[1]:02d}/{o[1]}", "{yes}/{none}",
		"{odd key}", "{é}", "{n!s:>4}", "{pm[run_uuid]}", "{pm[current_datetime_local]}", "{pm[current_datetime_utc]}", "{pm[current_datetime_utc]:%Y-%m-%d_%H%M%S}", "{pm[current_datetime_local]:%d.%m.%y %I %p %j %f %b %B %a %A %% %z|%Z}",
		"{pm[current_datetime_utc]:%z %Z %F}", "{n:X}|{wide:X}", "{yes:d}", "{n:.1f}|{n:%}",
	}
	var want []string
	asked(t, "format", `
from datetime import datetime, timezone
p = dict(name="daily", n=7, negative=-42, f=2.5, big=1234567.891, wide=12345678, yes=True, none=None, o={"b": "deep", 1: "one"}, l=["first", 3])
p["odd key"] = 1; p["é"] = "ü"
p["pm"] = {"run_uuid": "0b1c", "current_datetime_local": datetime(2026, 3, 4, 5, 6, 7, 890), "current_datetime_utc": datetime(2026, 3, 4, 4, 6, 7, tzinfo=timezone.utc)}
print(json.dumps([path.format(**p) for path in input]))
`, paths, &want)
	for i, path := range paths {
		got, err := Format(path, pathParams, builtins)
		if err != nil || got != want[i] {
			t.Errorf("%q: got %q, %v; Python has %q", path, got, err, want[i])
		}
	}
	if got, err := Format("{pm.run_uuid}", nil, builtins); err != nil || got != "0b1c" {
		t.Errorf("with a point: %q, %v", got, err)
	}
	if got, err := Format("{pm}", []Param{{"pm", "mine"}}, builtins); err != nil || got != "mine" {
		t.Errorf("a parameter of that name counts more: %q, %v", got, err)
	}
}

func TestFormatErrors(t *testing.T) {
	for path, want := range map[string]string{
		"{foo}":         "missing parameter 'foo'",
		"{o[c]}":        "missing parameter 'c'",
		"{pm.foo}":      "missing parameter 'foo'",
		"{":             `path "{": a brace without its partner`,
		"a}":            `path "a}": a brace without its partner`,
		"{n:{w}}":       `path "{n:{w}}": a brace without its partner`,
		"{}":            `path "{}": {} names no parameter`,
		"{0}":           `path "{0}": {0} names no parameter`,
		"{l[5]}":        `path "{l[5]}": a list of 2 has no item 5`,
		"{l[-1]}":       `path "{l[-1]}": a list of 2 has no item -1`,
		"{name[x]}":     `path "{name[x]}": the value has no member x`,
		"{l[0}":         `path "{l[0}": {l[0}: a bracket without its partner, or nothing in it`,
		"{l}":           `path "{l}": {l}: a list or an object cannot stand in a path: choose an item, {a[0]} or {a[key]}`,
		"{n!r}":         `path "{n!r}": the conversion !r is not known, !s is`,
		"{n:q}":         `path "{n:q}": {n:q}: the format does not suit a whole number`,
		"{name:d}":      `path "{name:d}": {name:d}: the format does not suit a text`,
		"{none:d}":      `path "{none:d}": {none:d}: the format "d" does not suit the value`,
		"{n:1000000d}":  `path "{n:1000000d}": {n:1000000d}: the format "1000000d" is not known`,
		"{pm.run_uuid:": `path "{pm.run_uuid:": a brace without its partner`,
	} {
		got, err := Format(path, pathParams, builtins)
		var e *freshet.Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
	_, err := Format("{foo}", []Param{{"a", 1}, {"b", 2}}, builtins)
	var e *freshet.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if diff := cmp.Diff("the path asks for it; given are a, b; a brace itself is written twice: {{ or }}", e.Hint); diff != "" {
		t.Error(diff)
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("{o[b]:>3}{l[0]}{{")
	f.Add("{n:*^-10,.3f}{pm.current_datetime_utc:%Y%%}")
	f.Fuzz(func(t *testing.T, path string) {
		if _, err := Format(path, pathParams, builtins); err != nil && freshet.CodeOf(err) != freshet.Invalid {
			t.Error(err)
		}
	})
}
