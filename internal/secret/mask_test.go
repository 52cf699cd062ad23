package secret_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet/freshet/internal/secret"
)

// TestMask: a value is masked in each form in which programs write it.
func TestMask(t *testing.T) {
	const value = `p&ss "wörd"/+?`
	pem := "-----BEGIN KEY-----\nMIIEvQIBADAN\nabc\n-----END KEY-----\n"
	m := secret.NewMask([]string{value, pem, "abc"})
	quoted, _ := json.Marshal(value)
	for text, want := range map[string]string{
		"":                                  "",
		"nothing here":                      "nothing here",
		"[" + value + "]":                   "[***]",
		value + value:                       "***",
		value + " " + value:                 "*** ***",
		string(quoted):                      `"***"`,
		url.QueryEscape(value):              "***",
		"/x/" + url.PathEscape(value) + "?": "/x/***?",
		base64.StdEncoding.EncodeToString([]byte(value)):    "***",
		base64.URLEncoding.EncodeToString([]byte(value)):    "***",
		base64.RawStdEncoding.EncodeToString([]byte(value)): "***",
		"line MIIEvQIBADAN.":                                "line ***.",
		"the value abc is too short":                        "the value abc is too short",
		pem:                                                 "***",
		strings.ReplaceAll(pem, "\n", `\n`):                 "***",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	// The user and the password of a basic authorization.
	for _, user := range []string{"a", "ab", "abc", "abcd"} {
		text := base64.StdEncoding.EncodeToString([]byte(user + ":" + value + ":more"))
		if got := m.Text(text); !strings.Contains(got, "***") || len(got) > len(text)-len(value) {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if secret.NewMask([]string{"abc", ""}) != nil {
		t.Error("a mask for nothing")
	}
}

// texts are made of few letters, so that values stand in them, cut, joined and
// across each other.
func texts(alphabet string) *rapid.Generator[string] {
	return rapid.StringOf(rapid.SampledFrom([]rune(alphabet)))
}

// TestMaskOfParts: however a text is cut into parts, the masked parts together
// are the masked text; and no value is left in it.
func TestMaskOfParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("ab\n")), 4, 12, -1), 1, 4).Draw(t, "values")
		m := secret.NewMask(values)
		text := texts("ab\n|").Draw(t, "text")
		text += values[0] + texts("ab\n|").Draw(t, "more")
		if m == nil {
			return
		}
		whole := m.Text(text)
		for _, v := range values {
			if strings.Contains(whole, v) {
				t.Fatalf("%q is still in %q", v, whole)
			}
		}
		var got strings.Builder
		for at := 0; at < len(text); {
			n := min(rapid.IntRange(1, 9).Draw(t, "bytes"), len(text)-at)
			from, to := max(0, at-m.Context()), min(len(text), at+n+m.Context())
			got.Write(m.Part([]byte(text[from:to]), at-from, at-from+n))
			at += n
		}
		if got.String() != whole {
			t.Fatalf("in parts %q, whole %q", got.String(), whole)
		}
	})
}

// TestMaskOfGrowingText: what is shown of a text that grows never has to be
// taken back.
func TestMaskOfGrowingText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 4, 10, -1), 1, 3).Draw(t, "values")
		m := secret.NewMask(values)
		text := texts("ab|").Draw(t, "before") + values[0] + texts("ab|").Draw(t, "after")
		var got strings.Builder
		shown := 0
		for size := 0; size < len(text); {
			size += min(rapid.IntRange(1, 5).Draw(t, "bytes"), len(text)-size)
			end := m.Open([]byte(text[:size]))
			if size == len(text) {
				end = size // it has ended
			}
			if end > shown {
				from := max(0, shown-m.Context())
				got.Write(m.Part([]byte(text[from:size]), shown-from, end-from))
				shown = end
			}
		}
		if want := m.Text(text); got.String() != want {
			t.Fatalf("as it grew %q, whole %q", got.String(), want)
		}
	})
}
