package trace

import (
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
)

func TestWanted(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"OTEL_SERVICE_NAME": "x"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "otlp"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "TRUE"}, false},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "false"}, true},
	} {
		if got := Wanted(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %v", c.env, got)
		}
	}
}

// TestTakeIsBounded: what there is no room for is counted, and what nobody
// wants takes no room.
func TestTakeIsBounded(t *testing.T) {
	tr := &Tracer{wake: make(chan struct{}, 1)}
	end := engine.Ended{Run: machine.RunRow{Trace: freshet.NewTrace("seed", 1, "")}}
	both := engine.Ended{Run: end.Run, Execution: &machine.Execution{Status: freshet.Failed, Epoch: 1}, Try: true, Whole: true}
	silent := engine.Ended{Run: machine.RunRow{Trace: freshet.NewTrace("seed", 1, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")}}
	for range mostWaiting {
		tr.Take([]engine.Ended{end, silent})
	}
	if _, dropped := tr.Counts(); dropped != 0 || len(tr.waiting) != mostWaiting {
		t.Errorf("%d wait, %d were dropped", len(tr.waiting), dropped)
	}
	tr.Take([]engine.Ended{end, both, silent})
	if _, dropped := tr.Counts(); dropped != 3 || len(tr.waiting) != mostWaiting {
		t.Errorf("%d wait, %d were dropped", len(tr.waiting), dropped)
	}
}

// TestTold: what a reason may quote is not told.
func TestTold(t *testing.T) {
	for code, want := range map[freshet.Code]string{
		freshet.CodeExit: "the reason", freshet.CodeTimeout: "the reason", freshet.CodeStoppedByPerson: "the reason",
		freshet.CodeExpression: "expression", freshet.CodeOutputs: "outputs", freshet.CodeRejected: "rejected",
		freshet.CodeStartFailed: "start_failed", freshet.CodeInternal: "internal",
	} {
		if got := told(code, "the reason"); got != want {
			t.Errorf("%s: %q, not %q", code, got, want)
		}
	}
}
