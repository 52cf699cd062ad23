package cli

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"syscall"

	"github.com/freshet/freshet"
)

// exitError ends a command with a code and says nothing: all has been said.
type exitError int

func (e exitError) Error() string { return "exit" }

// The exit codes that are not an error's own.
const (
	exitFailed      exitError = 1 // the work failed or was stopped
	exitInvalid     exitError = 2
	exitInterrupted           = 130
)

// report says what was wrong, one line and where there is one a hint, and
// returns the exit code.
func (a *app) report(err error) int {
	var exit exitError
	var e *freshet.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case !errors.As(err, &e):
		e = freshet.Errorf(freshet.Internal, "%s", err)
	}
	if n := len(e.Diagnostics); n > 1 { // of one the error says all
		a.diagnostics(a.err, e.Diagnostics, nil)
		a.err.line("%s there are %d problems, and nothing was changed", a.err.paint(red, "error:"), n)
		return e.Code.ExitCode()
	}
	// The message keeps what err was wrapped with.
	a.err.line("%s %s", a.err.paint(red, "error:"), shortWords(oneLine(err.Error())))
	if e.Hint != "" {
		a.err.line("%s %s", a.err.paint(cyan, "hint:"), a.asCalled(oneLine(e.Hint)))
	}
	return e.Code.ExitCode()
}

// longWord is what nobody reads to its end.
var longWord = regexp.MustCompile(`\S{300,}`)

func shortWords(text string) string {
	return longWord.ReplaceAllStringFunc(text, func(word string) string { return shorten(word, 60) })
}

// written is a command's error, or where it has none that its output could not
// be written. Whoever stops reading wants no more, and hears nothing of it.
func (a *app) written(err error) error {
	failure := a.out.failure()
	switch {
	case failure == nil, err != nil && !errors.Is(err, failure):
		return err
	case errors.Is(failure, syscall.EPIPE):
		if err != nil {
			return errInterrupted
		}
		return nil
	}
	var p *fs.PathError
	if errors.As(failure, &p) {
		failure = p.Err
	}
	return freshet.Errorf(freshet.Internal, "cannot write the output: %s", failure)
}

// asCalled makes a hint's commands work when they are pasted: in front of each
// that is quoted stands the program as it was called. Hints that come from a
// server leave the program out: it has another name elsewhere.
func (a *app) asCalled(hint string) string {
	parts := strings.Split(hint, "`")
	for i := 1; i < len(parts); i += 2 {
		words := strings.Fields(parts[i])
		if len(words) > 0 && words[0] == "freshet" {
			parts[i] = a.name + strings.TrimPrefix(parts[i], "freshet")
		} else if a.isCommand(words) {
			parts[i] = a.name + " " + parts[i]
		}
	}
	return strings.Join(parts, "`")
}

// isCommand tells whether words are one of the program's commands with what it
// needs behind it.
func (a *app) isCommand(words []string) bool {
	if a.tree == nil || len(words) < 2 {
		return false
	}
	found, rest, err := a.tree.Find(words)
	return err == nil && found != a.tree && !(found.HasSubCommands() && len(rest) > 0)
}

// invalid is an error of what was typed.
func invalid(format string, args ...any) *freshet.Error {
	return freshet.Errorf(freshet.Invalid, format, args...)
}
