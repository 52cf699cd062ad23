package notebook

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestScreen(t *testing.T) {
	for _, c := range []struct {
		name, want string
		chunks     []string
	}{
		{"lines", "a\nb\n", []string{"a\n", "b\n"}},
		{"a line in pieces", "abc\nd", []string{"a", "b", "c\nd"}},
		{"an empty one", "", []string{""}},
		{"progress", "done", []string{" 10%", "\r 50%", "\rdone"}},
		{"the longer line shows under the shorter", "done 2", []string{"1 of 2", "\rdone"}},
		{"characters of several bytes", "██x", []string{"é░x", "\r██"}},
		{"in pieces after the return", "abcd", []string{"1234", "\r", "ab", "cd"}},
		{"a return before a newline", "a\nb\n", []string{"a\r\nb\r\n"}},
		{"a return and a newline in two chunks", "a\nb", []string{"a\r", "\nb"}},
		{"several returns", "a\n", []string{"a\r\r\r\n"}},
		{"a return at the end", "bar", []string{"bar\r"}},
		{"cleared by blanks", "    ", []string{"100%", "\r    \r"}},
		{"colours are not measured", "\x1b[32mok\x1b[0m", []string{"waiting long", "\r\x1b[32mok\x1b[0m"}},
		{"nor overwritten in part", "ok", []string{"\x1b[31mwaiting\x1b[0m", "\rok"}},
		{"the next line is a new one", "ab\ncd", []string{"xy\rab\n", "cd"}},
		{"backspace", "ac", []string{"ab\bc"}},
		{"backspace of several bytes", "ac", []string{"aé", "\bc"}},
		{"no backspace beyond the line", "a\nb", []string{"a\n\b\bb"}},
		{"backspaces of a spinner", "working |", []string{"working -", "\b/", "\b|"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s screen
			for _, chunk := range c.chunks {
				s.write(chunk)
			}
			if got := s.String(); got != c.want {
				t.Errorf("%q shows %q, want %q", c.chunks, got, c.want)
			}
		})
	}
}

// However a text is cut, it shows the same; and without control characters it
// is what was written.
func TestScreenOfAnyChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab\r\n\bé█\x1b")), 0, 40, -1).Draw(t, "text")
		var whole, pieces screen
		whole.write(text)
		for _, r := range text {
			pieces.write(string(r))
			_ = pieces.String()
		}
		if whole.String() != pieces.String() {
			t.Errorf("%q shows %q, and %q in pieces", text, whole.String(), pieces.String())
		}
		if !strings.ContainsAny(text, "\r\b") && whole.String() != text {
			t.Errorf("%q shows %q", text, whole.String())
		}
	})
}
