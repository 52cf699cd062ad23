package server

import (
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// TestWhoseVariableIsLast: the last of a name is the one that counts. A task's
// stands behind its workflow's and what is inherited, and who an attempt is
// behind all that anybody else says.
func TestWhoseVariableIsLast(t *testing.T) {
	m := newAttempts(&Config{ExecDir: "/", Environ: []string{"A=inherited", "B=inherited", "FRESHET_TOKEN=of the caller", "FRESHET_RUN_ID=77"}},
		"http://here", func(freshet.Key, int64, string) string { return "of the attempt" }, nil)
	a := m.attempt(engine.Start{
		Run: machine.RunRow{Namespace: "default", Workflow: "w"}, Task: &spec.Task{Kind: spec.Bash},
		Execution: &machine.Execution{
			Key:  freshet.Key{Run: 5, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1},
			Call: &machine.Call{Env: [][2]string{{"A", "of the workflow"}, {"A", "of the task"}, {"FRESHET_RUN_ID", "6"}, {"FRESHET_SERVER", "http://elsewhere"}}},
		},
	})
	for _, want := range []string{"A=of the task", "B=inherited", "FRESHET_TOKEN=of the attempt", "FRESHET_RUN_ID=5", "FRESHET_SERVER=http://here"} {
		name, _, _ := strings.Cut(want, "=")
		last := ""
		for _, v := range a.Env {
			if strings.HasPrefix(v, name+"=") {
				last = v
			}
		}
		if last != want {
			t.Errorf("the last is %q, not %q, in %q", last, want, a.Env)
		}
	}
}
