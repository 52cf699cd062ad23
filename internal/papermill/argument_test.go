package papermill_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	. "github.com/freshet/freshet/internal/papermill"
)

// A text after -p has the type that papermill gives it.
func TestParseParam(t *testing.T) {
	var got []any
	questions := []string{
		"True", "False", "None", "true", "", "a", "1", "-1", "+5", "007", "1_000", "1__0", "_1", "1_", "0x10", "1e5", "1E+5", ".5", "5.", "1_0.5_1e1_0",
		"1.e", ".", "e5", "nan", "-inf", "Infinity", "+INF", "infin", " 1 ", "\t2.5\n", "1 2", "123456789012345678901234567890", "-0", "-0.0", "1e400", "1,5", "0b1", "12:30",
		"٣", "-१२", "１_０.５", "٣e٤", "𝟙𝟚", "²", "٣x", "½", "\x1c1\x1f", "\u00a07\u3000", "\u200b1", "1\x00",
	}
	for _, q := range questions {
		got = append(got, encoded(ParseParam(q)))
	}
	var want []any
	asked(t, "resolve", kinds+`
from papermill.cli import _resolve_type as resolve
print(json.dumps([kind(resolve(q)) for q in input]))
`, questions, &want)
	compareValues(t, questions, want, got)
}

// compareValues compares encoded values with those of papermill.
func compareValues(t *testing.T, questions []string, want, got []any) {
	t.Helper()
	var same []any
	decode(t, encode(t, got), &same)
	for i, q := range questions {
		if diff := cmp.Diff(want[i], same[i]); diff != "" {
			t.Errorf("%q (-papermill +got):\n%s", q, diff)
		}
	}
}

// kinds is encoded in Python.
const kinds = `
def kind(v):
    if type(v) is list: return ["list", [kind(i) for i in v]]
    if type(v) is dict: return ["object", [[str(k), kind(i)] for k, i in v.items()]]
    if type(v) is int: return ["int", str(v)]
    if type(v) is float: return ["float", repr(v)]
    return ["plain", v]
`

// YAML means what it means to papermill.
func TestParseYAML(t *testing.T) {
	var got []any
	questions := []string{
		"", "# nothing", "a: 1", "b: 1\na: 2", "{a: [1, 2.5, x], b: {c: null, d: ~, e: }}", "a: yes\nb: No\nc: on\nd: OFF\ne: true\nf: y\ng: n\nh: yEs",
		"a: 0x1F\nb: 017\nc: 0b11\nd: 0o17\ne: 1_000\nf: +5\ng: 12:30\nh: 1:30:15\ni: 08\nj: -0x1\nk: 0", "a: 1e5\nb: 1.0e5\nc: 1.0e+5\nd: 1.\ne: .5\nf: 1_0.5\ng: 1:30.5\nh: -.inf\ni: .NaN\nj: .Inf\nk: 1e+5\nl: 6.8523015e+5",
		"a: 2016-01-01\nb: 2016-01-01 01:02:03\nc: 2001-12-14t21:59:43.10-05:00", "a: 'yes'\nb: \"1\"\nc: |\n  two\n  lines\nd: >\n  folded\n  text\n", "7: a\ntrue: b\nnull: c\n1.5: d\n2016-01-01: e",
		"base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\n  z: 4\nd: *b", "c:\n  z: 0\n  <<: [{x: 1}, {x: 2, y: 3}]\n", "a: !!str 1\nb: !!float 1\nc: !!int 3\nd: !!null ''\ne: !!bool yes", "a: 123456789012345678901234567890",
		"a: 1\na: 2\nb: 3", "a: \"\\u00e9\\n\"", "a: é😍", "a:\n- - 1\n  - 2\n- {}\n- []", `{"a": 1, "b": [true, false, null]}`, "a: 1.5.2\nb: 1-2\nc: 0x\nd: 1_2_\ne: '~'\nf: NULL\ng: nUll\nh: 09.5",
		"--- {a: 1}\n...\n", "a: ! 12", "%YAML 1.1\n---\na: 1",
	}
	for _, q := range questions {
		params, err := ParseYAML("-y", []byte(q))
		if err != nil {
			t.Errorf("%q: %v", q, err)
		}
		got = append(got, encoded(Object(params)))
	}
	var want []any
	asked(t, "yaml", kinds+`
import yaml
from papermill.iorw import NoDatesSafeLoader
print(json.dumps([kind(yaml.load(q, Loader=NoDatesSafeLoader) or {}) for q in input]))
`, questions, &want)
	compareValues(t, questions, want, got)
}

func TestYAMLErrors(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i, c := range "bcdefgh" {
		before := string("abcdefgh"[i])
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+before+", ", 10) + "]\n"
	}
	for _, test := range []struct{ text, want string }{
		{"[1, 2]", "params.yaml: parameters are names with values"},
		{"text", "params.yaml: parameters are names with values"},
		{"a: [", "params.yaml: not YAML: "},
		{"a: 1\n---\nb: 2", "params.yaml: parameters are one YAML document, something follows it"},
		{"? [a]\n: 1", "params.yaml: line 1: a key must be a text"},
		{"a: 1\nb: !!binary aGk=", "params.yaml: line 2: the tag !!binary does not suit the value"},
		{"a: !!int x", "params.yaml: line 1: the tag !!int does not suit the value"},
		{"a: !custom x", "params.yaml: line 1: the tag !custom does not suit the value"},
		{"a:\n  <<: 3", "params.yaml: line 2: << takes a mapping"},
		{strings.Repeat("[", 200), "params.yaml: "},
		{"a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "params.yaml: line 1: the values are too many or too deep"},
		{bomb, "params.yaml: "},
	} {
		params, err := ParseYAML("params.yaml", []byte(test.text))
		var e *freshet.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Message, test.want) {
			t.Errorf("%.60q: %v, %v", test.text, params, err)
		}
	}
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("a: &x [1, *x]"))
	f.Add([]byte("<<: {a: 1}\nb: !!int 0x1F"))
	f.Fuzz(func(t *testing.T, text []byte) {
		params, err := ParseYAML("-y", text)
		if err != nil && freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%v", err)
		}
		for _, p := range params {
			_, _ = injected("python3", "python", p)
		}
	})
}

func TestPrecedence(t *testing.T) {
	got, err := Arguments{
		Paths:  []Param{{"PAPERMILL_INPUT_PATH", "in.ipynb"}, {"a", "path"}},
		Base64: []string{"YTogYmFzZTY0CmI6IGJhc2U2NAo=", "YjogYmFz\nZTY0Mg=="},
		Files:  []YAMLFile{{"one.yaml", []byte("b: file\nc: file")}, {"empty.yaml", nil}},
		YAML:   []string{"c: yaml\nd: yaml", "d: yaml2"},
		Typed:  []Assignment{{"d", "1"}, {"e", "2"}, {"e", "3"}},
		Raw:    []Assignment{{"e", "4"}},
	}.Params()
	if err != nil {
		t.Fatal(err)
	}
	want := []Param{{"PAPERMILL_INPUT_PATH", "in.ipynb"}, {"a", "base64"}, {"b", "file"}, {"c", "yaml"}, {"d", int64(1)}, {"e", "4"}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := (Arguments{Base64: []string{"%"}}).Params(); freshet.CodeOf(err) != freshet.Invalid {
		t.Errorf("no base64: %v", err)
	}
	if _, err := (Arguments{YAML: []string{"[1]"}}).Params(); freshet.CodeOf(err) != freshet.Invalid {
		t.Errorf("no mapping: %v", err)
	}
}
