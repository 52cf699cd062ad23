package server

import (
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/operator"
	"github.com/freshet/freshet/internal/secret"
	"github.com/freshet/freshet/internal/spec"
)

// attempts makes complete attempts of the engine's starts.
type attempts struct {
	url   string
	token func(k freshet.Key, epoch int64, namespace string) string
	given atomic.Pointer[given]

	traced bool // processes are told where they stand in a trace

	secrets *secret.Secrets
}

// given is what the settings say about processes.
type given struct {
	base     []string // what every process inherits
	logLimit int64
	kernels  *operator.WarmKernels // nil: none are kept
}

func newAttempts(cfg *Config, url string, token func(k freshet.Key, epoch int64, namespace string) string, secrets *secret.Secrets) *attempts {
	m := &attempts{url: url, token: token, secrets: secrets}
	m.set(cfg)
	return m
}

// set takes over what the settings say, for what starts from now on.
func (m *attempts) set(cfg *Config) {
	m.given.Store(&given{base: cfg.taskEnv(), logLimit: cfg.LogLimit, kernels: cfg.warmKernels()})
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
	x, t, given := s.Execution, s.Task, m.given.Load()
	a := executor.Attempt{Key: x.Key, Epoch: x.Epoch, Node: x.Node, Namespace: s.Run.Namespace, Workflow: s.Run.Workflow,
		Files: machine.Lay(s.Files, s.Brought), Artifacts: t.Artifacts, LogLimit: given.logLimit, Hide: m.hide(s)}
	switch t.Kind {
	case spec.Bash:
		a.Args, a.Script = shell(t.Shell), t.Script
	case spec.Command:
		for _, arg := range t.Args {
			text, _ := arg.Static()
			a.Args = append(a.Args, text)
		}
	case spec.Request:
		a.Args = []string{"freshet", "operator", httpOperator} // the one that is first in PATH
	case spec.Notebook:
		a.Args = []string{"freshet", "operator", notebookOperator}
	}
	a.Env = slices.Clone(given.base) // the last of a name counts
	if x.Call != nil {
		c, err := x.Call.Complete(m.secrets)
		if err != nil {
			a.Refused = err.Error()
			return a
		}
		if c.Args != nil {
			a.Args = c.Args
		}
		for _, b := range c.Env {
			a.Env = append(a.Env, b[0]+"="+b[1])
		}
		if c.Input != nil {
			a.Input = inputOf(t, c.Input)
		}
		a.Dir = c.Dir
	}
	if t.Kind == spec.Notebook {
		if err := completeNotebook(&a, s, given.kernels); err != nil {
			a.Refused = err.Error()
			return a
		}
	}
	a.Env = append(a.Env, m.identity(s)...)
	return a
}

// hide masks what nobody may read of a run: its writeOnly parameters, and its
// secrets as they are when something is told of it; nil: it has neither. What
// comes from a process is masked before it is cut: of half a value no mask
// knows.
func (m *attempts) hide(s engine.Start) func(string) string {
	var given []string
	for _, name := range s.WriteOnly {
		given = secret.Texts(given, s.Run.Parameters[name])
	}
	if len(s.Secrets) == 0 && len(given) == 0 {
		return nil
	}
	return func(text string) string {
		if text == "" {
			return ""
		}
		values := slices.Clone(given)
		if len(s.Secrets) > 0 {
			values = append(values, m.secrets.Values(s.Secrets)...)
		}
		return secret.NewMask(values).Text(text)
	}
}

// httpOperator is what the command line calls the process of an `http` task.
const httpOperator = "http"

// inputOf is the content of $FRESHET_INPUT.
func inputOf(t *spec.Task, values map[string]any) (raw []byte) {
	if t.HTTP != nil {
		raw, _ = operator.HTTPInput(values, t.HTTP.Expect, t.HTTP.Timeout)
		return raw
	}
	raw, _ = json.Marshal(values)
	return raw
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
	own := []string{
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
	if m.traced && s.Run.Trace.Known() {
		own = append(own, "TRACEPARENT="+s.Run.Trace.Traceparent(k))
	}
	return own
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
