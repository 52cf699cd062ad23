package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
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
	if gone := a.noToken(s); gone != nil {
		return []freshet.Check{*gone}, nil
	}
	server, err := a.connect(0)
	if err != nil {
		return nil, err
	}
	if silent := a.silent(ctx, s, server); silent != nil {
		return []freshet.Check{*silent}, nil
	}
	found, err := server.Checks(ctx, deep)
	if freshet.CodeOf(err) == freshet.Unauthed {
		return []freshet.Check{{Name: "token", Result: freshet.CheckFail,
			Detail: fmt.Sprintf("the server does not know the token that was sent: %v", err),
			Hint:   "put the token with which the server started back into the file `token` of the home, or set FRESHET_TOKEN; or " + startedAgain(s)}}, nil
	}
	return found, err
}

// noToken says what keeps the home's own token from being sent, where it is the
// one to send.
func (a *app) noToken(s *setting.Settings) *freshet.Check {
	if s.Token != "" || s.Server != "" && !loopback(s.Server) {
		return nil
	}
	if err := a.Host.CheckToken(s.Home); err != nil && freshet.CodeOf(err) != freshet.Forbidden { // the check of the home says that
		return &freshet.Check{Name: "token", Result: freshet.CheckFail,
			Detail: fmt.Sprintf("nothing can be asked of the server: %v", err),
			Hint:   "set FRESHET_TOKEN, if another was given to the server; or remove what is left of the file, and " + startedAgain(s)}
	}
	return nil
}

// startedAgain says how to start a server anew that no command can reach.
func startedAgain(s *setting.Settings) string {
	return fmt.Sprintf("end the server with `kill %s` and start it again: it makes a token where there is none, and its tasks go on", pidText(s))
}

// pidText is the process of the home's server.
func pidText(s *setting.Settings) string {
	if pid := recordedServer(s.Home).PID; pid > 0 {
		return strconv.Itoa(pid)
	}
	return "PID"
}

// answerPatience is for how long a server may take to answer what costs it
// nothing.
const answerPatience = 8 * time.Second

// silent says that a server does not answer, where that is so.
func (a *app) silent(ctx context.Context, s *setting.Settings, server *client.Client) *freshet.Check {
	within, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	_, err := server.Server(within)
	if err == nil || within.Err() == nil || ctx.Err() != nil {
		return nil // the checks say what else is wrong
	}
	return &freshet.Check{Name: "server", Result: freshet.CheckFail,
		Detail: fmt.Sprintf("%s does not answer within %s: it hangs, or has been stopped", server.URL(), answerPatience),
		Hint: fmt.Sprintf("let it go on with `kill -CONT %[1]s`; or end it with `kill -9 %[1]s` and start it again: its tasks go on, and nothing that was acknowledged is lost",
			pidText(s))}
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
