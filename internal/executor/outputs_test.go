package executor_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

func TestParseOutputs(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     map[string]string
		err      string
	}{
		{"nothing", "", nil, ""},
		{"empty lines only", "\n\r\n  \n", map[string]string{}, ""},
		{"values", "rows=3\ncity=a=b <<c\n", map[string]string{"rows": "3", "city": "a=b <<c"}, ""},
		{"no last newline", "rows=3", map[string]string{"rows": "3"}, ""},
		{"CRLF", "rows=3\r\nnote<<X\r\na\r\nb\r\nX\r\n", map[string]string{"rows": "3", "note": "a\nb"}, ""},
		{"empty value", "a=\n", map[string]string{"a": ""}, ""},
		{"spaces stay", "a= b \n", map[string]string{"a": " b "}, ""},
		{"the last counts", "a=1\na=2\n", map[string]string{"a": "2"}, ""},
		{"block", "a<<EOF\none=1\n\nEOF \nEOF\nb=2\n", map[string]string{"a": "one=1\n\nEOF ", "b": "2"}, ""},
		{"empty block", "a<<EOF\nEOF\n", map[string]string{"a": ""}, ""},
		{"nonsense", "a=1\nhello world\n", nil, `line 2 of $FRESHET_OUTPUT is neither name=value nor name<<EOF: "hello world"`},
		{"bad name", "1a=1\n", nil, `line 1 of $FRESHET_OUTPUT is neither name=value nor name<<EOF: "1a=1"`},
		{"open block", "x=1\na<<EOF\nb\n", nil, `line 2 of $FRESHET_OUTPUT opens a block that has no line "EOF"`},
		{"no delimiter", "a<<\n", nil, `line 1 of $FRESHET_OUTPUT opens a block and does not say how it ends: "a<<"`},
		{"not UTF-8", "a=1\nb=\xff\n", nil, "line 2 of $FRESHET_OUTPUT is not valid UTF-8"},
		{"not UTF-8 in a block", "a<<E\nb\n\xff\nE\n", nil, "line 3 of $FRESHET_OUTPUT is not valid UTF-8"},
		{"too much", "a=" + strings.Repeat("x", freshet.MaxOutputBytes), nil, "$FRESHET_OUTPUT has 262146 bytes, and at most 262144 are allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := executor.ParseOutputs([]byte(c.in))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(c.err, text); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseOutputs(f *testing.F) {
	for _, s := range []string{"a=1\n", "a<<E\nx\nE\n", "a<<E", "=\n<<\n", "\xff", "a=\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := executor.ParseOutputs(data)
		if err != nil {
			if got != nil || !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("%v, and a message that is not one clean line: %q", got, err)
			}
			return
		}
		// What was read can be written, and reads the same.
		var again strings.Builder
		for name, value := range got {
			end := "END"
			for strings.Contains(value, end) {
				end += "X"
			}
			if !utf8.ValidString(value) {
				t.Fatalf("invalid UTF-8 came through: %q", value)
			}
			if strings.Contains(value, "\r") {
				return // a CR before a newline is not kept
			}
			if value == "" {
				again.WriteString(name + "=\n")
			} else {
				again.WriteString(name + "<<" + end + "\n" + value + "\n" + end + "\n")
			}
		}
		back, err := executor.ParseOutputs([]byte(again.String()))
		if again.Len() > freshet.MaxOutputBytes {
			return
		}
		if err != nil || len(back) != len(got) {
			t.Fatalf("%q reads as %v, %v", again.String(), back, err)
		}
		for name, value := range got {
			if back[name] != value {
				t.Fatalf("%s: %q became %q", name, value, back[name])
			}
		}
	})
}
