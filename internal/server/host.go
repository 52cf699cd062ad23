package server

import (
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/examples"
	"github.com/freshet/freshet/internal/cli"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/operator"
	"github.com/freshet/freshet/internal/setting"
)

// Host lets the command line start what stands above it.
type Host struct{ Version string }

var _ cli.Host = Host{}

// Serve runs a server until ctx ends.
func (h Host) Serve(ctx context.Context, c cli.ServerConfig) error {
	if os.Getpid() == 1 {
		return h.container(c)
	}
	s, err := New(ctx, Config{Home: c.Home, Listen: c.Listen, Slots: c.Slots, LogLimit: c.LogLimit, Retention: c.Retention, Kernels: c.Kernels, Memory: c.Memory, TaskEnv: c.TaskEnv,
		AuthToken: c.AuthToken, Environ: c.Environ, ExecDir: c.ExecDir, Throwaway: c.Throwaway, Binary: c.Executable,
		Version: c.Version, Log: c.Log, Ready: c.Ready, Level: c.Level, Hangup: c.Hangup, Settings: c.Settings, Reread: reread(c), SecretsHome: c.SecretsHome})
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// reread is how the command line reads the settings again.
func reread(c cli.ServerConfig) Reread {
	if c.Reread == nil {
		return nil
	}
	return func() (Config, slog.Level, []setting.Value, error) {
		n, level, values, err := c.Reread()
		return Config{Home: n.Home, Listen: n.Listen, Slots: n.Slots, LogLimit: n.LogLimit, Retention: n.Retention, Kernels: n.Kernels, Memory: n.Memory, TaskEnv: n.TaskEnv, Environ: c.Environ,
			ExecDir: c.ExecDir}, level, values, err
	}
}

// container is process 1 of a container: the keeper, with the server as its
// child. It ends the process with the server's exit code.
func (h Host) container(c cli.ServerConfig) error {
	if err := os.MkdirAll(c.Home, 0o700); err != nil {
		return freshet.Errorf(freshet.Invalid, "cannot make the home %s: %v", c.Home, reason(err))
	}
	code, err := keeper.RunAsInit(keeper.Config{Home: c.Home, Version: c.Version, Log: c.Log},
		append([]string{c.Executable}, c.Args...), c.Environ)
	if err != nil {
		return err
	}
	os.Exit(code)
	return nil
}

// Keeper is the whole life of a keeper process.
func (h Host) Keeper(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("keeper", flag.ContinueOnError)
	home := flags.String("home", "", "home directory")
	if err := flags.Parse(args); err != nil {
		return freshet.Errorf(freshet.Invalid, "keeper: %v", err)
	}
	if *home == "" {
		return fmt.Errorf("keeper: no home")
	}
	return keeper.Main(keeper.Config{Home: *home, Version: h.Version, Ready: os.NewFile(keeper.ReadyFD, "ready"),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
}

// Operator is the whole life of a process of an `http` or `notebook` task.
func (h Host) Operator(ctx context.Context, args, environ []string, env func(string) string, log io.Writer) (int, error) {
	p := operator.Process{Env: env, Environ: environ, Log: log, Version: h.Version}
	switch strings.Join(args, " ") {
	case httpOperator:
		return operator.HTTP(ctx, p), nil
	case notebookOperator:
		return operator.Notebook(ctx, p), nil
	}
	return 0, freshet.Errorf(freshet.Invalid, "operator: no kind of task is called %q", args)
}

// Examples are the example workflows.
func (h Host) Examples() fs.FS { return examples.Weather }
