package server

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
	"github.com/freshet/freshet/internal/setting"
)

// reloads is what is known about settings that were read again.
type reloads struct {
	mu      sync.Mutex
	current []setting.Value // what the server runs with
}

// taken is how a new value of a setting is taken up while the server runs: all
// of those that are live, and no others.
var taken = map[string]func(s *Server, c *Config, level slog.Level){
	"slots":        func(s *Server, c *Config, _ slog.Level) { s.engine.SetSlots(context.Background(), c.Slots) },
	"log_limit":    func(s *Server, c *Config, _ slog.Level) { s.attempts.set(c) },
	"retention":    func(s *Server, c *Config, _ slog.Level) { s.retention.Store(int64(c.Retention)) },
	"warm_kernels": func(s *Server, c *Config, _ slog.Level) { s.attempts.set(c); s.coolKernels(c) },
	"warm_memory":  func(s *Server, c *Config, _ slog.Level) { s.attempts.set(c) },
	"task_env":     func(s *Server, c *Config, _ slog.Level) { s.attempts.set(c) },
	"log_level": func(s *Server, _ *Config, level slog.Level) {
		if s.cfg.Level != nil {
			s.cfg.Level.Set(level)
		}
	},
}

// Reload reads the settings again and takes up what can change while the
// server runs. It gives what is not as the server was running. Settings that
// cannot be read change nothing.
func (s *Server) Reload() ([]freshet.SettingChange, error) {
	if s.cfg.Reread == nil {
		return nil, freshet.Errorf(freshet.Conflict, "this server was started without settings").WithHint("start another")
	}
	s.reloads.mu.Lock()
	defer s.reloads.mu.Unlock()
	c, level, values, err := s.cfg.Reread()
	if err == nil {
		err = c.complete()
	}
	if err != nil {
		s.cfg.Log.Error("the settings were not reloaded, and nothing has changed", logkey.Error, err)
		return nil, err
	}
	changes := changed(s.reloads.current, values)
	var now, later []string
	for _, ch := range changes {
		if ch.Restart {
			later = append(later, ch.Name)
			continue
		}
		now = append(now, ch.Name)
		taken[ch.Name](s, &c, level)
		i := slices.IndexFunc(values, func(v setting.Value) bool { return v.Name == ch.Name })
		s.reloads.current[i] = values[i]
	}
	s.cfg.Log.Info("settings reloaded", logkey.Changed, now, logkey.Restart, later)
	return changes, nil
}

// changed compares settings with those that a server runs with.
func changed(before, now []setting.Value) []freshet.SettingChange {
	var list []freshet.SettingChange
	for i, v := range now {
		if v.Commands || before[i].Text == v.Text {
			continue
		}
		c := freshet.SettingChange{Name: v.Name, From: before[i].Text, To: v.Text, Restart: !v.Live}
		if v.Secret {
			c.From, c.To = mask(c.From), mask(c.To)
		}
		list = append(list, c)
	}
	return list
}

func mask(text string) string {
	if text == "" {
		return ""
	}
	return "***"
}

// reloadOnHangup reloads whenever somebody asks for it.
func (s *Server) reloadOnHangup(ctx context.Context) {
	for {
		select {
		case <-s.cfg.Hangup:
			_, _ = s.Reload() // the log says what became of it
		case <-ctx.Done():
			return
		}
	}
}
