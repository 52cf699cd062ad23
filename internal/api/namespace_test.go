package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
)

func TestNamespaces(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	properties := map[string]any{"owner": "ann", "limits": map[string]any{"cpu": json.Number("9007199254740993"), "share": json.Number("0.5")}}
	n, err := w.client.AddNamespace(ctx, "sales", properties)
	if err != nil || n.Name != "sales" || !cmp.Equal(n.Properties, properties) || n.Workflows != 0 || n.CreatedAt.IsZero() {
		t.Fatalf("%+v %v", n, err)
	}
	if _, err := w.client.AddNamespace(ctx, "sales", nil); freshet.CodeOf(err) != freshet.Conflict {
		t.Errorf("added twice: %v", err)
	}
	_, err = w.client.AddNamespace(ctx, "Sales", nil)
	refuses(t, err, freshet.Conflict, "differ in case only")
	_, err = w.client.AddNamespace(ctx, strings.Repeat("x", 129), nil)
	refuses(t, err, freshet.Invalid, "at most 128")
	_, err = w.client.UpdateNamespace(ctx, "sales", map[string]any{"note": strings.Repeat("x", 64<<10)})
	refuses(t, err, freshet.TooLarge, "at most 65536")

	n, err = w.client.UpdateNamespace(ctx, "sales", map[string]any{"owner": nil, "team": "blue"})
	want := map[string]any{"team": "blue", "limits": properties["limits"]}
	if err != nil || !cmp.Equal(n.Properties, want) {
		t.Errorf("%+v %v", n, err)
	}
	if again, err := w.client.Namespace(ctx, "sales"); err != nil || !cmp.Equal(again, n) {
		t.Errorf("%s %v", cmp.Diff(n, again), err)
	}

	// One that has been added takes events; one that holds a workflow stays.
	if _, err := w.client.SendEvent(ctx, "sales", freshet.EventRequest{Key: "k"}); err != nil {
		t.Error(err)
	}
	w.upload("name: flow\nnamespace: sales\ntasks:\n  a: {bash: 'true'}\n")
	w.upload("name: flow\nnamespace: by_upload\ntasks:\n  a: {bash: 'true'}\n")
	list, err := w.client.Namespaces(ctx)
	var names []string
	for _, n := range list {
		names = append(names, n.Name)
	}
	if want := []string{"by_upload", "default", "sales"}; err != nil || !cmp.Equal(names, want) || list[2].Workflows != 1 || list[1].Properties == nil {
		t.Errorf("%+v %v", list, err)
	}
	refuses(t, w.client.DeleteNamespace(ctx, "sales"), freshet.Conflict, "1 workflow")
	if err := w.client.DeleteWorkflow(ctx, "sales", "flow"); err != nil {
		t.Fatal(err)
	}
	if err := w.client.DeleteNamespace(ctx, "sales"); err != nil {
		t.Error(err)
	}
	_, err = w.client.SendEvent(ctx, "sales", freshet.EventRequest{Key: "k"})
	refuses(t, err, freshet.NotFound, "no namespace sales")
	refuses(t, w.client.DeleteNamespace(ctx, "sales"), freshet.NotFound, "no namespace sales")
}

func TestEnable(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	for range 2 { // twice is once
		if flow, err := w.client.SetEnabled(ctx, "default", "two", false); err != nil || flow.Enabled || flow.Name != "two" {
			t.Errorf("%+v %v", flow, err)
		}
	}
	_, err := w.client.StartRun(ctx, "default", "two", "", freshet.RunRequest{})
	refuses(t, err, freshet.Conflict, "is disabled")
	for range 2 { // what runs goes on
		s := w.next()
		w.report(s, machine.Started, 0)
		w.report(s, machine.Ended, 0)
	}
	if r, err := w.client.WaitRun(ctx, run.ID); err != nil || r.Status != freshet.Success {
		t.Errorf("%+v %v", r, err)
	}
	if flow, err := w.client.SetEnabled(ctx, "default", "two", true); err != nil || !flow.Enabled {
		t.Errorf("%+v %v", flow, err)
	}
	w.run("two")
	refuses(t, w.client.DeleteWorkflow(ctx, "default", "two"), freshet.Conflict, "1 run alive")
}

func TestStartLater(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	at := freshet.Time(time.Now().Add(time.Hour))
	run, err := w.client.StartRun(ctx, "default", "two", "key", freshet.RunRequest{At: &at})
	if err != nil || run.Status != freshet.Queued || run.ScheduledAt == nil || !run.ScheduledAt.Equal(at) || run.StartedAt != nil || run.WaitingFor != at.Format(time.RFC3339) {
		t.Errorf("%+v %v", run, err)
	}
	if again, err := w.client.StartRun(ctx, "default", "two", "key", freshet.RunRequest{At: &at}); err != nil || again.ID != run.ID {
		t.Errorf("%+v %v", again, err)
	}
	past := at.Add(-24 * time.Hour)
	if run, err := w.client.StartRun(ctx, "default", "two", "", freshet.RunRequest{At: &past}); err != nil || run.Status != freshet.Running {
		t.Errorf("%+v %v", run, err)
	}
	if stopped, err := w.client.StopRun(ctx, run.ID); err != nil || stopped.Status != freshet.Stopped {
		t.Errorf("one that has not begun: %+v %v", stopped, err)
	}
}

// TestLoopWarning: what only the namespace can tell is told with the upload.
func TestLoopWarning(t *testing.T) {
	w := newWorld(t)
	results, err := w.client.Upload(t.Context(), "default", freshet.UploadRequest{Documents: []freshet.Document{{Name: "loop.yaml", Source: `
name: ping
on: {event: pong, if: event.data.n < 3}
tasks:
  a: {expr: {x: "1"}, emit: {key: ping}}
---
name: pong
on: {event: ping}
tasks:
  a: {expr: {x: "1"}, emit: {key: pong}}
`}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var warnings []freshet.Diagnostic
	for _, r := range results {
		warnings = append(warnings, r.Warnings...)
	}
	if len(warnings) == 0 || warnings[0].File != "loop.yaml" || warnings[0].Severity != freshet.SeverityWarning || !strings.Contains(warnings[0].Message, "without end") {
		t.Errorf("%+v", warnings)
	}
	if page, err := w.client.Triggers(t.Context(), client.TriggerQuery{}); err != nil || len(page.Items) != 2 {
		t.Errorf("%+v %v", page, err)
	}
}
