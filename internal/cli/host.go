package cli

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
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
	// Operator is the whole life of a task's process that is this program; args
	// stand behind `freshet operator` on its command line. It returns the
	// process's exit code.
	Operator(ctx context.Context, args, environ []string, env func(string) string, log io.Writer) (int, error)
	// Check looks at a home that no server has; deep reads the whole database.
	Check(ctx context.Context, home, listen string, deep bool) ([]freshet.Check, error)
	// Backup writes a backup of a home that no server has.
	Backup(ctx context.Context, home string, logs bool, w io.Writer) error
	// Restore makes a home of a backup. Where it has a database, replace must
	// be set.
	Restore(ctx context.Context, home string, r io.Reader, replace bool) (Restored, error)
	// AboutBackup reads what a backup says about itself, from its beginning. What
	// is no backup is an error with code invalid.
	AboutBackup(r io.Reader) (AboutBackup, error)
	// CheckToken says what is wrong with the file of a home's token.
	CheckToken(home string) error
	// Examples are the example workflows that are embedded, one directory each.
	Examples() fs.FS
}

// AboutBackup is what a backup says about itself.
type AboutBackup struct {
	Missing int    // contents that it should hold, and that were gone
	Some    string // of them
}

// Restored says what a home has been made of.
type Restored struct {
	Home      string    `json:"home"`
	Version   string    `json:"version"` // of the program that made the backup
	CreatedAt time.Time `json:"created_at"`
	Blobs     int       `json:"blobs"`
	Logs      bool      `json:"logs"`
	Kept      string    `json:"kept,omitempty"` // directory with what was there before
}

// ServerConfig says what a server is started with. Everything is decided: the
// server reads no flag, no environment and no file of settings.
type ServerConfig struct {
	Home      string        // absolute; made if it is missing
	Listen    string        // HOST:PORT; port 0 is any free one
	AuthToken string        // that requests must carry; empty: the home's, made at the first start
	Slots     int           // processes at once; 0: twice the cores, at least 8
	LogLimit  int64         // bytes kept of a task's log
	Retention time.Duration // how long what has ended is kept; below 0: for ever
	Kernels   int           // that wait for the next notebook; 0: none
	Memory    int64         // bytes that they may take together
	TaskEnv   []string      // globs of the variables of Environ that tasks get
	Environ   []string      // the environment, name=value

	// ExecDir, where it is set, is the directory in which tasks run, with the
	// whole of Environ. It is absolute. Workflow files need not travel: they
	// are there.
	ExecDir string
	// SecretsHome is the home whose secrets tasks may use; empty: Home.
	SecretsHome string
	// Throwaway says that nobody comes back to this home: when ctx ends, the
	// keeper leaves as well unless it still holds something.
	Throwaway bool

	Executable string   // absolute path of this program: for keepers, and first in the PATH of tasks
	Args       []string // behind its name on the command line, to start it again as a child of process 1
	Version    string
	Log        *slog.Logger
	Level      *slog.LevelVar  // of Log
	Hangup     <-chan struct{} // somebody asks that the settings be read again
	// Settings are what the configuration is made of. Reread reads them again: as a configuration, with the level of the log,
	// and one by one. Nil: they never change.
	Settings []setting.Value
	Reread   func() (ServerConfig, slog.Level, []setting.Value, error)
	// Ready is called once, when the server accepts requests; the home's token
	// is in its file by then.
	Ready func(url string)
}
