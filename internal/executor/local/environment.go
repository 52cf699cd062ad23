package local

import (
	"path/filepath"
	"strings"

	"github.com/freshet/freshet/internal/executor"
)

// environment is what the attempt is given, and what only the executor knows.
// Each name is in it once, with its last value and where it stood first:
// neither the kernel nor a fork makes a name unique, and of two some programs
// take the first and others the last.
func (l *Local) environment(a *executor.Attempt, run, task string) []string {
	own := []string{
		"FRESHET_RUN_DIR=" + run,
		"FRESHET_TASK_DIR=" + task,
		"FRESHET_OUTPUT=" + filepath.Join(task, outputFile),
		"FRESHET_INPUT=" + filepath.Join(task, inputFile),
	}
	path := l.cfg.Path
	env := make([]string, 0, len(a.Env)+len(own)+1)
	places := make(map[string]int, len(a.Env)) // of names in env
	for _, v := range a.Env {
		name, value, _ := strings.Cut(v, "=")
		switch name {
		case "PATH":
			path = value
			continue
		case "FRESHET_RUN_DIR", "FRESHET_TASK_DIR", "FRESHET_OUTPUT", "FRESHET_INPUT", "FRESHET_KEEPER":
			continue
		}
		if i, there := places[name]; there {
			env[i] = v
			continue
		}
		places[name] = len(env)
		env = append(env, v)
	}
	return append(append(env, own...), "PATH="+l.bin+":"+path)
}
