package inbox

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// DeleteRun forgets a run that has ended, with its logs and files. It is
// refused while the run, or the one that called it, is alive.
func (x *Inbox) DeleteRun(ctx context.Context, id int64) error {
	run, err := x.store.Run(ctx, id)
	if err != nil {
		return err
	}
	if !run.Status.Final() {
		return freshet.Errorf(freshet.Conflict, "run %d is %s", id, run.Status).WithHint("`run stop %d` ends it first", id)
	}
	_, err = x.one(ctx, machine.Entry{Namespace: run.Namespace, Kind: machine.DeleteRun, Run: id, Body: machine.Body{Parent: run.Parent}})
	return err
}
