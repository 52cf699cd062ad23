package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/freshet/freshet"
)

// RunQuery selects runs; what is empty selects all.
type RunQuery struct {
	Namespace string
	Workflow  string
	Status    []freshet.Status
	Since     time.Time // created at or after
	Before    int64     // ids below
	Limit     int       // 0: 50
	Cursor    string    // Next of the page before
}

// StartRun starts a run of a workflow's current version. The same key (empty:
// none) starts one run, however often it is sent.
func (c *Client) StartRun(ctx context.Context, namespace, workflow, key string, r freshet.RunRequest) (freshet.Run, error) {
	var run freshet.Run
	req, err := post("namespaces", namespace, "workflows", workflow, "runs").json(r)
	if err != nil {
		return run, err
	}
	if key != "" {
		req.header.Set("Idempotency-Key", key)
		req.again = true
	}
	return run, c.into(ctx, req, &run)
}

// Rerun starts a new go at a run that has ended.
func (c *Client) Rerun(ctx context.Context, run int64, r freshet.RerunRequest) (freshet.Run, error) {
	var started freshet.Run
	req, err := post("runs", id(run), "rerun").json(r)
	if err != nil {
		return started, err
	}
	return started, c.into(ctx, req, &started)
}

// Runs gives a page of runs, newest first.
func (c *Client) Runs(ctx context.Context, f RunQuery) (freshet.RunPage, error) {
	q := newQuery().text("namespace", f.Namespace).text("workflow", f.Workflow).time("since", f.Since).
		number("before", f.Before).number("limit", int64(f.Limit)).text("cursor", f.Cursor)
	for _, s := range f.Status {
		q.Add("status", string(s))
	}
	var page freshet.RunPage
	return page, c.into(ctx, get("runs").with(q.Values), &page)
}

// Run gives one run.
func (c *Client) Run(ctx context.Context, run int64) (freshet.Run, error) {
	var r freshet.Run
	return r, c.into(ctx, get("runs", id(run)), &r)
}

// StopRun asks a run to end, and gives it as it stands then: it is stopping
// until its last process is gone.
func (c *Client) StopRun(ctx context.Context, run int64) (freshet.Run, error) {
	var r freshet.Run
	return r, c.into(ctx, post("runs", id(run), "stop"), &r)
}

// DeleteRun forgets a run that has ended, with its logs and files.
func (c *Client) DeleteRun(ctx context.Context, run int64) error {
	return c.into(ctx, request{method: http.MethodDelete, path: []string{"runs", id(run)}}, nil)
}

// StopAll asks every run of a workflow that has not ended to end, and gives
// their ids.
func (c *Client) StopAll(ctx context.Context, namespace, workflow string) ([]int64, error) {
	var ids []int64
	r := request{method: http.MethodPost, path: []string{"namespaces", namespace, "workflows", workflow, "stop-all"}, again: true}
	return ids, c.into(ctx, r, &ids)
}

// WaitRun waits until a run has ended and gives it as it ended.
func (c *Client) WaitRun(ctx context.Context, run int64) (freshet.Run, error) {
	var r freshet.Run
	check := func() error {
		var err error
		if r, err = c.Run(ctx, run); err == nil && r.Status.Final() {
			err = errDone
		}
		return err
	}
	for {
		err := c.feed(ctx, FeedQuery{From: FromNow, Run: run, Kinds: []string{"run_ended"}}, check,
			func(freshet.Message) error { return check() })
		switch code := freshet.CodeOf(err); {
		case errors.Is(err, errDone):
			return r, nil
		case code != freshet.Unreachable && code != freshet.Unavailable:
			return r, err
		case !pause(ctx, minRetry): // the server went away just as the run was looked at
			return r, ctx.Err()
		}
	}
}
