package notebook

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/freshet/freshet/internal/papermill"
)

// Reason tells programs why a notebook did not come to its end.
type Reason string

// The reasons.
const (
	CellError     Reason = "cell_error"     // a cell raised an error
	Exited        Reason = "exit"           // a cell called sys.exit, or IPython's exit, with another code than 0
	CellTimeout   Reason = "cell_timeout"   // a cell took longer than a cell may
	Timeout       Reason = "timeout"        // the notebook took longer than it may
	KernelDied    Reason = "kernel_died"    // the kernel's process ended, or does not answer any more
	KernelSilent  Reason = "kernel_silent"  // the kernel did not say all that the protocol asks for: output may be missing
	KernelStart   Reason = "kernel_start"   // the kernel does not start, or was not ready in time
	KernelUnknown Reason = "kernel_unknown" // no kernel of that name is installed
	Cancelled     Reason = "cancelled"      // somebody stopped it
)

// Failure is why a notebook did not come to its end, and where.
type Failure struct {
	Reason  Reason
	Cell    int  // number from 1, of the cells of the executed notebook without banners; 0: before the first
	Cells   int  // how many there are
	Count   *int // N of In [N], where the cell has one
	Message string
	Hint    string // what to do; may be empty

	EName, EValue string // of an error
	Traceback     []string
}

// Error is one line that says what and where.
func (f *Failure) Error() string {
	if f.Cell == 0 {
		return f.Message
	}
	where := fmt.Sprintf("cell %d of %d", f.Cell, f.Cells)
	if f.Count != nil {
		where += fmt.Sprintf(" (In [%d])", *f.Count)
	}
	return where + ": " + f.Message
}

// causes are the reasons as papermill's marks tell them.
var causes = map[Reason]papermill.Cause{
	CellError: papermill.Exception, Exited: papermill.Exception,
	CellTimeout: papermill.TimedOut, Timeout: papermill.TimedOut,
	KernelDied: papermill.KernelDied, KernelSilent: papermill.KernelDied,
	KernelStart: papermill.NotStarted, KernelUnknown: papermill.NotStarted,
	Cancelled: papermill.Interrupted,
}

// detail is what the marks say besides. An error stands in its cell.
func (f *Failure) detail() string {
	if causes[f.Reason] == papermill.Exception || f.Reason == Cancelled {
		return ""
	}
	return f.Message
}

// exitsWell tells whether SystemExit with this value is a success, as it is
// for a Python program.
func exitsWell(value string) bool {
	switch value {
	case "", "0", "None", "False":
		return true
	}
	return false
}

// raised is the failure of a cell that raised an error.
func raised(name, value string, traceback []string) *Failure {
	f := &Failure{Reason: CellError, Message: cmp.Or(name, "the cell failed"), EName: name, EValue: value, Traceback: traceback}
	if value != "" {
		f.Message += ": " + firstLine(value)
	}
	if name == "SystemExit" {
		f.Reason, f.Message = Exited, "the notebook exited with "+firstLine(value)
	}
	return f
}

func firstLine(s string) string {
	line, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more {
		line += " …"
	}
	return line
}
