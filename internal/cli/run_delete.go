package cli

import (
	"github.com/spf13/cobra"

	"github.com/freshet/freshet/client"
)

func (a *app) runDeleteCommand() *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use:   "delete RUN",
		Short: "Delete a run that has ended, with its logs and files",
		Long: `Delete a run that has ended, with its logs, its artifacts and its directory. It
is refused while the run, or the run that called it, is alive. Without that a
run is removed when it has been kept long enough: ` + "`retention`" + ` in the settings, or
in its workflow.`,
		Example: `freshet run delete 7
freshet run delete -y hello             # its latest run`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				run, err := server.Run(c.Context(), id)
				if err != nil {
					return err
				}
				if err := a.confirm(c.Context(), yes, "run %d of %s.%s with its logs and files", id, run.Namespace, run.Workflow); err != nil {
					return err
				}
				if err := server.DeleteRun(c.Context(), id); err != nil {
					return err
				}
				return a.show(run, func() { a.out.line("run %d deleted", id) }, plainOf(run, runColumns))
			})
		},
	}
	yesFlag(c, &yes)
	return takes(c)
}
