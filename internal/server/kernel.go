package server

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/notebook"
)

// kernelKeeper says where a notebook finds kernels that were started before
// anybody asked for them, and how many are kept.
type kernelKeeper struct {
	Home   string
	Limits keeper.WarmLimits
	Hidden []string // variables that no process in reserve is given
}

// without is the same for a notebook of which these variables are hidden.
func (k kernelKeeper) without(hidden []string) *kernelKeeper {
	k.Hidden = hidden
	return &k
}

// keeperOf is that of a server; one that is thrown away keeps none.
func keeperOf(c *Config) *kernelKeeper {
	if c.Kernels <= 0 || c.Throwaway || c.ExecDir != "" {
		return nil
	}
	return &kernelKeeper{Home: c.Home, Limits: keeper.WarmLimits{Count: c.Kernels, Memory: c.Memory}}
}

// take is how a notebook of this environment takes one. Where none waits the
// notebook starts its own, whose words past the protocol it can hear, and the
// keeper has one ready for the next.
func (k *kernelKeeper) take(version string, env []string) func(context.Context, *jupyter.Spec) *notebook.Warm {
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

// coolKernels ends what waits where no more kernels are to be kept.
func (s *Server) coolKernels(c *Config) {
	if keeperOf(c) != nil {
		return
	}
	k, err := keeper.Dial(s.cfg.Home, s.cfg.Version, nil)
	if err != nil {
		return // then there are none
	}
	defer k.Close()
	if err := k.Cool(context.Background()); err != nil {
		s.cfg.Log.Warn("cannot end the kernels that wait", logkey.Error, err)
	}
}
