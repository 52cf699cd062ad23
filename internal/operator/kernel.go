package operator

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/notebook"
)

// WarmKernels says where a notebook finds kernels that were started before
// anybody asked for them, and how many are kept.
type WarmKernels struct {
	Home   string
	Limits keeper.WarmLimits
	Hidden []string // variables that no process in reserve is given
}

// take is how a notebook of this environment takes one. Where none waits the
// notebook starts its own, whose words past the protocol it can hear, and the
// keeper has one ready for the next.
func (k *WarmKernels) take(version string, env []string) func(context.Context, *jupyter.Spec) *notebook.Warm {
	if k == nil {
		return nil
	}
	return func(ctx context.Context, spec *jupyter.Spec) *notebook.Warm {
		c, err := keeper.Dial(k.Home, version, nil)
		if err != nil {
			return nil // the notebook starts a kernel of its own
		}
		kept := jupyter.KeepWarm(spec, slices.DeleteFunc(slices.Clone(env), func(v string) bool {
			name, _, _ := strings.Cut(v, "=")
			return slices.Contains(k.Hidden, name)
		}))
		exited := make(chan jupyter.Exit, 1)
		taken, err := c.Take(ctx, keeper.Warm{Args: kept.Args, Env: kept.Env, Files: kept.Files, Limits: k.Limits}, func(g keeper.Gone) {
			select {
			case exited <- exitOf(g.ExitCode):
			default: // one is all that can end
			}
		})
		if err != nil || taken == nil {
			c.Close()
			return nil
		}
		where, err := jupyter.ReadConnection(filepath.Join(taken.Dir, jupyter.WarmFile))
		if err != nil {
			c.Close() // and with it the kernel
			return nil
		}
		return &notebook.Warm{Connection: where, Peer: jupyter.Peer{Name: spec.Name, PID: taken.PID, Spec: spec, Exited: exited},
			Release: func(ctx context.Context) {
				if ctx.Err() == nil { // it has been asked politely
					_ = c.LetGo(ctx, taken.PID)
				}
				c.Close()
			}}
	}
}

// exitOf is how a process ended, of an exit code as the keeper has it.
func exitOf(code int) jupyter.Exit {
	if code > 128 {
		return jupyter.Exit{Code: -1, Signal: syscall.Signal(code - 128)}
	}
	return jupyter.Exit{Code: code}
}
