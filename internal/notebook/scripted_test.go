package notebook

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
		if r.Failure != nil || !patient {
			t.Fatalf("%v, the kernel was ended with patience: %t", r.Failure, patient)
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
