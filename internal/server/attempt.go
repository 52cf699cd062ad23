package server

import (
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/spec"
)

// attempts makes complete attempts of the engine's starts.
type attempts struct {
	cfg   *Config
	url   string
	base  []string // what every process inherits
	token func(k freshet.Key, epoch int64, namespace string) string
}

// inherited are the variables of the server's environment that every task
// has.
var inherited = []string{"HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "TMPDIR", "PATH"}

func (c *Config) taskEnv() []string {
	if c.ExecDir != "" {
		return c.Environ
	}
	var kept []string
	for _, kv := range c.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if slices.ContainsFunc(append(inherited, c.TaskEnv...), func(glob string) bool {
			ok, _ := path.Match(glob, name)
			return ok
		}) {
			kept = append(kept, kv)
		}
	}
	return kept
}

// attempt is what the executor is told.
func (m *attempts) attempt(s engine.Start) executor.Attempt {
	x, t := s.Execution, s.Task
	a := executor.Attempt{Key: x.Key, Epoch: x.Epoch, Node: x.Node, Namespace: s.Run.Namespace, Workflow: s.Run.Workflow,
		Files: s.Files, LogLimit: m.cfg.LogLimit}
	switch t.Kind {
	case spec.Bash:
		a.Args, a.Script = shell(t.Shell), t.Script
	case spec.Command:
		for _, arg := range t.Args {
			text, _ := arg.Static()
			a.Args = append(a.Args, text)
		}
	}
	a.Env = slices.Clone(m.base) // the last of a name counts
	if c := x.Call; c != nil {
		if c.Args != nil {
			a.Args = c.Args
		}
		for _, b := range c.Env {
			a.Env = append(a.Env, b[0]+"="+b[1])
		}
		if c.Input != nil {
			a.Input, _ = json.Marshal(c.Input)
		}
		a.Dir = c.Dir
	}
	a.Env = append(a.Env, m.identity(s)...)
	return a
}

// identity tells a process who it is and how to speak to the server.
func (m *attempts) identity(s engine.Start) []string {
	k := s.Execution.Key
	item := ""
	if k.Item != freshet.NoItem {
		item = itoa(int64(k.Item))
	}
	scheduled := s.Run.ScheduledAt
	if scheduled.IsZero() {
		scheduled = s.Run.CreatedAt
	}
	return []string{
		"FRESHET_RUN_ID=" + itoa(k.Run),
		"FRESHET_TASK=" + k.Task,
		"FRESHET_ITEM=" + item,
		"FRESHET_SEQ=" + itoa(int64(k.Seq)),
		"FRESHET_TRY=" + itoa(int64(k.Try)),
		"FRESHET_NAMESPACE=" + s.Run.Namespace,
		"FRESHET_WORKFLOW=" + s.Run.Workflow,
		"FRESHET_SCHEDULED_AT=" + scheduled.UTC().Format(time.RFC3339Nano),
		"FRESHET_SERVER=" + m.url,
		"FRESHET_TOKEN=" + m.token(k, s.Execution.Epoch, s.Run.Namespace),
	}
}

// shell is how a script's shell is called: it stops at the first command that
// fails. Shells that do not know pipefail go without it.
func shell(name string) []string {
	if name == "" {
		name = "bash"
	}
	switch filepath.Base(name) {
	case "bash", "zsh", "ksh":
		return []string{name, "-e", "-o", "pipefail"}
	}
	return []string{name, "-e"}
}
