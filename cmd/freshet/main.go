// Command freshet runs event-driven workflows. Everything it does begins in
// internal/cli; this file hands over the process.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/freshet/freshet/internal/cli"
	"github.com/freshet/freshet/internal/server"
)

var version = "dev" // stamped by the build

func main() {
	interrupts := make(chan os.Signal, 4)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(interrupts, syscall.SIGHUP)
	}
	if len(os.Args) > 1 && (os.Args[1] == "exec" || os.Args[1] == "demo") {
		// Where a server lives in this process, a reader that leaves must not
		// kill it: the write fails, and the run is stopped. Caught and not
		// ignored, because tasks would inherit that.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	}
	dir, _ := os.Getwd()
	home, _ := os.UserHomeDir()
	binary, _ := os.Executable()
	os.Exit(cli.Main(cli.Process{
		Args: os.Args, Env: os.Environ(), Dir: dir, Binary: binary, Version: version, UserHome: home,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		StdinTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())), StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		ReadHidden: readHidden,
		Size:       size,
		Location:   time.Local, Interrupts: interrupts, Host: server.Host{Version: version},
	}))
}

// size of the terminal behind standard output.
func size() (columns, lines int) {
	columns, lines, _ = term.GetSize(int(os.Stdout.Fd()))
	return columns, lines
}

// readHidden reads a line from the terminal of standard input, which does not
// show it, and shows again what is typed when it has been read or ctx ends.
func readHidden(ctx context.Context) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type answer struct {
		line []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		read <- answer{line, err}
	}()
	select {
	case a := <-read:
		return string(a.line), a.err
	case <-ctx.Done():
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
}
