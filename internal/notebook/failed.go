package notebook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
)

var errTimeout = errors.New("the notebook's time is over")

// stopped is the failure of a notebook whose context has ended.
func (x *execution) stopped(ctx context.Context) *Failure {
	if context.Cause(ctx) == errTimeout {
		return &Failure{Reason: Timeout, Message: fmt.Sprintf("the notebook took longer than %s", x.Timeout)}
	}
	return &Failure{Reason: Cancelled, Message: "the notebook was stopped"}
}

func overdue(limit time.Duration) *Failure {
	return &Failure{Reason: CellTimeout, Message: fmt.Sprintf("the cell took longer than %s", limit)}
}

// broken is the failure of a kernel: otherwise where the kind of the error is
// not known, and none of the kernel where ctx has ended.
func (x *execution) broken(ctx context.Context, err error, otherwise Reason) *Failure {
	reasons := map[jupyter.Kind]Reason{
		jupyter.UnknownKernel: KernelUnknown,
		jupyter.StartFailed:   KernelStart, jupyter.NotReady: KernelStart,
		jupyter.Died: KernelDied, jupyter.HeartbeatLost: KernelDied,
		jupyter.NoReply: KernelSilent, jupyter.NoIdle: KernelSilent, jupyter.Protocol: KernelSilent,
	}
	if ctx.Err() != nil {
		return x.stopped(ctx)
	}
	reason, known := reasons[jupyter.KindOf(err)]
	if !known {
		reason = otherwise
	}
	f := &Failure{Reason: reason, Message: strings.ReplaceAll(err.Error(), "\n", "; ")}
	if jupyter.KindOf(err) != "" {
		f.Message = "the " + f.Message
	}
	var e *freshet.Error
	if errors.As(err, &e) {
		f.Hint = e.Hint
	}
	return f
}
