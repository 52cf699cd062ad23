package trace

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

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

// TestTakeKeepsNoValues: what waits for a collector holds nothing that people
// or processes gave, however large that is, and tells the same.
func TestTakeKeepsNoValues(t *testing.T) {
	large := map[string]any{"x": strings.Repeat("x", 1<<20)}
	run := machine.RunRow{ID: 1, Trace: freshet.NewTrace("seed", 1, ""), Status: freshet.Success, Parameters: large, Outputs: large,
		Event: &freshet.Event{Value: strings.Repeat("x", 1<<20)}, Missing: []string{"a"}}
	execution := func(item int, call *machine.Call) *machine.Execution {
		return &machine.Execution{Key: freshet.Key{Run: 1, Task: "t", Item: item, Seq: 1, Try: 1}, Status: freshet.Success, Epoch: 1, HasExit: true, PID: 7,
			Call: call, Outputs: large, By: []*freshet.Event{run.Event}, Artifacts: []freshet.Artifact{{Path: "x"}}}
	}
	ends := []engine.Ended{{Run: run},
		{Run: run, Execution: execution(freshet.NoItem, &machine.Call{Input: large}), Try: true, Whole: true},
		{Run: run, Execution: execution(freshet.NoItem, &machine.Call{Items: []any{large}}), Try: true, Whole: true},
		{Run: run, Execution: execution(0, &machine.Call{Items: []any{large}}), Try: true, Whole: true}}
	tr := &Tracer{wake: make(chan struct{}, 1)}
	tr.Take(ends)
	if len(tr.waiting) != len(ends) {
		t.Fatalf("%d wait", len(tr.waiting))
	}
	for i := range ends {
		text, err := json.Marshal(tr.waiting[i])
		if err != nil || len(text) > 5000 {
			t.Errorf("end %d takes %d bytes, %v", i, len(text), err)
		}
		want, got := tr.spans(t.Context(), &ends[i]), tr.spans(t.Context(), &tr.waiting[i])
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || spansOf(&ends[i]) != int64(len(got)) {
			t.Errorf("end %d tells something else (-want +got):\n%s", i, diff)
		}
		if x := ends[i].Execution; ends[i].Run.Outputs == nil || x != nil && x.Outputs == nil {
			t.Errorf("end %d is not the tracer's to change", i)
		}
	}
}

// TestTold: what a reason may quote is not told.
func TestTold(t *testing.T) {
	for code, want := range map[freshet.Code]string{
		freshet.CodeExit: "exit", freshet.CodeTimeout: "the reason", freshet.CodeStoppedByPerson: "the reason",
		freshet.CodeExpression: "expression", freshet.CodeOutputs: "outputs", freshet.CodeRejected: "rejected",
		freshet.CodeStartFailed: "start_failed", freshet.CodeInternal: "internal",
	} {
		if got := told(code, "the reason"); got != want {
			t.Errorf("%s: %q, not %q", code, got, want)
		}
	}
}

// TestToldOfAProcess: what a process says of its failure is its own words; a
// collector is told how it exited.
func TestToldOfAProcess(t *testing.T) {
	run := &machine.RunRow{Trace: freshet.NewTrace("seed", 1, "")}
	tr := &Tracer{}
	for name, c := range map[string]struct {
		x    machine.Execution
		want string
	}{
		"a process":      {machine.Execution{HasExit: true, ExitCode: 3, Reason: "no hunter2 (exit code 3)"}, "exit code 3"},
		"a signal":       {machine.Execution{HasExit: true, ExitCode: 137, Reason: "hunter2"}, "ended by signal 9 (exit code 137)"},
		"a called run":   {machine.Execution{Child: 2, Reason: "run 2 failed: hunter2"}, "exit"},
		"a task's items": {machine.Execution{Reason: "item 1: hunter2 (exit code 1)"}, "exit"},
	} {
		x := c.x
		x.Key, x.Status, x.Code = freshet.Key{Run: 1, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1}, freshet.Failed, freshet.CodeExit
		if got := try(run, &x).Status.Message; got != c.want {
			t.Errorf("%s: the try tells %q, not %q", name, got, c.want)
		}
		if got := tr.execution(t.Context(), run, &x).Status.Message; got != c.want {
			t.Errorf("%s: the execution tells %q, not %q", name, got, c.want)
		}
	}
	run.Status, run.Code, run.Reason = freshet.Failed, freshet.CodeExit, "task t failed: no hunter2 (exit code 3)"
	if got := tr.run(t.Context(), run).Status.Message; got != "exit" {
		t.Errorf("the run tells %q", got)
	}
}
