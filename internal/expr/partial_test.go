package expr

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func partialVars() Vars {
	return Vars{
		"params": map[string]any{"user": "ann", "n": int64(3), "f": 3.0, "odd": "a${{b", "dollar": "cost: $", "list": []any{int64(1), "x"}},
		"event":  func() any { return testObject{"data": map[string]any{"path": "/p"}, "key": "k"} },
		"run":    testObject{"scheduled_at": time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC)},
		"tasks":  testObject{"t": testObject{"outputs": testObject{"rows": int64(7)}}},
		"env":    map[string]any{"PLAIN": "p", "HIDDEN": Later},
		Zone:     time.FixedZone("x", 3600),
	}
}

// testObject is an Object of a map.
type testObject map[string]any

func (o testObject) Field(name string) (any, bool) { v, ok := o[name]; return v, ok }
func (o testObject) Names() []string               { return nil }

// TestPartial: what is known is computed, what is not stays as it was written,
// and completing it gives what one evaluation with everything would give.
func TestPartial(t *testing.T) {
	secrets := map[string]any{"A": "s3cret", "B": "b"}
	for source, want := range map[string]struct {
		text  string // of the rest; empty: all is known
		value any
	}{
		"plain":            {"", "plain"},
		"${{ params.n }}":  {"", int64(3)},
		"${{ secrets.A }}": {"${{ secrets.A }}", "s3cret"},
		"${{ params.user }}:${{ secrets.A }}@${{ event.data.path }}": {"ann:${{ secrets.A }}@/p", "ann:s3cret@/p"},
		"${{ params.user + secrets.A }}":                             {"${{ params.user + secrets.A }}", "anns3cret"},
		"${{ params.n > 2 ? 'x' : secrets.A }}":                      {"", "x"},
		"${{ params.n < 2 ? 'x' : secrets.A }}":                      {"${{ params.n < 2 ? 'x' : secrets.A }}", "s3cret"},
		"${{ {'k': secrets.A, 'n': params.n, 'f': params.f, 'l': params.list} }}": {"${{ {'k': secrets.A, 'n': params.n, 'f': params.f, 'l': params.list} }}",
			map[string]any{"k": "s3cret", "n": int64(3), "f": 3.0, "l": []any{int64(1), "x"}}},
		"${{ [secrets.B, 'z'][1] }}":                              {"${{ [secrets.B, 'z'][1] }}", "z"},
		"${{ has(secrets.X) ? 1 : 2 }}":                           {"${{ has(secrets.X) ? 1 : 2 }}", int64(2)},
		"${{ has(secrets.A) ? 1 : 2 }}":                           {"${{ has(secrets.A) ? 1 : 2 }}", int64(1)},
		"${{ date(run.scheduled_at) + secrets.B }}":               {"${{ date(run.scheduled_at) + secrets.B }}", "2026-03-01b"},
		"${{ secrets.B + (has(tasks.t.outputs.x) ? 'y' : 'n') }}": {"${{ secrets.B + (has(tasks.t.outputs.x) ? 'y' : 'n') }}", "bn"},
		"${{ secrets.B + string(tasks.t.outputs.rows / 2) }}":     {"${{ secrets.B + string(tasks.t.outputs.rows / 2) }}", "b3"},
		"${{ env.HIDDEN }}/x":                                     {"${{ env.HIDDEN }}/x", "h/x"},
		"${{ env.PLAIN }}/${{ secrets.B }}":                       {"p/${{ secrets.B }}", "p/b"},
		"${{ params.odd }}${{ secrets.B }}":                       {"a$${{b${{ secrets.B }}", "a${{bb"},
		"${{ params.dollar }}${{ secrets.B }}":                    {`cost: ${{ "$" }}${{ secrets.B }}`, "cost: $b"},
		"$${{ ${{ secrets.B }}":                                   {"$${{ ${{ secrets.B }}", "${{ b"},
		"${{ params.list.map(x, secrets.B) }}":                    {"${{ params.list.map(x, secrets.B) }}", []any{"b", "b"}},
		"${{ base64.encode(bytes(secrets.B)) }}":                  {"${{ base64.encode(bytes(secrets.B)) }}", "Yg=="},
	} {
		t.Run(source, func(t *testing.T) {
			tmpl, problem := ParseTemplate(source, Everything)
			if problem != nil {
				t.Fatal(problem)
			}
			v := partialVars()
			v["secrets"] = Later
			value, rest, err := tmpl.Partial(v)
			if err != nil {
				t.Fatal(err)
			}
			if rest == nil {
				if want.text != "" {
					t.Fatalf("all of it is known: %v", value)
				}
				if diff := cmp.Diff(want.value, value); diff != "" {
					t.Fatal(diff)
				}
				return
			}
			if rest.Text != want.text {
				t.Fatalf("the rest is %q, want %q", rest.Text, want.text)
			}
			raw, err := json.Marshal(rest.Given)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), "env") {
				t.Errorf("env was kept: %s", raw)
			}
			whole := Restore(rest.Given)
			whole["secrets"], whole["env"], whole[Zone] = secrets, map[string]any{"PLAIN": "p", "HIDDEN": "h"}, v[Zone]
			again, problem := ParseTemplate(rest.Text, Everything)
			if problem != nil {
				t.Fatal(problem)
			}
			got, err := again.Eval(whole)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.value, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// TestPartialErrors: an error that no secret would cure is told at once.
func TestPartialErrors(t *testing.T) {
	for _, source := range []string{
		"${{ tasks.t.outputs.none + secrets.A }}", "${{ params.none }}${{ secrets.A }}",
	} {
		tmpl, problem := ParseTemplate(source, Everything)
		if problem != nil {
			t.Fatal(problem)
		}
		v := partialVars()
		v["secrets"] = Later
		if _, rest, err := tmpl.Partial(v); err == nil {
			t.Errorf("%s: no error, and the rest is %v", source, rest)
		}
	}
}

// TestPartialOfText: literal texts of all sorts survive.
func TestPartialOfText(t *testing.T) {
	tmpl, problem := ParseTemplate("${{ params.a }}${{ secrets.S }}${{ params.b }}${{ secrets.S }}", Everything)
	if problem != nil {
		t.Fatal(problem)
	}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.StringOf(rapid.SampledFrom([]rune("$${}{ab\"'")))
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		v := Vars{"params": map[string]any{"a": a, "b": b}, "secrets": Later}
		_, rest, err := tmpl.Partial(v)
		if err != nil {
			t.Fatal(err)
		}
		again, problem := ParseTemplate(rest.Text, Everything)
		if problem != nil {
			t.Fatalf("%q: %v", rest.Text, problem)
		}
		whole := maps.Clone(Restore(rest.Given))
		whole["secrets"] = map[string]any{"S": "|"}
		got, err := again.Text(whole)
		if err != nil {
			t.Fatal(err)
		}
		if want := a + "|" + b + "|"; got != want {
			t.Fatalf("%q gives %q, want %q", rest.Text, got, want)
		}
	})
}
