package cli

import "github.com/spf13/cobra"

// workflowEnableCommand is enable or disable.
func (a *app) workflowEnableCommand(enabled bool) *cobra.Command {
	verb, short := "disable", "Let a workflow start nothing; what runs goes on"
	if enabled {
		verb, short = "enable", "Let a disabled workflow start runs again"
	}
	return takes(&cobra.Command{
		Use:   verb + " WORKFLOW",
		Short: short,
		Example: `freshet workflow ` + verb + ` etl
freshet workflow ` + verb + ` science.etl`,
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
			w, err := server.SetEnabled(c.Context(), namespace, name, enabled)
			if err != nil {
				return a.meant(c.Context(), server, namespace, name, err)
			}
			return a.show(w, func() { a.out.line("%s.%s %sd", w.Namespace, w.Name, verb) }, plainOf(w, workflowColumns))
		},
	})
}

func (a *app) workflowDeleteCommand() *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use:   "delete WORKFLOW",
		Short: "Delete a workflow of which no run is alive, with its triggers and runs",
		Long: `Delete a workflow, with its triggers, its versions and its runs. It is refused
while a run of it is alive. The runs that have ended go in the background, with
their logs and files: very many may take minutes.`,
		Example: `freshet workflow delete etl
freshet workflow delete -y science.etl`,
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
			w, err := server.Workflow(c.Context(), namespace, name)
			if err != nil {
				return a.meant(c.Context(), server, namespace, name, err)
			}
			if err := a.confirm(c.Context(), yes, "workflow %s.%s with its triggers and all its runs", namespace, name); err != nil {
				return err
			}
			if err := server.DeleteWorkflow(c.Context(), namespace, name); err != nil {
				return a.meant(c.Context(), server, namespace, name, err)
			}
			return a.show(w.Workflow, func() { a.out.line("%s.%s deleted", namespace, name) }, plainOf(w.Workflow, workflowColumns))
		},
	}
	yesFlag(c, &yes)
	return takes(c)
}
