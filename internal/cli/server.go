package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

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
	}, a.serverStartCommand(), a.serverStopCommand(), a.serverStatusCommand(), a.serverReloadCommand())
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
				return a.serveDetached(c.Context(), s, own)
			}
			return a.serve(c.Context(), own, func() {}, a.ready(s))
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

// serve runs a server until it is interrupted or stopped. hungUp is called
// when somebody asks that settings be read again.
func (a *app) serve(ctx context.Context, own map[string]string, hungUp func(), ready func(url string)) error {
	s, values, err := a.settings(own)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a.interrupts.take(func(int) { stop() }) // the usual way to end a server, not an error
	cfg := a.serverConfig(s, ready)
	reread := make(chan struct{}, 1)
	a.interrupts.takeHangup(func() bool {
		if a.StdinTerminal && !controlled() {
			return false // the terminal that it was started on has gone
		}
		hungUp()
		select {
		case reread <- struct{}{}:
		default: // it is about to read them
		}
		return true
	})
	cfg.Hangup, cfg.Settings = reread, values
	cfg.Reread = func() (ServerConfig, slog.Level, []setting.Value, error) {
		s, values, err := a.settings(own)
		if err != nil {
			return ServerConfig{}, 0, nil, err
		}
		return a.serverConfig(s, nil), levelOf(s), values, nil
	}
	return a.Host.Serve(ctx, cfg)
}

// controlled tells whether the process still has its terminal.
func controlled() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

func levelOf(s *setting.Settings) slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // settings have checked it
	return level
}

// logHandler writes a server's log in the format that is set.
func logHandler(s *setting.Settings, w io.Writer, level slog.Leveler) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

func (a *app) serverConfig(s *setting.Settings, ready func(url string)) ServerConfig {
	level := &slog.LevelVar{}
	level.Set(levelOf(s))
	return ServerConfig{
		Home: s.Home, Listen: s.Listen, AuthToken: s.AuthToken, Slots: s.Slots, LogLimit: int64(s.LogLimit), Retention: time.Duration(s.Retention),
		Kernels: s.Kernels, Memory: int64(s.Memory),
		TaskEnv: s.TaskEnv, Environ: a.Env, Executable: a.Binary, Args: a.Args[1:], Version: a.Version,
		Log: slog.New(logHandler(s, a.err, level)), Level: level,
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
						{name: "ready", value: readiness(s), tint: readinessColour(s)},
						{name: "clock", value: behind(s.ClockBehindSeconds), tint: yellow},
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
