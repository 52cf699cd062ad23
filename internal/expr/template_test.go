package expr

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTemplate(t *testing.T) {
	for _, c := range []struct {
		source string
		want   any
		text   string
	}{
		{``, "", ""},
		{`plain $ {{ }} text`, "plain $ {{ }} text", "plain $ {{ }} text"},
		{`${{ params.n }}`, int64(7), "7"},
		{`${{params.n}}`, int64(7), "7"},
		{` ${{ params.n }}`, " 7", " 7"},
		{`${{ params.n }}${{ params.f }}`, "72.5", "72.5"},
		{`a ${{ params.day }} b`, "a 2026-11-20 b", "a 2026-11-20 b"},
		{`$${{ params.n }}`, "${{ params.n }}", "${{ params.n }}"},
		{`$$ $${{ $${{`, "$$ ${{ ${{", "$$ ${{ ${{"},
		{`${{ "}}" }}`, "}}", "}}"},
		{`${{ '}}' + "\"}}" }}`, `}}"}}`, `}}"}}`},
		{`${{ r"\" + "}}" }}`, `\}}`, `\}}`},
		{`${{ """a"}}""" }}`, `a"}}`, `a"}}`},
		{`${{ {"a": {"b": 1}} }}`, map[string]any{"a": map[string]any{"b": int64(1)}}, `{"a":{"b":1}}`},
		{`${{{"a": {"b": 1}}}}`, map[string]any{"a": map[string]any{"b": int64(1)}}, `{"a":{"b":1}}`},
		{`${{ [params.no, true, 1.0, 1e21, 0.5] }}`, []any{nil, true, 1.0, 1e21, 0.5}, `[null,true,1,1000000000000000000000,0.5]`},
		{`${{ [event.data.s, "\n\""] }}`, []any{"hé<b>", "\n\""}, `["hé<b>","\n\""]`},
		{`${{ params.no }}`, nil, "null"},
		{`${{ 10000000 * 10000000 }}`, int64(100000000000000), "100000000000000"},
		{`${{ params.map }}!`, `{"a":2,"m":3,"z":1}!`, `{"a":2,"m":3,"z":1}!`},
		{"line\n${{\n params.n\n}}", "line\n7", "line\n7"},
	} {
		t.Run(c.source, func(t *testing.T) {
			tmpl, problem := ParseTemplate(c.source, everything)
			if problem != nil {
				t.Fatal(problem.Message, problem.Hint)
			}
			got, err := tmpl.Eval(vars())
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			if text, err := tmpl.Text(vars()); text != c.text || err != nil {
				t.Errorf("text %q, want %q (%v)", text, c.text, err)
			}
		})
	}
}

func TestTemplateProblems(t *testing.T) {
	for _, c := range []struct {
		source string
		want   Problem
	}{
		{`a ${{ params.n`, Problem{1, 3, "the ${{ that begins here is not closed", "end it with }}; a literal ${{ is written $${{"}},
		{"a\n ${{ 'x }}", Problem{2, 6, "the string that begins here is not closed", ""}},
		{`${{ }}`, Problem{1, 4, "the expression is empty", ""}},
		{"é\né ${{ 1 }} ${{ rows }}", Problem{2, 16, "`rows` is not known", "here you can use params; a text stands in quotes"}},
		{"x ${{\n tasks.a }}", Problem{2, 2, "`tasks` cannot be used here", "here you can use params"}},
	} {
		_, got := ParseTemplate(c.source, Params)
		if got == nil {
			t.Errorf("%q parses", c.source)
		} else if d := cmp.Diff(c.want, *got); d != "" {
			t.Errorf("%q: %s", c.source, d)
		}
	}
}

func TestTemplateTellsWhatIsInIt(t *testing.T) {
	tmpl, problem := ParseTemplate("x\né ${{ params.a }}$${{${{\n has(env.B) }}", everything)
	if problem != nil {
		t.Fatal(problem)
	}
	want := []Ref{{Path: []string{"params", "a"}, Line: 2, Col: 7}, {Path: []string{"env", "B"}, Line: 3, Col: 6, Has: true}}
	if d := cmp.Diff(want, tmpl.Refs()); d != "" {
		t.Error(d)
	}
	if got := len(tmpl.Programs()); got != 2 {
		t.Error(got, "programs")
	}
	if _, static := tmpl.Static(); static {
		t.Error("is static")
	}
	plain, _ := ParseTemplate("a $${{", 0)
	if s, static := plain.Static(); !static || s != "a ${{" || plain.Programs() != nil {
		t.Errorf("%q %v", s, static)
	}
}

func TestTypeOfTemplates(t *testing.T) {
	for source, want := range map[string]string{
		"": "string", "a": "string", "$${{ 1 }}": "string", "${{ 1 }}": "int", "${{ 1 }} ": "string", "${{ 1 }}${{ 2 }}": "string",
		"${{ params.a }}": "dyn", "${{ [1] }}": "list", "${{ run.id == 1 }}": "bool", "${{ date(run.scheduled_at) }}": "string",
	} {
		tmpl, problem := ParseTemplate(source, everything)
		if problem != nil {
			t.Fatal(problem)
		}
		if got := tmpl.Type(); got != want {
			t.Errorf("%q is of type %s, want %s", source, got, want)
		}
	}
}
