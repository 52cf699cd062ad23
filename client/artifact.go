package client

import (
	"context"
	"io"
	"strings"

	"github.com/freshet/freshet"
)

// ArtifactQuery selects tries of a task; what is zero selects all. Of several
// with the same path the newest counts.
type ArtifactQuery struct {
	Seq int // of this start
	Try int // of this number
}

// Artifacts lists the files of a task, or of one item of it, that are kept, by
// path.
func (c *Client) Artifacts(ctx context.Context, run int64, task string, f ArtifactQuery) ([]freshet.TaskArtifact, error) {
	q := newQuery().number("seq", int64(f.Seq)).number("try", int64(f.Try))
	var list []freshet.TaskArtifact
	return list, c.into(ctx, get("runs", id(run), "tasks", task, "artifacts").with(q.Values), &list)
}

// Artifact opens one of them, by its path. Who reads it has to close it; that
// it ends early is an error of Read.
func (c *Client) Artifact(ctx context.Context, run int64, task, path string, f ArtifactQuery) (io.ReadCloser, error) {
	q := newQuery().number("seq", int64(f.Seq)).number("try", int64(f.Try))
	segments := append([]string{"runs", id(run), "tasks", task, "artifacts"}, strings.Split(path, "/")...)
	resp, err := c.do(ctx, get(segments...).with(q.Values))
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
