package papermill_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/freshet/freshet/internal/papermill"
)

// Python itself reads every literal as the value that it stands for.
func TestPythonReadsItsLiterals(t *testing.T) {
	type question struct {
		Source string
		Want   any
	}
	var questions []question
	for i := range 500 {
		v := values(3).Example(i)
		source, err := injected("python3", "python", Param{"x", v})
		if err != nil {
			t.Fatal(err)
		}
		questions = append(questions, question{source, encoded(v)})
	}
	var wrong []string
	ask(t, `
import math, ast
def same(got, want):
    kind, x = want
    if kind == "list": return type(got) is list and len(got) == len(x) and all(map(same, got, x))
    if kind == "object": return type(got) is dict and list(got) == [k for k, _ in x] and all(same(got[k], i) for k, i in x)
    want = {"int": int, "float": float}.get(kind, lambda x: x)(x)
    return type(got) is type(want) and (repr(got) == repr(want))
wrong = []
for q in input:
    assert len(ast.parse(q["Source"]).body) == 1, q
    scope = {}
    exec(q["Source"], scope)
    if not same(scope["x"], q["Want"]): wrong.append(q["Source"])
print(json.dumps(wrong))
`, questions, &wrong)
	for _, source := range wrong {
		t.Errorf("Python reads something else: %s", source)
	}
}

// Bash itself reads every literal as the value, and runs nothing.
func TestBashReadsItsLiterals(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	var script strings.Builder
	var want []string
	for i := range 400 {
		text, list := texts().Example(i), rapid.SliceOfN(texts(), 1, 4).Example(i)
		items := make([]any, len(list))
		object := Object{}
		for j, item := range list {
			items[j] = item
			object = append(object, Param{fmt.Sprint(item, j), item})
		}
		for name, v := range map[string]any{"t": text, "l": items, "o": object, "n": []any{object}} {
			source, err := injected("bash", "bash", Param{name, v})
			if err != nil {
				t.Fatal(err)
			}
			script.WriteString("unset -v t l o n\n" + source)
			if name == "o" {
				for _, m := range object {
					fmt.Fprintf(&script, "k=%s\n", singleQuoted(m.Name))
					script.WriteString(`printf '%s\0' "${o[$k]}"` + "\n")
					want = append(want, m.Value.(string))
				}
				continue
			}
			if name == "n" {
				script.WriteString(`printf '%s\0' "${#n[@]}"` + "\n")
				want = append(want, "1")
				continue
			}
			script.WriteString(`printf '%s\0' "${` + name + `[@]}"` + "\n")
			if name == "t" {
				want = append(want, text)
			} else {
				want = append(want, list...)
			}
		}
	}
	cmd := exec.Command(bash, "--norc", "-u")
	cmd.Stdin, cmd.Dir, cmd.Env = strings.NewReader(script.String()), t.TempDir(), []string{"LC_ALL=C.UTF-8"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")); diff != "" {
		t.Errorf("bash reads something else (-want +got):\n%s", diff)
	}
}

func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// In the languages without an interpreter here: by the language's own rules
// the literal of a text is one literal, and that text.
func TestLiteralsOfOtherLanguages(t *testing.T) {
	readers := map[string]func(string) (string, error){
		"ir":                    backslashed("", "\\u \\U", 0),
		"scala":                 backslashed("", "\\u", 0),
		"julia-1.11":            backslashed("$", "\\x \\u \\U", 0x7f),
		".net-csharp":           backslashed("", "\\u \\U", 0),
		".net-fsharp":           backslashed("", "\\x \\u \\U", 0xff),
		".net-powershell":       powerShell,
		"jupyter_matlab_kernel": matlab,
	}
	assignments := map[string]string{
		"ir": "x = %s\n", "scala": "val x = %s\n", "julia-1.11": "x = %s\n", ".net-csharp": "var x = %s;\n", ".net-fsharp": "let x = %s\n",
		".net-powershell": "$x = %s\n", "jupyter_matlab_kernel": "x = %s;\n",
	}
	for kernel, read := range readers {
		t.Run(kernel, func(t *testing.T) {
			before, after, _ := strings.Cut(assignments[kernel], "%s")
			rapid.Check(t, func(t *rapid.T) {
				text := texts().Draw(t, "text")
				source, err := injected(kernel, languageFor(kernel), Param{"x", text})
				if err != nil {
					t.Fatal(err)
				}
				_, code, _ := cutLine(source)
				literal, ok := strings.CutPrefix(code, before)
				literal, ok2 := strings.CutSuffix(literal, after)
				if !ok || !ok2 {
					t.Fatalf("%q", code)
				}
				if got, err := read(literal); err != nil || got != text {
					t.Errorf("%q is written %s and read %q, %v", text, literal, got, err)
				}
			})
		})
	}
}

