package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
)

func (a *app) serverReloadCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "reload",
		Short: "Let the server read its settings again",
		Long: `Let the server read its settings again: freshet.yaml, and files that variables
name. What can change while it runs holds from now on; the rest waits for a
restart. Settings that cannot be read change nothing. SIGHUP does the same, and
its outcome is in the server's log.`,
		Example: `freshet server reload
freshet server reload -o json`,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			changes, err := server.ReloadServer(c.Context())
			if err != nil {
				return err
			}
			if len(changes) == 0 && a.flags.output == tableFormat {
				a.out.line("nothing has changed")
				return nil
			}
			return list(a, changes, changeColumns)
		},
	})
}

var changeColumns = []column[freshet.SettingChange]{
	{head: "NAME", cell: func(_ clock, c freshet.SettingChange) string { return c.Name }},
	{head: "FROM", cell: func(_ clock, c freshet.SettingChange) string { return c.From }},
	{head: "TO", cell: func(_ clock, c freshet.SettingChange) string { return c.To }},
	{head: "EFFECT",
		cell: func(_ clock, c freshet.SettingChange) string {
			if c.Restart {
				return "at the next start"
			}
			return "now"
		},
		paint: func(c freshet.SettingChange) colour {
			if c.Restart {
				return yellow
			}
			return green
		}},
}

// readiness is what /readyz says.
func readiness(s freshet.Server) string {
	if len(s.Trouble) == 0 {
		return "yes"
	}
	return "no: " + strings.Join(s.Trouble, "; ")
}

func readinessColour(s freshet.Server) colour {
	if len(s.Trouble) == 0 {
		return green
	}
	return red
}

// behind says how far the machine's clock is behind the journal.
func behind(seconds float64) string {
	if seconds < 1 {
		return ""
	}
	return fmt.Sprintf("%s behind the journal: it was set back, and due times come at half speed until it has caught up",
		(time.Duration(seconds) * time.Second))
}
