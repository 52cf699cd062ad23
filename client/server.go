package client

import (
	"context"

	"github.com/freshet/freshet"
)

// Server tells about the server.
func (c *Client) Server(ctx context.Context) (freshet.Server, error) {
	var s freshet.Server
	return s, c.into(ctx, get("server"), &s)
}

// StopServer asks the server to end. Running tasks go on without it, unless
// stopTasks is set.
func (c *Client) StopServer(ctx context.Context, stopTasks bool) error {
	r, err := post("server", "stop").json(map[string]bool{"stop_tasks": stopTasks})
	if err != nil {
		return err
	}
	return c.into(ctx, r, nil)
}

// Names completes a word: kind is workflow, namespace, key (of events), run
// or task (of the workflow in namespace, as `workflow/prefix`). It is fast
// and finds at most a hundred.
func (c *Client) Names(ctx context.Context, kind, namespace, prefix string) ([]string, error) {
	q := newQuery().text("kind", kind).text("namespace", namespace).text("prefix", prefix)
	var names []string
	return names, c.into(ctx, get("names").with(q.Values), &names)
}