// backslashed reads a literal in double quotes that is printable ASCII in one
// line, in which no character of forbidden stands without a backslash. Above
// maxX, \x is no character.
func backslashed(forbidden, numeric string, maxX uint64) func(string) (string, error) {
	sizes := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	return func(literal string) (string, error) {
		if len(literal) < 2 || literal[0] != '"' || literal[len(literal)-1] != '"' {
			return "", fmt.Errorf("no quotes around")
		}
		var units []uint16
		for body := literal[1 : len(literal)-1]; body != ""; body = body[1:] {
			c := body[0]
			switch {
			case c < ' ' || c > '~' || c == '"' || strings.IndexByte(forbidden, c) >= 0:
				return "", fmt.Errorf("%q stands bare", c)
			case c != '\\':
				units = append(units, uint16(c))
				continue
			case len(body) == 1:
				return "", fmt.Errorf("a backslash at the end")
			}
			body = body[1:]
			c = body[0]
			if n := sizes[c]; n > 0 && strings.Contains(numeric, `\`+string(c)) {
				r, err := strconv.ParseUint(body[1:1+n], 16, 32)
				if err != nil || c == 'x' && r > maxX {
					return "", fmt.Errorf("\\%c: %v", c, err)
				}
				if r > 0xffff {
					units = utf16.AppendRune(units, rune(r))
				} else {
					units = append(units, uint16(r))
				}
				body = body[n:]
				continue
			}
			at := strings.IndexByte(`nrtfb"\`+forbidden, c)
			if at < 0 {
				return "", fmt.Errorf("\\%c", c)
			}
			units = append(units, uint16(("\n\r\t\f\b\"\\" + forbidden)[at]))
		}
		return string(utf16.Decode(units)), nil
	}
}

func powerShell(literal string) (string, error) {
	if body, ok := strings.CutPrefix(literal, `"`); ok {
		body, ok = strings.CutSuffix(body, `"`)
		plain := strings.ReplaceAll(body, "`\"", "")
		if !ok || strings.ContainsAny(plain, "$`\\\"\n\r") {
			return "", fmt.Errorf("something would be expanded")
		}
		return strings.ReplaceAll(body, "`\"", `"`), nil
	}
	var out []rune
	runes := []rune(literal)
	if len(runes) < 2 || runes[0] != '\'' || runes[len(runes)-1] != '\'' {
		return "", fmt.Errorf("no quotes around")
	}
	isQuote := func(r rune) bool { return r == '\'' || r >= 0x2018 && r <= 0x201b }
	body := runes[1 : len(runes)-1]
	for i := 0; i < len(body); i++ {
		out = append(out, body[i])
		if isQuote(body[i]) {
			if i++; i == len(body) || !isQuote(body[i]) {
				return "", fmt.Errorf("the literal ends at %d", i)
			}
		}
	}
	return string(out), nil
}

func matlab(literal string) (string, error) {
	if inner, ok := strings.CutPrefix(literal, "("); ok {
		literal = strings.TrimSuffix(inner, ")")
	}
	var out strings.Builder
	for {
		switch {
		case strings.HasPrefix(literal, "char("):
			digits, rest, _ := strings.Cut(literal[5:], ")")
			n, err := strconv.Atoi(digits)
			if err != nil {
				return "", err
			}
			out.WriteRune(rune(n))
			literal = rest
		case strings.HasPrefix(literal, `"`):
			literal = literal[1:]
			for !strings.HasPrefix(literal, `"`) || strings.HasPrefix(literal, `""`) {
				r, size := utf8.DecodeRuneInString(literal)
				if size == 0 || r < ' ' || r == 0x2028 {
					return "", fmt.Errorf("the literal does not end in its line")
				}
				out.WriteRune(r)
				if literal = literal[size:]; r == '"' {
					literal = literal[1:]
				}
			}
			literal = literal[1:]
		default:
			return "", fmt.Errorf("%q is no literal", literal)
		}
		if literal == "" {
			return out.String(), nil
		}
		var ok bool
		if literal, ok = strings.CutPrefix(literal, " + "); !ok {
			return "", fmt.Errorf("%q follows", literal)
		}
	}
}
