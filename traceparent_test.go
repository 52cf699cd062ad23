package freshet_test

import (
	"strings"
	"testing"

	"github.com/freshet/freshet"
)

const far = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestTraceparent(t *testing.T) {
	later := "cc" + far[2:] + "-what-is-to-come"
	for text, want := range map[string]string{
		far: far, " " + far + " ": far, later: far, "cc" + far[2:]: far,
		far[:53] + "00": far[:53] + "00",
		"":              "", "x": "", far[:54]: "", far + "0": "", far + "-x": "", "ff" + far[2:]: "", "cc" + far[2:] + "x": "",
		strings.ToUpper(far): "", strings.Replace(far, "-", "_", 1): "",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": "",
		"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01": "",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é": "",
	} {
		if got := freshet.Traceparent(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

func FuzzTraceparent(f *testing.F) {
	f.Add(far)
	f.Add("cc" + far[2:] + "-x")
	f.Fuzz(func(t *testing.T, text string) {
		clean := freshet.Traceparent(text)
		if clean != "" && (len(clean) != len(far) || freshet.Traceparent(clean) != clean) {
			t.Errorf("%q of %q is none", clean, text)
		}
	})
}

func TestTrace(t *testing.T) {
	own, other := freshet.NewTrace("seed", 7, ""), freshet.NewTrace("another", 7, "")
	if again := freshet.NewTrace("seed", 7, ""); again != own {
		t.Errorf("%s is not %s", again, own)
	}
	if own.ID() == other.ID() || own.ID() == freshet.NewTrace("seed", 8, "").ID() {
		t.Error("runs of different servers, or different runs, share a trace")
	}
	if own.Parent() != "" || !own.Sampled() || !own.Known() {
		t.Errorf("a trace of its own: %q", own)
	}
	part := freshet.NewTrace("seed", 7, far)
	if part.ID() != far[3:35] || part.Parent() != far[36:52] || !part.Sampled() || freshet.NewTrace("seed", 7, far[:53]+"00").Sampled() {
		t.Errorf("a trace that goes on: %q", part)
	}
	if freshet.NewTrace("another", 7, far).Span(freshet.Key{}) == part.Span(freshet.Key{}) {
		t.Error("runs of different servers share a span")
	}
	spans := map[string]freshet.Key{}
	for _, k := range []freshet.Key{{}, {Task: "a", Item: -1, Seq: 1}, {Task: "a", Item: -1, Seq: 1, Try: 1}, {Task: "a", Item: -1, Seq: 1, Try: 2},
		{Task: "a", Item: -1, Seq: 2, Try: 1}, {Task: "a", Item: 0, Seq: 1, Try: 1}, {Task: "b", Item: -1, Seq: 1, Try: 1}} {
		id := part.Span(k)
		if was, twice := spans[id]; twice {
			t.Errorf("%v and %v share a span", was, k)
		}
		spans[id] = k
		if got := part.Traceparent(k); got != far[:36]+id+"-01" || freshet.Traceparent(got) != got {
			t.Errorf("%v carries on %q", k, got)
		}
	}
	if got := freshet.Trace(far).Traceparent(freshet.Key{Task: "a"}); got != far {
		t.Errorf("a run without a span of its own carries on %q", got)
	}
	if got := freshet.Trace("").Traceparent(freshet.Key{Task: "a"}); got != "" {
		t.Errorf("a run without a trace carries on %q", got)
	}
}
