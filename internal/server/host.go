package server

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/examples"
	"github.com/freshet/freshet/internal/cli"
	"github.com/freshet/freshet/internal/keeper"
)

// Host lets the command line start what stands above it.
type Host struct{ Version string }

var _ cli.Host = Host{}

// Serve runs a server until ctx ends.
func (h Host) Serve(ctx context.Context, c cli.ServerConfig) error {
	if os.Getpid() == 1 {
		return h.container(c)
	}
	s, err := New(ctx, Config{Home: c.Home, Listen: c.Listen, Slots: c.Slots, LogLimit: c.LogLimit, TaskEnv: c.TaskEnv,
		AuthToken: c.AuthToken, Environ: c.Environ, ExecDir: c.ExecDir, Throwaway: c.Throwaway, Binary: c.Executable,
		Version: c.Version, Log: c.Log, Ready: c.Ready})
	if err != nil {
		return err
	}
	return s.Run(ctx)
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

// Examples are the example workflows.
func (h Host) Examples() fs.FS { return examples.Weather }
