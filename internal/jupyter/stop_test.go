package jupyter_test

import (
	"context"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// Where a kernel is asked to end itself: on control, but an ipykernel that is
// idle where it executes.
func TestShutdownChannel(t *testing.T) {
	info := func(implementation string) jupytertest.Script {
		return jupytertest.Script{"kernel_info_request": {jupytertest.Busy(),
			{Channel: jupyter.Shell, Type: "kernel_info_reply", Content: map[string]any{"status": "ok", "implementation": implementation}}, jupytertest.Idle()},
			"works": {jupytertest.Busy()}}
	}
	for _, c := range []struct {
		name, implementation string
		busy                 bool
		want                 jupyter.Channel
	}{
		{"another kernel", "bash_kernel", false, jupyter.Control},
		{"an ipykernel", "ipython", false, jupyter.Shell},
		{"one at work", "ipython", true, jupyter.Control},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, s := connected(t, info(c.implementation), 0, jupyter.ClientOptions{})
			if c.busy {
				ctx, cancel := context.WithCancel(t.Context())
				over := make(chan struct{})
				go func() {
					defer close(over)
					_, _ = client.Execute(ctx, jupyter.Request{Code: "works"}, nil)
				}()
				defer func() { cancel(); <-over }()
				s.Asked("execute_request")
			}
			if err := client.Shutdown(patient(t), false); err != nil {
				t.Fatal(err)
			}
			if m := s.Asked("shutdown_request"); m.Channel != c.want {
				t.Errorf("it was asked on %s", m.Channel)
			}
		})
	}
}

// An ipykernel that is asked ends, and is not killed after the grace: asked on
// control, every thirtieth or so waits.
func TestShutdownOfMany(t *testing.T) {
	if !*long {
		t.Skip("-long")
	}
	for range 60 {
		k := started(t, func(_ *jupyter.Spec, o *jupyter.Options) { o.Grace = time.Minute })
		if _, err := k.Execute(patient(t), jupyter.Request{Code: "1", StoreHistory: true}, nil); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		k.Kill(context.Background())
		if e := k.Wait(); e.Code != 0 || time.Since(begun) > 8*time.Second {
			t.Fatalf("it ended after %s by %s", time.Since(begun), &e)
		}
	}
}
