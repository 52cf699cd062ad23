package notebook

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// scripted runs a notebook of two cells, whose sources are "first" and
// "second", in a kernel that plays a script.
func scripted(t *testing.T, ctx context.Context, script jupytertest.Script, o Options) (r *Result, k *jupytertest.Scripted, patient bool) {
	t.Helper()
	k = jupytertest.NewScripted(t, script, 0)
	specs := t.TempDir()
	dir := filepath.Join(specs, "kernels", "python3")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel.json"), []byte(`{"language":"python","display_name":"","argv":["/bin/false"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Search = jupyter.Search{Getenv: func(name string) string { return map[string]string{"JUPYTER_PATH": specs}[name] }}
	o.Input, o.Output = written(t, cell("first"), cell("second")), filepath.Join(t.TempDir(), "out.ipynb")
	o.Take = func(context.Context, *jupyter.Spec) *Warm {
		return &Warm{Connection: k.Connection, Peer: jupyter.Peer{Name: "scripted"}, Release: func(ctx context.Context) { patient = ctx.Err() == nil }}
	}
	r, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, k, patient
}

func TestScripted(t *testing.T) {
	said := []jupytertest.Step{jupytertest.Busy(), jupytertest.Stream("said"), jupytertest.Reply("ok"), jupytertest.Idle()}
	t.Run("success", func(t *testing.T) {
		r, _, patient := scripted(t, t.Context(), jupytertest.Script{"first": said, "second": said}, Options{})
		if r.Failure != nil || !patient || len(r.Warnings) > 0 {
			t.Fatalf("%v, the kernel was ended with patience: %t, warnings %q", r.Failure, patient, r.Warnings)
		}
		if diff := cmp.Diff([]string{"stdout said", "cell", "stdout said"}, shown(readNotebook(t, r.Output).Cells)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an error that is shown, and a good end", func(t *testing.T) {
		shows := jupytertest.Step{Channel: jupyter.IOPub, Type: "error", Content: map[string]any{"ename": "E", "evalue": "v", "traceback": []string{"t"}}}
		exits := jupytertest.Step{Channel: jupyter.Shell, Type: "execute_reply", Content: map[string]any{"status": "error", "ename": "SystemExit", "evalue": "0"}}
		r, _, _ := scripted(t, t.Context(), jupytertest.Script{
			"first": {jupytertest.Busy(), shows, jupytertest.Reply("ok"), jupytertest.Idle()}, "second": {jupytertest.Busy(), exits, jupytertest.Idle()}}, Options{})
		if f := r.Failure; f == nil || f.Cell != 1 || f.Reason != CellError || f.Message != "E: v" {
			t.Errorf("it ended as %s: %v", r.Status, f)
		}
	})
	t.Run("aborted", func(t *testing.T) {
		r, _, _ := scripted(t, t.Context(), jupytertest.Script{"second": {jupytertest.Busy(), jupytertest.Reply("aborted"), jupytertest.Idle()}}, Options{})
		fails(t, r, KernelSilent, 2, "did not execute")
	})
	t.Run("died", func(t *testing.T) {
		dies := jupytertest.Step{Do: func(s *jupytertest.Scripted) { s.Close() }}
		r, _, _ := scripted(t, t.Context(), jupytertest.Script{"second": {jupytertest.Busy(), jupytertest.Stream("last words"), dies}}, Options{})
		fails(t, r, KernelDied, 2, "died")
	})
	t.Run("interrupted by a message, and deaf", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r, k, patient := scripted(t, ctx, jupytertest.Script{"second": {jupytertest.Busy(), jupytertest.Stream("begun")}},
			Options{Log: &told{of: "begun", do: cancel}, Grace: 50 * time.Millisecond})
		fails(t, r, Cancelled, 2)
		if k.Asked("interrupt_request"); patient {
			t.Error("a kernel that does not listen is ended with patience")
		}
	})
}

