// Package operator runs the kinds of tasks that are processes of this program
// itself. Such a process is an attempt like any other: what it is to do stands
// in the file $FRESHET_INPUT, and not on its command line, which every account
// of the machine can read; what it prints is its log, what comes of it goes to
// $FRESHET_OUTPUT, and its exit code says whether another try is worth while.
package operator

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/freshet/freshet/internal/spec"
)

// Process is what an attempt is given.
type Process struct {
	Env     func(name string) string // FRESHET_INPUT, FRESHET_OUTPUT, FRESHET_TASK_DIR
	Environ []string                 // all of it, name=value: what a kernel inherits
	Log     io.Writer
	Version string // of this program
}

// The exit codes.
const (
	done        = 0
	failed      = 1
	temporary   = spec.TemporaryExit
	interrupted = 130
)

// fault is why an attempt failed: one line, and where there is one a line that
// says what to do.
type fault struct {
	message, hint string
	temporary     bool // another try may well succeed
}

func (f *fault) Error() string { return f.message }

// maxReason bounds what is told of a failure, in characters.
const maxReason = 500

// tellReason makes why an attempt failed its reason, whatever else has been
// written to its outputs. That it cannot is in the log already, with the reason.
func (p Process) tellReason(err error) {
	line := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(line) > maxReason {
		line = append(line[:maxReason], '…')
	}
	_ = os.WriteFile(p.Env("FRESHET_OUTPUT"), []byte("reason="+string(line)+"\n"), 0o600)
}

// exitCode tells who tries again whether to.
func exitCode(err error) int {
	var f *fault
	if errors.As(err, &f) && f.temporary {
		return temporary
	}
	return failed
}
