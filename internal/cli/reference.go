package cli

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// workflowRef is a workflow as it is typed: name, or namespace.name.
func (a *app) workflowRef(text string) (namespace, name string, err error) {
	if looksLikeFile(text) {
		return "", "", invalid("%q is a file, not the name of a workflow", text).
			WithHint("upload it first with `freshet workflow upload %s`, or run it at once with `freshet exec %s`", text, text)
	}
	if ns, name, ok := strings.Cut(text, "."); ok {
		if ns == "" || name == "" {
			return "", "", invalid("%q is not the name of a workflow", text).WithHint("write name or namespace.name")
		}
		return ns, name, nil
	}
	if text == "" {
		return "", "", invalid("the name of a workflow is empty")
	}
	namespace, err = a.namespace()
	return namespace, text, err
}

func looksLikeFile(text string) bool {
	return strings.ContainsRune(text, filepath.Separator) || strings.HasSuffix(text, ".yaml") || strings.HasSuffix(text, ".yml")
}

// runRef is a run as it is typed: its id, or a workflow's name, which is its
// latest run.
func (a *app) runRef(ctx context.Context, c *client.Client, text string) (int64, error) {
	if id, ok := runID(text); ok {
		return id, nil
	}
	namespace, name, err := a.workflowRef(text)
	if err != nil {
		return 0, err
	}
	page, err := c.Runs(ctx, client.RunQuery{Namespace: namespace, Workflow: name, Limit: 1})
	if err != nil {
		return 0, err
	}
	if len(page.Items) == 0 {
		return 0, freshet.Errorf(freshet.NotFound, "no run of a workflow %s.%s", namespace, name).
			WithHint("`freshet run list` shows the runs, `freshet workflow list` the workflows")
	}
	return page.Items[0].ID, nil
}

func runID(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0
}

// taskName is a task or one of its items as it is typed.
func taskName(e *freshet.Execution) string {
	if e.Item == nil {
		return e.Task
	}
	return freshet.TaskName(e.Task, *e.Item)
}
