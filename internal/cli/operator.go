package cli

import "github.com/spf13/cobra"

// operatorCommand is a task whose kind is a process of this program; nobody
// types it.
func (a *app) operatorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "operator", Hidden: true, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			code, err := a.Host.Operator(c.Context(), args, a.Env, a.env, a.Stdout)
			if err == nil && code != 0 {
				err = exitError(code)
			}
			return err
		},
	}
}
