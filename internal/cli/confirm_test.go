package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/freshet/freshet"
)

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]error{"y\n": nil, " YES \n": nil, "y": nil, "\n": exitFailed, "": exitFailed, "no\n": exitFailed, "yesterday\n": exitFailed} {
		a, out := terminal(t, 80, "NO_COLOR=1")
		a.StdinTerminal, a.Stdin = true, strings.NewReader(answer)
		if err := a.confirm(t.Context(), false, "%s %d", "trigger", 7); err != want {
			t.Errorf("the answer %q is %v, want %v", answer, err, want)
		}
		if !strings.HasPrefix(out.String(), "Delete trigger 7? [y/N] ") {
			t.Errorf("the question is %q", out)
		}
	}
	a, out := terminal(t, 80)
	if err := a.confirm(t.Context(), true, "x"); err != nil || out.Len() > 0 {
		t.Errorf("-y asks %q, %v", out, err)
	}
	if err := a.confirm(t.Context(), false, "x"); freshet.CodeOf(err) != freshet.Invalid || out.Len() > 0 {
		t.Errorf("without a terminal the error is %v, and it says %q", err, out)
	}
}

func TestConfirmIsInterrupted(t *testing.T) {
	a, _ := terminal(t, 80)
	in, typing := io.Pipe()
	defer typing.Close()
	a.StdinTerminal, a.Stdin = true, in
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if err := a.confirm(ctx, false, "x"); !errors.Is(err, errInterrupted) {
		t.Errorf("the error is %v", err)
	}
}
