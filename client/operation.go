package client

import (
	"context"
	"io"

	"github.com/freshet/freshet"
)

// ReloadServer lets the server read its settings again, and tells which are
// other than those it was running with.
func (c *Client) ReloadServer(ctx context.Context) ([]freshet.SettingChange, error) {
	var changes []freshet.SettingChange
	return changes, c.into(ctx, post("server", "reload"), &changes)
}

// Checks lets the server look at itself and its home; deep reads the whole
// database.
func (c *Client) Checks(ctx context.Context, deep bool) ([]freshet.Check, error) {
	var checks []freshet.Check
	return checks, c.into(ctx, get("server", "checks").with(newQuery().flag("deep", deep).Values), &checks)
}

// Backup writes a backup of the server's home to w, with the logs of tasks if
// they are wanted. After an error what has been written is of no use.
func (c *Client) Backup(ctx context.Context, logs bool, w io.Writer) error {
	resp, err := c.do(ctx, get("server", "backup").with(newQuery().flag("logs", logs).Values))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	to := &toWriter{w: w}
	if _, err := io.Copy(to, resp.Body); err != nil {
		if to.err != nil {
			return to.err
		}
		return c.foreign(ctx, err)
	}
	return nil
}

// toWriter remembers its own errors, to tell them from those of the server.
type toWriter struct {
	w   io.Writer
	err error
}

func (t *toWriter) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.err = err
	return n, err
}
