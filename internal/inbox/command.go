package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// StartRun starts a run of a workflow's current version and returns its id,
// once it is on disk. The same idempotence key (empty: none) gives the same
// run. With a time to come the run is there at once and begins then.
func (x *Inbox) StartRun(ctx context.Context, namespace, name, key string, r freshet.RunRequest) (int64, error) {
	w, version, err := x.workflow(ctx, namespace, name)
	if err != nil {
		return 0, err
	}
	params, err := w.CheckParameters(r.Parameters, r.Texts)
	if err != nil {
		return 0, err
	}
	start := &machine.RunStart{Workflow: w.Name, Version: version, Parameters: params, Type: freshet.Manual, Key: key,
		Trace: freshet.Trace(freshet.Traceparent(r.Traceparent))}
	if r.At != nil && r.At.After(time.Now()) {
		at := freshet.Time(*r.At)
		start.At = &at
	}
	reply, err := x.one(ctx, machine.Entry{Namespace: namespace, Kind: machine.StartRun, Body: machine.Body{Start: start}})
	if err == nil && reply.Known {
		err = x.sameStart(ctx, reply.Run, start, r)
	}
	return reply.Run, err
}

// sameStart refuses an idempotence key under which another run was started.
// Where another version has been uploaded in between, what a request leaves out
// may have another default, and only what it says is compared.
func (x *Inbox) sameStart(ctx context.Context, id int64, start *machine.RunStart, r freshet.RunRequest) error {
	run, err := x.store.Run(ctx, id)
	if freshet.CodeOf(err) == freshet.NotFound { // it has just been removed
		return nil
	}
	if err != nil {
		return err
	}
	same := run.Workflow == start.Workflow
	for name, value := range start.Parameters {
		_, said := r.Parameters[name]
		_, typed := r.Texts[name]
		same = same && (run.Version != start.Version && !said && !typed || equalJSON(run.Parameters[name], value))
	}
	if same && (run.Version != start.Version || len(run.Parameters) == len(start.Parameters)) {
		return nil
	}
	return freshet.Errorf(freshet.Conflict, "the idempotence key %q was used before with another workflow or other parameters, for run %d", start.Key, id).
		WithHint("give each start a key of its own")
}

// equalJSON tells whether two values are written alike.
func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// StopRun asks a run to end.
func (x *Inbox) StopRun(ctx context.Context, id int64) error {
	run, err := x.store.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.Status.Final() {
		return freshet.Errorf(freshet.Conflict, "run %d has ended already: %s", id, run.Status)
	}
	_, err = x.one(ctx, machine.Entry{Namespace: run.Namespace, Kind: machine.StopRun, Run: id,
		Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeStoppedByPerson}}})
	return err
}

// EnableWorkflow lets a workflow start runs again.
func (x *Inbox) EnableWorkflow(ctx context.Context, namespace, name string) error {
	return x.change(ctx, namespace, name, machine.EnableFlow)
}

// DisableWorkflow keeps a workflow from starting runs, by hand as well. What
// runs goes on.
func (x *Inbox) DisableWorkflow(ctx context.Context, namespace, name string) error {
	return x.change(ctx, namespace, name, machine.DisableFlow)
}

// DeleteWorkflow forgets a workflow of which no run is alive, with its triggers,
// its versions and its runs.
func (x *Inbox) DeleteWorkflow(ctx context.Context, namespace, name string) error {
	return x.change(ctx, namespace, name, machine.DeleteFlow)
}

// change submits a command about a whole workflow.
func (x *Inbox) change(ctx context.Context, namespace, name string, kind machine.Kind) error {
	if _, err := x.current(ctx, namespace, name); err != nil {
		return err
	}
	_, err := x.one(ctx, machine.Entry{Namespace: namespace, Kind: kind, Body: machine.Body{Workflow: name}})
	return err
}

// Task starts, stops or restarts one task of a run that is alive, with all its
// items.
func (x *Inbox) Task(ctx context.Context, id int64, task string, kind machine.Kind) (freshet.TaskResult, error) {
	name, item, err := freshet.ParseTaskName(task)
	if err != nil {
		return freshet.TaskResult{}, err
	}
	if item != freshet.NoItem {
		verb := strings.TrimPrefix(string(kind), "task_")
		return freshet.TaskResult{}, freshet.Errorf(freshet.Conflict, "one item of a task cannot be told to %s, the task as a whole can", verb).
			WithHint("`task %s %d %s` is about all its items", verb, id, name)
	}
	return x.task(ctx, id, kind, machine.Body{Task: task})
}

// Answer answers an approval that waits; the task may be name[3].
func (x *Inbox) Answer(ctx context.Context, id int64, task string, approved bool, comment string) (freshet.TaskResult, error) {
	name, item, err := freshet.ParseTaskName(task)
	if err != nil {
		return freshet.TaskResult{}, err
	}
	if len(comment) > freshet.MaxKeyBytes {
		return freshet.TaskResult{}, freshet.Errorf(freshet.TooLarge, "a comment is at most %d bytes long", freshet.MaxKeyBytes)
	}
	r, err := x.task(ctx, id, machine.AnswerTask, machine.Body{Task: name, Answer: &machine.Answer{Approved: approved, Item: item, Comment: comment}})
	r.Task = task
	return r, err
}

func (x *Inbox) task(ctx context.Context, id int64, kind machine.Kind, body machine.Body) (freshet.TaskResult, error) {
	run, err := x.store.Run(ctx, id)
	if err != nil {
		return freshet.TaskResult{}, err
	}
	if run.Status.Final() {
		return freshet.TaskResult{}, freshet.Errorf(freshet.Conflict, "run %d has ended: %s", id, run.Status).
			WithHint("`run start %s` starts a new run", run.Workflow)
	}
	reply, err := x.one(ctx, machine.Entry{Namespace: run.Namespace, Kind: kind, Run: id, Body: body})
	if err != nil {
		return freshet.TaskResult{}, err
	}
	seq, _ := reply.Value.(int)
	return freshet.TaskResult{RunID: id, Task: body.Task, Seq: seq}, nil
}