// What the kernel says and nobody can read does not get lost without a word.
func TestUnreadable(t *testing.T) {
	pub := func(kind string, content any) jupytertest.Step {
		return jupytertest.Step{Channel: jupyter.IOPub, Type: kind, Content: content}
	}
	reply := func(content any) jupytertest.Step {
		return jupytertest.Step{Channel: jupyter.Shell, Type: "execute_reply", Content: content}
	}
	ok := jupytertest.Reply("ok")
	for _, c := range []struct {
		name     string
		says     []jupytertest.Step
		reason   Reason // empty is success
		words    string
		shown    string // after the first
		warnings []string
	}{
		{"odd fields", []jupytertest.Step{pub("display_data", map[string]any{"data": map[string]any{"text/plain": "x"}, "transient": []any{}}),
			pub("error", map[string]any{"ename": "E", "evalue": "v", "traceback": "one"}), ok}, CellError, "E: v", `display_data {"data":{"text/plain":"x"},"metadata":{}}`, nil},
		{"no object", []jupytertest.Step{pub("display_data", 5), pub("display_data", nil), pub("telemetry", 5), jupytertest.Stream("said"), ok}, "", "", "stdout said",
			[]string{"output may be missing: 2 display_data messages of the kernel cannot be read: it is no object"}},
		{"data that is none", []jupytertest.Step{pub("display_data", map[string]any{"data": "x"}), ok}, "", "", `display_data {"data":{},"metadata":{}}`,
			[]string{"output may be missing: 1 display_data message of the kernel cannot be read: its data is no object"}},
		{"an error that is none", []jupytertest.Step{pub("error", []any{}), ok}, KernelSilent, "cannot be read",
			`error {"ename":"KernelError","evalue":"the kernel reported an error that cannot be read","traceback":["KernelError: the kernel reported an error that cannot be read"]}`,
			[]string{"output may be missing: 1 error message of the kernel cannot be read: it is no object"}},
		{"dropped", []jupytertest.Step{jupytertest.Stream("forged").Forged(), pub("stream", 0).Forged(), {Channel: jupyter.IOPub, Raw: [][]byte{[]byte("x")}}, jupytertest.Stream("said"), ok}, "", "", "stdout said",
			[]string{"output may be missing: of the kernel, 2 messages with a wrong signature and 1 malformed message came"}},
		{"an odd error reply", []jupytertest.Step{reply(map[string]any{"status": "error", "ename": nil, "evalue": 7, "traceback": "one"})}, CellError, "the cell failed: 7", "", nil},
		{"a reply without a status", []jupytertest.Step{reply(map[string]any{})}, KernelSilent, "did not say how the cell ended", "", nil},
		{"a reply that is none", []jupytertest.Step{reply(5)}, KernelSilent, "does not speak the Jupyter protocol", "", nil},
		{"a status that is none", []jupytertest.Step{reply(map[string]any{"status": 1})}, KernelSilent, "does not speak the Jupyter protocol", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			steps := append(append([]jupytertest.Step{jupytertest.Busy()}, c.says...), jupytertest.Idle())
			r, _, _ := scripted(t, t.Context(), jupytertest.Script{"second": steps}, Options{})
			switch {
			case c.reason == "" && r.Failure != nil:
				t.Errorf("it ended as %s: %v", r.Status, r.Failure)
			case c.reason != "" && (r.Failure == nil || r.Failure.Reason != c.reason || r.Failure.Cell != 2 || !strings.Contains(r.Failure.Error(), c.words)):
				t.Errorf("it ended as %s: %+v", r.Status, r.Failure)
			}
			if got := shown(r.Notebook.Cells[len(r.Notebook.Cells)-1:]); c.shown != "" && (len(got) == 0 || got[0] != c.shown) {
				t.Errorf("the cell shows %q, want %q", got, c.shown)
			}
			if diff := cmp.Diff(c.warnings, r.Warnings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// IPython's exit and quit end the notebook, in success only where nothing
// else is said.
func TestExit(t *testing.T) {
	asks := func(keep any) []jupytertest.Step {
		content := map[string]any{"status": "ok", "execution_count": 1, "payload": []any{map[string]any{"source": "ask_exit", "keepkernel": keep}}}
		return []jupytertest.Step{jupytertest.Busy(), {Channel: jupyter.Shell, Type: "execute_reply", Content: content}, jupytertest.Idle()}
	}
	for _, c := range []struct {
		value any
		given string // empty is success
	}{
		{nil, ""}, {false, ""}, {0, ""}, {0.0, ""}, {"", ""}, {[]any{}, ""},
		{1, "1"}, {-2, "-2"}, {true, "True"}, {"no data", "no data"}, {[]any{1}, "[1]"}, {0.5, "0.5"},
	} {
		r, _, _ := scripted(t, t.Context(), jupytertest.Script{"first": asks(c.value)}, Options{})
		if c.given != "" {
			fails(t, r, Exited, 1, "the notebook exited with "+c.given)
			continue
		}
		if want := []string{"the notebook ended early at cell 1 of 2"}; r.Failure != nil || !slices.Equal(r.Warnings, want) {
			t.Errorf("exit with %v: %v, warnings %q", c.value, r.Failure, r.Warnings)
		}
	}
	if r, _, _ := scripted(t, t.Context(), jupytertest.Script{"second": asks(nil)}, Options{}); r.Failure != nil || len(r.Warnings) > 0 {
		t.Errorf("in the last cell: %v, warnings %q", r.Failure, r.Warnings)
	}
	sysExit := jupytertest.Step{Channel: jupyter.Shell, Type: "execute_reply", Content: map[string]any{"status": "error", "ename": "SystemExit", "evalue": "0"}}
	if r, _, _ := scripted(t, t.Context(), jupytertest.Script{"first": {jupytertest.Busy(), sysExit, jupytertest.Idle()}}, Options{}); r.Failure != nil || len(r.Warnings) != 1 {
		t.Errorf("sys.exit(0): %v, warnings %q", r.Failure, r.Warnings)
	}
	both := asks(nil)
	both[1].Content.(map[string]any)["status"] = "error"
	both[1].Content.(map[string]any)["ename"] = "E"
	r, _, _ := scripted(t, t.Context(), jupytertest.Script{"first": both}, Options{})
	if f := r.Failure; f == nil || f.Reason != CellError {
		t.Errorf("an error after exit ended as %s: %v", r.Status, f)
	}
}

func TestBroken(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want Reason
	}{
		{t.Context(), &jupyter.Failure{Kind: jupyter.NoIdle}, KernelSilent},
		{t.Context(), &jupyter.Failure{Kind: jupyter.NoReply}, KernelSilent},
		{t.Context(), &jupyter.Failure{Kind: jupyter.Protocol}, KernelSilent},
		{t.Context(), &jupyter.Failure{Kind: jupyter.HeartbeatLost}, KernelDied},
		{t.Context(), errors.New("no room for its sockets"), KernelStart},
		{stopped, context.Canceled, Cancelled},
	} {
		x := &execution{}
		if f := x.broken(c.ctx, c.err, KernelStart); f.Reason != c.want {
			t.Errorf("%v is %s, want %s", c.err, f.Reason, c.want)
		}
	}
}
