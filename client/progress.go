package client

import (
	"context"

	"github.com/freshet/freshet"
)

// SetProgress tells how far a task has come. The client's token is that of the
// task, and run is its run.
func (c *Client) SetProgress(ctx context.Context, run int64, p freshet.Progress) error {
	r, err := post("runs", id(run), "progress").json(p)
	if err != nil {
		return err
	}
	r.again = true // the last value counts
	return c.into(ctx, r, nil)
}
