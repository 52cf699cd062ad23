package auth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
)

// TestIssuer: a token says whose it is, to whoever has the same secret and to
// nobody else, and no change of it goes unnoticed.
func TestIssuer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := auth.Claims{
			Namespace: rapid.StringMatching(`[a-z_]{1,20}`).Draw(t, "namespace"),
			Key: freshet.Key{Run: rapid.Int64Min(1).Draw(t, "run"), Task: rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_-]{0,20}`).Draw(t, "task"),
				Item: rapid.IntRange(freshet.NoItem, 5).Draw(t, "item"), Seq: rapid.IntRange(1, 9).Draw(t, "seq"), Try: rapid.IntRange(1, 9).Draw(t, "try")},
			Epoch: rapid.Int64().Draw(t, "epoch"),
		}
		token := auth.NewIssuer("the secret of a home").Issue(want.Key, want.Epoch, want.Namespace)
		got, err := auth.NewIssuer("the secret of a home").Verify(token)
		if err != nil || got != want {
			t.Fatalf("%v %s", err, cmp.Diff(want, got))
		}
		if _, err := auth.NewIssuer("another secret").Verify(token); freshet.CodeOf(err) != freshet.Unauthed {
			t.Fatalf("another home accepts it: %v", err)
		}
		changed := []byte(token)
		i := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		changed[i] = rapid.SampledFrom([]byte("abcXYZ019-_. ")).Draw(t, "to")
		if _, err := auth.NewIssuer("the secret of a home").Verify(string(changed)); string(changed) != token && err == nil {
			t.Fatalf("%q is accepted instead of %q", changed, token)
		}
	})
}

func FuzzVerify(f *testing.F) {
	i := auth.NewIssuer("the secret of a home")
	token := i.Issue(freshet.Key{Run: 1, Task: "a", Item: freshet.NoItem, Seq: 1, Try: 1}, 1, "default")
	for _, seed := range []string{token, "", "fx_", "fx_.", "fx_e30.", "fx_e30.AAAA", token + "=", token[1:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := i.Verify(text); err == nil && text != token {
			t.Errorf("%q is accepted", text)
		}
	})
}
