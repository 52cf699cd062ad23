package client

import (
	"context"

	"github.com/freshet/freshet"
)

// WhyRun explains a run: what started it, and how it ended or what it waits
// for.
func (c *Client) WhyRun(ctx context.Context, run int64) (freshet.Explanation, error) {
	return c.why(ctx, "runs", id(run))
}

// WhyTask explains a task of a run.
func (c *Client) WhyTask(ctx context.Context, run int64, task string) (freshet.Explanation, error) {
	return c.why(ctx, "runs", id(run), "tasks", task)
}

// WhyWorkflow explains a workflow: what would start it.
func (c *Client) WhyWorkflow(ctx context.Context, namespace, name string) (freshet.Explanation, error) {
	return c.why(ctx, "workflows", namespace, name)
}

// WhyEvent explains what became of an event.
func (c *Client) WhyEvent(ctx context.Context, offset int64) (freshet.Explanation, error) {
	return c.why(ctx, "events", id(offset))
}

func (c *Client) why(ctx context.Context, path ...string) (freshet.Explanation, error) {
	var e freshet.Explanation
	return e, c.into(ctx, get(append([]string{"why"}, path...)...), &e)
}
