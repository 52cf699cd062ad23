package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/setting"
)

// embedded is a server in this process, on a home and a port of its own.
type embedded struct {
	home   string
	client *client.Client
	stop   context.CancelFunc
	served chan error // one value, when it has ended
	log    *os.File
}

// embed starts one and waits until it serves.
func (a *app) embed(ctx context.Context, home string, config func(*ServerConfig)) (*embedded, error) {
	s, _, err := a.settings(map[string]string{"home": home})
	if err != nil {
		return nil, err
	}
	log, err := logFile(home)
	if err != nil {
		return nil, err
	}
	// It outlives an interrupt: the run is stopped first, then the server.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	e := &embedded{home: home, stop: stop, served: make(chan error, 1), log: log}
	ready := make(chan string, 1)
	cfg := a.embeddedConfig(s, func(url string) { ready <- url })
	cfg.Log = slog.New(slog.NewMultiHandler(slog.NewTextHandler(log, nil),
		slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))) // what keeps a run from going on is said
	config(&cfg)
	go func() { e.served <- a.Host.Serve(ctx, cfg) }()
	select {
	case url := <-ready:
		token, err := homeToken(home)
		if err == nil {
			e.client, err = client.New(client.Config{URL: url, Token: token, UserAgent: "freshet/" + a.Version,
				Traceparent: freshet.Traceparent(a.env("TRACEPARENT"))})
		}
		if err != nil {
			return nil, errors.Join(err, e.close())
		}
		return e, nil
	case err := <-e.served:
		stop()
		log.Close()
		if err == nil {
			err = freshet.Errorf(freshet.Internal, "the server ended before it was ready")
		}
		return nil, err
	}
}

// embeddedConfig is that of a server that nobody else knows: the settings of a
// server that is known do not hold for it, but how it treats tasks.
func (a *app) embeddedConfig(s *setting.Settings, ready func(string)) ServerConfig {
	cfg := a.serverConfig(s, ready)
	cfg.Listen, cfg.AuthToken = "127.0.0.1:0", ""
	return cfg
}

// close stops the server and waits for it.
func (e *embedded) close() error {
	if e.client != nil {
		e.client.Close()
	}
	e.stop()
	return errors.Join(<-e.served, e.log.Close())
}

// temporaryHome makes a home below the directory for temporary files.
func (a *app) temporaryHome(pattern string) (string, error) {
	dir := os.TempDir()
	if set := a.env("TMPDIR"); set != "" {
		dir = a.path(set)
	}
	home, err := os.MkdirTemp(dir, pattern)
	if err != nil {
		return "", freshet.Errorf(freshet.Unavailable, "cannot make a home: %s", err).WithHint("set TMPDIR to a directory that can be written to")
	}
	return filepath.Clean(home), nil
}
