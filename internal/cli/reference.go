package cli

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

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
			return "", "", invalid("%q is not the name of a workflow", shorten(text, 60)).WithHint("write name or namespace.name")
		}
		if err := checkName("namespace", ns); err != nil {
			return "", "", err
		}
		return ns, name, tooLong("workflow", name)
	}
	if text == "" {
		return "", "", invalid("the name of a workflow is empty")
	}
	if namespace, err = a.namespace(); err == nil {
		err = tooLong("workflow", text)
	}
	return namespace, text, err
}

// namePattern is what the format lets names be, at most maxName characters.
var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

const maxName = 128

// checkName tells what is wrong with the name of something.
func checkName(of, name string) error {
	if err := tooLong(of, name); err != nil {
		return err
	}
	if !namePattern.MatchString(name) {
		return invalid("%q is not the name of a %s", name, of).
			WithHint("names consist of letters, digits, _ and -, and begin with a letter or _")
	}
	return nil
}

func tooLong(of, name string) error {
	if n := utf8.RuneCountInString(name); n > maxName {
		return invalid("%s is not the name of a %s: it has %d characters", shorten(name, 40), of, n).
			WithHint("names have at most %d", maxName)
	}
	return nil
}

// meant adds to the error of a workflow that is not there what the name most
// likely meant.
func (a *app) meant(ctx context.Context, c *client.Client, namespace, name string, err error) error {
	var e *freshet.Error
	if !errors.As(err, &e) || e.Code != freshet.NotFound {
		return err
	}
	names, listed := c.Names(ctx, "workflow", namespace, "")
	if near := nearest(name, names); listed == nil && near != "" && near != name {
		return freshet.Errorf(e.Code, "%s", err).WithHint("did you mean %s?", near)
	}
	return err
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
	if err := noRunRef(text); err != nil {
		return 0, err
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
		return 0, a.meant(ctx, c, namespace, name, freshet.Errorf(freshet.NotFound, "no run of a workflow %s.%s", namespace, name).
			WithHint("`freshet run list` shows the runs, `freshet workflow list` the workflows"))
	}
	return page.Items[0].ID, nil
}

// noRunRef refuses what begins as no name does, and is no id.
func noRunRef(text string) error {
	if text == "" || !strings.ContainsAny(text[:1], "0123456789-+") || looksLikeFile(text) {
		return nil
	}
	return invalid("%q is no run", shorten(text, 60)).
		WithHint("a run is its id, a whole number from 1, or the name of a workflow: its latest run")
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

// caller is the run whose task called a run.
func caller(r *freshet.Run) string {
	if r.Parent == 0 {
		return ""
	}
	return "run " + number(r.Parent)
}
