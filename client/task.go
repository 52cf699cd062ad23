package client

import (
	"context"

	"github.com/freshet/freshet"
)

// Tasks lists the tasks of a run in the order of the file, one row per start
// with its last try and, of a foreach, one per item behind it; a task that has
// not started has Seq 0. A limit of 0 is 50; where there are more, they are the
// newest starts, and then the items that have changed last. Without a status
// all are listed.
func (c *Client) Tasks(ctx context.Context, run int64, limit int, status ...freshet.Status) ([]freshet.Execution, error) {
	var list []freshet.Execution
	q := newQuery().number("limit", int64(limit))
	for _, s := range status {
		q.Add("status", string(s))
	}
	return list, c.into(ctx, get("runs", id(run), "tasks").with(q.Values), &list)
}

// Task lists every try of every start of one task, or of name[3], one of its
// items, oldest first.
func (c *Client) Task(ctx context.Context, run int64, task string) ([]freshet.Execution, error) {
	var list []freshet.Execution
	return list, c.into(ctx, get("runs", id(run), "tasks", task), &list)
}

// StartTask starts a task of a run that is alive, whatever its conditions say.
func (c *Client) StartTask(ctx context.Context, run int64, task string) (freshet.TaskResult, error) {
	return c.command(ctx, run, task, "start")
}

// StopTask stops the task's execution that is alive.
func (c *Client) StopTask(ctx context.Context, run int64, task string) (freshet.TaskResult, error) {
	return c.command(ctx, run, task, "stop")
}

// RestartTask stops the task's execution that is alive and starts another.
func (c *Client) RestartTask(ctx context.Context, run int64, task string) (freshet.TaskResult, error) {
	return c.command(ctx, run, task, "restart")
}

// AnswerTask approves or rejects what a task of kind approval, or one of its
// items, asks for.
func (c *Client) AnswerTask(ctx context.Context, run int64, task string, approved bool, comment string) (freshet.TaskResult, error) {
	verb := "reject"
	if approved {
		verb = "approve"
	}
	var r freshet.TaskResult
	q, err := post("runs", id(run), "tasks", task, verb).json(freshet.AnswerRequest{Comment: comment})
	if err != nil {
		return r, err
	}
	return r, c.into(ctx, q, &r)
}

func (c *Client) command(ctx context.Context, run int64, task, what string) (freshet.TaskResult, error) {
	var r freshet.TaskResult
	return r, c.into(ctx, post("runs", id(run), "tasks", task, what), &r)
}
