// Package cli is the command line. It turns what was typed into calls of a
// server through the client, and answers into tables, JSON or plain lines. The
// process it runs in comes as one value, and the server it can start comes from
// above, so a test runs any command by calling Main.
package cli

import (
	"context"
	"io"
	"os"
	"time"
)

// Process is the process that a command line runs in.
type Process struct {
	Args     []string // the program as it was called, then its arguments
	Env      []string // name=value
	Dir      string   // where relative paths begin
	Binary   string   // absolute path of this program, for starting it again
	Version  string   // of this program
	UserHome string   // home directory of the user; may be empty

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	StdinTerminal  bool                                  // Stdin is a terminal
	StdoutTerminal bool                                  // Stdout is a terminal
	StderrTerminal bool                                  // Stderr is a terminal
	ReadHidden     func(context.Context) (string, error) // reads a line from the terminal of Stdin without showing it; nil: it cannot be
	Size           func() (columns, lines int)           // of that terminal; 0: unknown
	Location       *time.Location                        // that people read times in

	Interrupts <-chan os.Signal // SIGINT, SIGTERM and SIGHUP
	Host       Host
}

// Main runs a command line and returns its exit code: 0 done, 1 the work
// failed or was stopped, 2 invalid input, 3 not found, 4 no server, 5 refused,
// 130 interrupted.
func Main(p Process) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	a := newApp(p, cancel)
	go a.interrupts.watch(ctx, p.Interrupts)

	a.tree = a.root()
	a.tree.SetArgs(p.Args[1:])
	err := a.tree.ExecuteContext(ctx)
	if cause := context.Cause(ctx); err != nil && cause == errInterrupted {
		err = cause
	}
	return a.report(a.written(err))
}
