package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
)

func (a *app) serverCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "server",
		Short: "Start, stop and look at a server",
		Example: `freshet server start -d
freshet server status
freshet server stop                     # running tasks go on`,
	}, a.serverStartCommand(), a.serverStopCommand(), a.serverStatusCommand())
}

// readyFD is the descriptor on which a detached server says that it serves.
const readyFD = 3

func (a *app) serverStartCommand() *cobra.Command {
	var detach, child bool
	var listen, level string
	var slots int
	c := &cobra.Command{
		Use:   "start",
		Short: "Start a server on the home; one line says that it is ready",
		Long: `Start a server on the home. It prints one line, "ready URL home=DIR pid=N", when
it serves, and goes on until it is interrupted or "freshet server stop". Tasks
that run outlive it, and the next server of the home takes them over.`,
		Example: `freshet server start
freshet server start -d                 # in the background
freshet server start --listen 127.0.0.1:0 --home ./here`,
		RunE: func(c *cobra.Command, _ []string) error {
			own := map[string]string{}
			for name, text := range map[string]string{"listen": listen, "slots": strconv.Itoa(slots), "log_level": level} {
				if c.Flags().Changed(flagOf(name)) {
					own[name] = text
				}
			}
			s, _, err := a.settings(own)
			if err != nil {
				return err
			}
			switch {
			case detach:
				return a.detach(c.Context(), c, s)
			case child:
				return a.serveDetached(c.Context(), s)
			}
			return a.serve(c.Context(), s, a.ready(s))
		},
	}
	c.Flags().BoolVarP(&detach, "detach", "d", false, "run in the background")
	c.Flags().StringVar(&listen, "listen", "", "HOST:PORT: where it listens; port 0 is any free one")
	c.Flags().IntVar(&slots, "slots", 0, "N: processes at once; 0 is twice the cores, at least 8")
	c.Flags().StringVar(&level, "log-level", "", "LEVEL: debug, info, warn or error")
	c.Flags().BoolVar(&child, "detached", false, "the background process itself")
	cobra.CheckErr(c.Flags().MarkHidden("detached"))
	return takes(c)
}

// flagOf is the flag of a setting.
func flagOf(setting string) string {
	if setting == "log_level" {
		return "log-level"
	}
	return setting
}

// serve runs a server until it is interrupted or stopped.
func (a *app) serve(ctx context.Context, s *setting.Settings, ready func(url string)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a.interrupts.take(func(int) { stop() }) // the usual way to end a server, not an error
	return a.Host.Serve(ctx, a.serverConfig(s, ready))
}

func (a *app) serverConfig(s *setting.Settings, ready func(url string)) ServerConfig {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // settings have checked it
	return ServerConfig{
		Home: s.Home, Listen: s.Listen, AuthToken: s.AuthToken, Slots: s.Slots, LogLimit: int64(s.LogLimit),
		TaskEnv: s.TaskEnv, Environ: a.Env, Executable: a.Binary, Args: a.Args[1:], Version: a.Version,
		Log:   slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level})),
		Ready: ready,
	}
}

// ready prints the line that scripts wait for.
func (a *app) ready(s *setting.Settings) func(url string) {
	return func(url string) { a.out.line("%s", readyLine(url, s.Home, os.Getpid())) }
}

func readyLine(url, home string, pid int) string {
	return fmt.Sprintf("ready %s home=%s pid=%d", url, home, pid)
}

func (a *app) serverStopCommand() *cobra.Command {
	var tasks bool
	c := &cobra.Command{
		Use:   "stop",
		Short: "Stop the server; running tasks go on",
		Example: `freshet server stop
freshet server stop --stop-tasks        # stop all runs before`,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			about, err := server.Server(c.Context())
			if err != nil {
				return err
			}
			if err := server.StopServer(c.Context(), tasks); err != nil {
				return err
			}
			if err := waitForHome(c.Context(), about.Home); err != nil {
				return err
			}
			return a.show(about, func() { a.out.line("stopped %s home=%s pid=%d", about.URL, about.Home, about.PID) },
				func(p *printer) { p.line("%d\t%s\t%s", about.PID, about.URL, about.Home) })
		},
	}
	c.Flags().BoolVar(&tasks, "stop-tasks", false, "stop all runs, and wait for them to end")
	return takes(c)
}

func (a *app) serverStatusCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "status",
		Short: "Show the server",
		Example: `freshet server status
freshet server status -o json`,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			s, err := server.Server(c.Context())
			if err != nil {
				return err
			}
			now := a.clock(a.out)
			return a.show(s,
				func() {
					a.fields([]field{
						{name: "url", value: s.URL},
						{name: "home", value: s.Home},
						{name: "pid", value: number(s.PID)},
						{name: "version", value: s.Version},
						{name: "started", value: now.time(s.StartedAt) + ", " + now.took(&s.StartedAt, nil) + " ago"},
						{name: "slots", value: fmt.Sprintf("%d of %d used, %d waiting", s.Used, s.Slots, s.Waiting)},
					})
				},
				func(p *printer) { p.line("%d\t%s\t%s\t%s\t%d\t%d", s.PID, s.URL, s.Home, s.Version, s.Used, s.Slots) })
		},
	})
}

// keeperCommand is how a server starts its keeper; nobody types it.
func (a *app) keeperCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keeper", Hidden: true, DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error { return a.Host.Keeper(c.Context(), args) },
	}
}

// logFile is where a detached server writes.
func logFile(home string) (*os.File, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, freshet.Errorf(freshet.Invalid, "cannot make the home: %s", err).WithHint("name another directory with --home")
	}
	f, err := os.OpenFile(filepath.Join(home, "server.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, freshet.Errorf(freshet.Unavailable, "cannot write to the home: %s", err)
	}
	return f, nil
}
