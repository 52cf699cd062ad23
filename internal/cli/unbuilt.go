package cli

import "github.com/spf13/cobra"

// unbuilt are commands that are promised and not built yet, by the command they
// belong to. Whoever has read of one hears that, not that it is unknown; no help
// and no completion shows it.
var unbuilt = map[string][]string{
	"freshet":      {"notebook"},
	"freshet run":  {"delete"},
	"freshet task": {"artifacts"},
}

// addUnbuilt adds those of a command and of the commands below it.
func addUnbuilt(c *cobra.Command) {
	for _, child := range c.Commands() {
		addUnbuilt(child)
	}
	for _, name := range unbuilt[c.CommandPath()] {
		c.AddCommand(&cobra.Command{
			Use: name, Short: "Not built yet", Hidden: true,
			DisableFlagParsing: true, // whatever follows, the answer is the same
			RunE: func(c *cobra.Command, _ []string) error {
				return invalid("`%s` is not built yet", c.CommandPath())
			},
		})
	}
}
