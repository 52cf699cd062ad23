package cli

import (
	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
)

func (a *app) doctorCommand() *cobra.Command {
	var deep bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check a server and its home, and say what to do",
		Long: `Check a server and its home: the database and what must always be so in it, disk
space, permissions, the keeper, the clock. A server that runs checks itself; the
home of one that does not is looked at directly. It changes nothing, and exits
with 1 if a check fails.`,
		Example: `freshet doctor
freshet doctor --deep                   # reads the whole database
freshet doctor -o json`,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			found, err := server.Checks(c.Context(), deep)
			if freshet.CodeOf(err) == freshet.Unreachable && !a.elsewhere() {
				s, _, e := a.settings(nil)
				if e != nil {
					return e
				}
				found, err = a.Host.Check(c.Context(), s.Home, s.Listen, deep)
			}
			if err != nil {
				return err
			}
			if err := list(a, found, checkColumns); err != nil {
				return err
			}
			for _, f := range found {
				if f.Result == freshet.CheckFail {
					return exitFailed
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&deep, "deep", false, "read the whole database")
	return takes(c)
}

// elsewhere tells whether the settings name a server, which the home of this
// machine need not be that of.
func (a *app) elsewhere() bool {
	_, values, err := a.settings(nil)
	return err == nil && given(values, "server")
}

var checkColumns = []column[freshet.Check]{
	{head: "CHECK", cell: func(_ clock, c freshet.Check) string { return c.Name }},
	{head: "RESULT", cell: func(_ clock, c freshet.Check) string { return string(c.Result) }, paint: checkColour},
	{head: "DETAIL", only: plainFormat, cell: func(_ clock, c freshet.Check) string { return c.Detail }},
	{head: "HINT", only: plainFormat, cell: func(_ clock, c freshet.Check) string { return c.Hint }},
	{head: "DETAIL", only: tableFormat, cell: func(_ clock, c freshet.Check) string {
		if c.Hint == "" {
			return c.Detail
		}
		return c.Detail + ". To do: " + c.Hint
	}},
}

func checkColour(c freshet.Check) colour {
	switch c.Result {
	case freshet.CheckOK:
		return green
	case freshet.CheckWarn:
		return yellow
	}
	return red
}
