package cli

import (
	"context"
	"io/fs"
	"log/slog"
)

// Host is what stands above the command line and is handed down to it: a
// server that can be started in this process, the keeper, the examples.
type Host interface {
	// Serve runs a server until ctx ends, then stops it gracefully and
	// returns nil. Where the configuration does not say otherwise, tasks that
	// run go on.
	Serve(ctx context.Context, cfg ServerConfig) error
	// Keeper is the whole life of a keeper process; args stand behind
	// `freshet keeper` on its command line.
	Keeper(ctx context.Context, args []string) error
	// Examples are the example workflows that are embedded, one directory each.
	Examples() fs.FS
}

// ServerConfig says what a server is started with. Everything is decided: the
// server reads no flag, no environment and no file of settings.
type ServerConfig struct {
	Home      string   // absolute; made if it is missing
	Listen    string   // HOST:PORT; port 0 is any free one
	AuthToken string   // that requests must carry; empty: the home's, made at the first start
	Slots     int      // processes at once; 0: twice the cores, at least 8
	LogLimit  int64    // bytes kept of a task's log
	TaskEnv   []string // globs of the variables of Environ that tasks get
	Environ   []string // the environment, name=value

	// ExecDir, where it is set, is the directory in which tasks run, with the
	// whole of Environ. It is absolute. Workflow files need not travel: they
	// are there.
	ExecDir string
	// Throwaway says that nobody comes back to this home: when ctx ends, the
	// keeper leaves as well unless it still holds something.
	Throwaway bool

	Executable string   // absolute path of this program: for keepers, and first in the PATH of tasks
	Args       []string // behind its name on the command line, to start it again as a child of process 1
	Version    string
	Log        *slog.Logger
	// Ready is called once, when the server accepts requests; the home's token
	// is in its file by then.
	Ready func(url string)
}
