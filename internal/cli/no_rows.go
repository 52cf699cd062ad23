package cli

import (
	"context"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// noRows is what is said of a list that is empty.
type noRows struct {
	of        string // what the list is of: runs
	namespace string // where was looked; empty: everywhere
	filtered  bool   // there may be others, of which something else was asked
	kept      bool   // there may have been some, which are not kept any more
	hint      string // how there comes to be one
}

// listOr is list; of no rows a person hears that there are none, and a program
// nothing.
func listOr[T any](a *app, rows []T, columns []column[T], none noRows) error {
	if len(rows) > 0 || a.flags.output != tableFormat {
		return list(a, rows, columns)
	}
	where := ""
	if none.namespace != "" {
		where = " in namespace " + none.namespace
	}
	if none.filtered {
		a.err.line("no such %s%s", none.of, where)
		return nil
	}
	if none.kept {
		a.err.line("no %s%s: what is over is kept for a time only, see `retention`", none.of, where)
	} else {
		a.err.line("no %s%s yet", none.of, where)
	}
	a.err.line("%s %s", a.err.paint(cyan, "hint:"), a.asCalled(none.hint))
	return nil
}

// hasNamespace tells whether there is such a namespace; empty is all of them.
func hasNamespace(ctx context.Context, c *client.Client, namespace string) error {
	if namespace == "" {
		return nil
	}
	_, err := c.Namespace(ctx, namespace)
	return err
}

// noWorkflow tells a workflow of which there is nothing to list from one that
// does not exist.
func (a *app) noWorkflow(ctx context.Context, c *client.Client, namespace, name string) error {
	if namespace != "" {
		_, err := c.Workflow(ctx, namespace, name)
		return a.meant(ctx, c, namespace, name, err)
	}
	found, err := c.Workflows(ctx, client.WorkflowQuery{Name: name, Limit: 1})
	if err == nil && len(found) == 0 {
		err = freshet.Errorf(freshet.NotFound, "there is no workflow %s in any namespace", name).
			WithHint("`freshet workflow list -A` shows the workflows")
	}
	return err
}
