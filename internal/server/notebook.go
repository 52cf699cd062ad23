package server

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/operator"
	"github.com/freshet/freshet/internal/papermill"
)

// notebookOperator is what the command line calls the process of a `notebook`
// task.
const notebookOperator = "notebook"

// maxNotebookGrace is how long a notebook that is stopped waits at most.
const maxNotebookGrace = 8 * time.Second

// notebookInputOf makes it. What depends on the time depends on the start's,
// so that it is the same whenever it is asked for.
func notebookInputOf(s engine.Start, values map[string]any) (*operator.NotebookInput, error) {
	in := &operator.NotebookInput{Run: *s.Task.Notebook, Grace: min(maxNotebookGrace, s.Task.StopGrace*3/4)}
	for _, b := range s.Task.With { // in the order of the file, as the notebook will show them
		in.Parameters = append(in.Parameters, papermill.Param{Name: b.Name, Value: values[b.Name]})
	}
	k, at := s.Execution.Key, s.Execution.QueuedAt
	if in.Run.Output == "" {
		in.Output = defaultOutput(k)
		return in, nil
	}
	scheduled := s.Run.ScheduledAt
	if scheduled.IsZero() {
		scheduled = s.Run.CreatedAt
	}
	item := any("")
	if k.Item != freshet.NoItem {
		item = k.Item
	}
	names := []papermill.Param{{Name: "run_id", Value: k.Run}, {Name: "task", Value: k.Task}, {Name: "item", Value: item}, {Name: "index", Value: item},
		{Name: "seq", Value: k.Seq}, {Name: "try", Value: k.Try}, {Name: "workflow", Value: s.Run.Workflow},
		{Name: "namespace", Value: s.Run.Namespace}, {Name: "scheduled_at", Value: scheduled.UTC().Format(time.RFC3339)}}
	path, err := papermill.Format(in.Run.Output, append(names, in.Parameters...),
		papermill.Builtins{RunUUID: fmt.Sprintf("%d-%s-%d-%d", k.Run, k.Task, k.Seq, k.Try), Local: at.Local(), UTC: at})
	if err != nil {
		return nil, fmt.Errorf("notebook: output: %w", err)
	}
	if !filepath.IsLocal(path) {
		return nil, freshet.Errorf(freshet.Invalid, "notebook: output: %q is not below the task's working directory", path)
	}
	in.Output = path
	return in, nil
}

// completeNotebook gives an attempt its input, and keeps what it makes.
func completeNotebook(a *executor.Attempt, s engine.Start, kept *operator.WarmKernels) error {
	var values map[string]any
	if s.Execution.Call != nil {
		values = s.Execution.Call.Input // no secret is among them
	}
	in, err := notebookInputOf(s, values)
	if err != nil {
		return err
	}
	if a.Hide != nil && hides(a.Hide, in.Parameters) {
		return freshet.Errorf(freshet.Invalid, "notebook: with: a value that nobody may read is among its parameters, which would stand in the executed notebook; give it through `env`")
	}
	if kept != nil {
		kernels := *kept
		if s.Execution.Call != nil {
			kernels.Hidden = s.Execution.Call.Hidden()
		}
		in.Kernels = &kernels
	}
	if a.Input, err = json.Marshal(in); err != nil {
		return fmt.Errorf("notebook: %w", err)
	}
	a.Artifacts = slices.Clone(a.Artifacts)
	for _, path := range in.Files() {
		a.Artifacts = append(a.Artifacts, escapeGlob(path))
	}
	return nil
}

// hides tells whether anything in values is hidden when it is shown.
func hides(hide func(string) string, values any) bool {
	switch v := values.(type) {
	case []papermill.Param:
		return slices.ContainsFunc(v, func(p papermill.Param) bool { return hides(hide, p.Value) })
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return hides(hide, x) })
	case map[string]any:
		for name, x := range v {
			if hides(hide, name) || hides(hide, x) {
				return true
			}
		}
		return false
	case string:
		return hide(v) != v
	}
	return false
}

// defaultOutput is where a notebook goes that does not say: each execution of
// a run has a place of its own, and each try that of its execution. No name of
// a task has a dot.
func defaultOutput(k freshet.Key) string {
	name := k.Task
	if k.Item != freshet.NoItem {
		name += "." + itoa(int64(k.Item))
	}
	if k.Seq > 1 {
		name += ".seq" + itoa(int64(k.Seq))
	}
	return "executed/" + name + ".ipynb"
}

// escapeGlob makes a path a glob that fits it alone.
func escapeGlob(path string) string {
	var b strings.Builder
	for _, c := range path {
		if strings.ContainsRune(`*?[]{}\`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
