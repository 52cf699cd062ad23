package cli

import (
	"github.com/spf13/cobra"

	"github.com/freshet/freshet/client"
)

func (a *app) runStopCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "stop RUN",
		Short: "Stop a run; a second time ends its finally, too",
		Example: `freshet run stop 7
freshet run stop hello`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				run, err := server.StopRun(c.Context(), id)
				if err != nil {
					return err
				}
				return a.show(run, func() { a.out.line("Run %d is %s.", run.ID, a.out.paint(statusColour(run.Status), string(run.Status))) },
					plainOf(run, runColumns))
			})
		},
	})
}

func (a *app) runStopAllCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "stop-all WORKFLOW",
		Short: "Stop all runs of a workflow that have not ended",
		Example: `freshet run stop-all hello
freshet run stop-all science.etl`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			namespace, name, err := a.workflowRef(args[0])
			if err != nil {
				return err
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			ids, err := server.StopAll(c.Context(), namespace, name)
			if err != nil {
				return a.meant(c.Context(), server, namespace, name, err)
			}
			if a.flags.output == tableFormat {
				a.out.line("%s of %s.%s asked to stop.", counted(len(ids), "run"), namespace, name)
				return nil
			}
			return listIDs(a, ids)
		},
	})
}

// object is what something was done to.
type object struct {
	ID int64 `json:"id"`
}

// listIDs lists what something was done to, for programs.
func listIDs(a *app, ids []int64) error {
	rows := make([]object, len(ids))
	for i, id := range ids {
		rows[i].ID = id
	}
	return list(a, rows, []column[object]{{head: "ID", cell: func(_ clock, o object) string { return number(o.ID) }}})
}
