package jupyter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// Kind tells failures of kernels apart.
type Kind string

// The kinds of failures. A cell that raises an error is none of them: that is
// a Reply.
const (
	UnknownKernel Kind = "unknown_kernel"  // no kernelspec has the name
	StartFailed   Kind = "start_failed"    // its program is missing, or ended before it was ready
	NotReady      Kind = "not_ready"       // it did not answer within the start timeout
	Died          Kind = "died"            // its process ended, or it closed its connections
	HeartbeatLost Kind = "heartbeat_lost"  // it does not answer, and nobody knows whether its process is alive
	NoReply       Kind = "no_reply"        // it became idle and did not reply
	NoIdle        Kind = "no_idle"         // it replied and did not become idle: output may be missing
	Protocol      Kind = "protocol"        // it does not speak the protocol
	Interrupted   Kind = "not_interrupted" // it could not be asked to stop the cell
)

// Failure is what went wrong with a kernel. In its chain are a freshet.Error,
// which says what to do, and Err.
type Failure struct {
	Kind   Kind
	Kernel string        // name of its kernelspec, or where it is
	Exit   *Exit         // how its process ended, where that is known
	Stderr string        // the last lines that it wrote there
	After  time.Duration // how long was waited
	Hint   string        // what to do
	Err    error         // the cause, may be nil
}

// Error is one line. What the kernel wrote is in Stderr; of a failed start,
// its last line is in the text.
func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "kernel %s ", f.Kernel)
	switch f.Kind {
	case UnknownKernel:
		b.WriteString("is not installed")
	case StartFailed:
		b.WriteString("does not start")
	case NotReady:
		fmt.Fprintf(&b, "was not ready within %s", f.After)
	case Died:
		b.WriteString("died")
	case HeartbeatLost:
		fmt.Fprintf(&b, "has not answered for %s", f.After)
	case NoReply:
		fmt.Fprintf(&b, "became idle and did not reply within %s", f.After)
	case NoIdle:
		fmt.Fprintf(&b, "replied and did not become idle within %s: output may be missing", f.After)
	case Protocol:
		b.WriteString("does not speak the Jupyter protocol")
	case Interrupted:
		b.WriteString("could not be interrupted")
	}
	if f.Exit != nil {
		fmt.Fprintf(&b, ": %s", f.Exit)
	}
	if f.Err != nil {
		fmt.Fprintf(&b, ": %s", f.Err)
	}
	if last := lastLine(f.Stderr); last != "" && (f.Kind == StartFailed || f.Kind == NotReady) {
		fmt.Fprintf(&b, ": %s", last)
	}
	return b.String()
}

// Unwrap gives the error for people, and the cause.
func (f *Failure) Unwrap() []error {
	code := freshet.Unavailable
	switch f.Kind {
	case UnknownKernel:
		code = freshet.NotFound
	case StartFailed:
		code = freshet.Invalid
	}
	e := freshet.Errorf(code, "%s", f.Error())
	if f.Hint != "" {
		e = e.WithHint("%s", f.Hint)
	}
	if f.Err == nil {
		return []error{e}
	}
	return []error{e, f.Err}
}

// KindOf is the kind of the first Failure in err's chain, empty where there is
// none.
func KindOf(err error) Kind {
	var f *Failure
	if errors.As(err, &f) {
		return f.Kind
	}
	return ""
}

func lastLine(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	return strings.TrimSpace(s)
}
