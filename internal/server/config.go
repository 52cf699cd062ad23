package server

import (
	"cmp"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/secret"
	"github.com/freshet/freshet/internal/setting"
)

// Config is what a server is started with. Its zero value, with a Home, a
// Binary and a Version, serves.
type Config struct {
	Home        string           // absolute path; made, with mode 0700, if it is not there
	Listen      string           // host:port; empty: 127.0.0.1:3737; port 0: any free one, the same again next time if it is still free
	Slots       int              // executions at once, those of long-running tasks aside; 0: max(8, 2 x cores)
	LogLimit    int64            // bytes that are kept of a task's log; 0: 256 MB
	Retention   time.Duration    // how long what has ended is kept; 0: 30 days, below: for ever
	Kernels     int              // that wait for the next notebook; 0: none
	Memory      int64            // bytes that they may take together
	TaskEnv     []string         // globs of variables that tasks inherit beside the usual ones
	AuthToken   string           // takes the place of the home's token; empty: that is used
	Environ     []string         // of the server; the environment of tasks is made of it
	ExecDir     string           // where processes start instead of their run's directory, with the whole of Environ; empty: nowhere
	SecretsDir  string           // files of secrets, by name; empty: secret.Mounted
	SecretsHome string           // whose store of secrets counts; empty: Home
	Binary      string           // absolute path of this program: it becomes the keeper
	Version     string           // of this program
	Log         *slog.Logger     // nil: silent
	Level       *slog.LevelVar   // of Log, so that it can be changed; may be nil
	Settings    []setting.Value  // what it was made of
	Reread      Reread           // reads the settings again; nil: there are none
	Hangup      <-chan struct{}  // asks for that; may be nil
	Throwaway   bool             // nobody comes back to the home: the keeper leaves with the server
	Ready       func(url string) // called once when it serves
}

// Reread gives the settings as they are now: as a Config, of which what can
// change while a server runs is looked at, with the level of the log; and one
// by one, to be compared.
type Reread func() (Config, slog.Level, []setting.Value, error)

// DefaultListen is where a server listens that is told nothing else.
const DefaultListen = "127.0.0.1:3737"

// DefaultRetention is how long a server keeps what has ended that is told
// nothing else.
const DefaultRetention = 30 * 24 * time.Hour

func (c *Config) complete() error {
	if !filepath.IsAbs(c.Home) {
		return freshet.Errorf(freshet.Invalid, "the home %q is not an absolute path", c.Home)
	}
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return freshet.Errorf(freshet.Invalid, "cannot listen on %q: %v", c.Listen, err).WithHint("write HOST:PORT, such as %s", DefaultListen)
	}
	if c.Slots < 0 {
		return freshet.Errorf(freshet.Invalid, "slots: %d is not a number of executions", c.Slots)
	}
	if c.Slots == 0 {
		c.Slots = max(8, 2*runtime.NumCPU())
	}
	c.Retention = cmp.Or(c.Retention, DefaultRetention)
	c.SecretsDir = cmp.Or(c.SecretsDir, secret.Mounted)
	c.SecretsHome = cmp.Or(c.SecretsHome, c.Home)
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return nil
}
