package cli

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
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
			found, err := a.check(c.Context(), deep)
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

// check lets the server look at itself, or looks at a home that none has.
func (a *app) check(ctx context.Context, deep bool) ([]freshet.Check, error) {
	s, alone, err := a.alone()
	if err != nil {
		return nil, err
	}
	if alone {
		return a.Host.Check(ctx, s.Home, s.Listen, deep)
	}
	server, err := a.connect(0)
	if err != nil {
		return nil, err
	}
	return server.Checks(ctx, deep)
}

// alone tells whether a command is about a home of this machine that no server
// has. Where a server was named, it is about that.
func (a *app) alone() (s *setting.Settings, yes bool, err error) {
	s, values, err := a.settings(nil)
	if err != nil || given(values, "server") {
		return s, false, err
	}
	f, err := os.Open(filepath.Join(s.Home, "lock"))
	if err != nil {
		return s, true, nil // there never was one
	}
	defer f.Close()
	return s, syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil, nil
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
