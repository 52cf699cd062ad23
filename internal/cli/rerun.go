package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) runRerunCommand() *cobra.Command {
	var r freshet.RerunRequest
	var wait bool
	c := &cobra.Command{
		Use:   "rerun RUN",
		Short: "Run a run that has ended again: all of it, or from where it failed",
		Long: `Start a new run with the parameters, the event and the version of one that has
ended. With --from-failed or --from the tasks that need not run again keep their
results; the others start with the events that had started them, as far as those
are still kept. Values (env, with, command, if) are computed anew from these:
they are not copied from the run before, so a secret, an output or, with
--latest, the workflow's text may give others.`,
		Example: `freshet run rerun 7
freshet run rerun 7 --from-failed --wait
freshet run rerun etl --from load --latest   # with the current version of etl`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				run, err := server.Rerun(c.Context(), id, r)
				if err != nil {
					return err
				}
				if !r.Latest && a.flags.output == tableFormat {
					a.mentionNewer(c.Context(), server, &run)
				}
				return a.started(c.Context(), server, run, nil, wait)
			})
		},
	}
	c.Flags().BoolVar(&r.FromFailed, "from-failed", false, "start again what failed or was stopped, and keep other results")
	c.Flags().StringVar(&r.From, "from", "", "TASK: start this task and what follows it again, and keep other results")
	c.Flags().BoolVar(&r.Latest, "latest", false, "with the workflow's current version")
	c.Flags().BoolVarP(&wait, "wait", "w", false, "follow the run and end with its result")
	oneOf(c, "from-failed", "from")
	return takes(c)
}

// mentionNewer tells whoever has mended a workflow, and forgot to say so, that
// the run goes on with what it had.
func (a *app) mentionNewer(ctx context.Context, server *client.Client, run *freshet.Run) {
	w, err := server.Workflow(ctx, run.Namespace, run.Workflow)
	if err != nil || w.Version == run.Version {
		return // it is gone, or the same
	}
	a.err.line("%s it has version %s, as before; --latest takes the current one, %s", a.err.paint(cyan, "hint:"), shortVersion(run.Version), shortVersion(w.Version))
}
