package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

type tasksInput struct {
	RunPath
	Limit int `query:"limit" minimum:"1" maximum:"100000" default:"50" doc:"the newest starts, and then tasks that have not started"`
}

func (a *API) addTasks() {
	add(a, http.MethodGet, "/runs/{run}/tasks", "list-tasks", "The tasks of a run", a.tasks, tag("tasks"), forTasks,
		describe("In the order of the file: one row per start, with its last try. A task that has not started has seq 0 and is `waiting`, "+
			"or `skipped` once the run has ended."))
	add(a, http.MethodGet, "/runs/{run}/tasks/{task}", "get-task", "Every try of every start of a task, oldest first", a.task, tag("tasks"), forTasks)
	for _, c := range []struct {
		verb, summary string
		kind          machine.Kind
	}{
		{"start", "Start a task, whatever its conditions say", machine.StartTask},
		{"stop", "Stop what is alive of a task", machine.StopTask},
		{"restart", "Stop what is alive of a task and start it again", machine.RestartTask},
	} {
		add(a, http.MethodPost, "/runs/{run}/tasks/{task}/"+c.verb, c.verb+"-task", c.summary, func(ctx context.Context, in *TaskPath) (*out[freshet.TaskResult], error) {
			r, err := a.Inbox.Task(ctx, in.Run, in.Task, c.kind)
			return &out[freshet.TaskResult]{r}, err
		}, tag("tasks"))
	}
	for _, c := range []struct {
		verb, summary string
		approved      bool
	}{
		{"approve", "Approve what a task of kind approval asks for", true},
		{"reject", "Reject it: the task fails with code rejected", false},
	} {
		add(a, http.MethodPost, "/runs/{run}/tasks/{task}/"+c.verb, c.verb+"-task", c.summary, func(ctx context.Context, in *answerInput) (*out[freshet.TaskResult], error) {
			comment := ""
			if in.Body != nil {
				comment = in.Body.Comment
			}
			r, err := a.Inbox.Answer(ctx, in.Run, in.Task, c.approved, comment)
			return &out[freshet.TaskResult]{r}, err
		}, tag("tasks"))
	}
}

type answerInput struct {
	TaskPath
	Body *freshet.AnswerRequest
}

func (a *API) tasks(ctx context.Context, in *tasksInput) (*out[[]freshet.Execution], error) {
	r, err := a.Store.Run(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	w, err := a.versions.of(ctx, a.Store, r)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Executions(ctx, store.ExecutionFilter{Run: in.Run, Newest: true, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	if len(rows) < in.Limit { // these are all starts, so a task without one has none
		never, err := a.never(ctx, r, w, rows)
		if err != nil {
			return nil, err
		}
		rows = append(rows, never[:min(len(never), in.Limit-len(rows))]...)
	}
	slices.SortStableFunc(rows, func(x, y freshet.Execution) int {
		return cmp.Or(cmp.Compare(place(w, x.Task), place(w, y.Task)), cmp.Compare(x.Seq, y.Seq))
	})
	return list(maskExecutions(a.maskOf(r, w), complete(rows))), nil
}

// place is where a task stands in its file.
func place(w *spec.Workflow, task string) int {
	if t, ok := w.Task(task); ok {
		return t.Index
	}
	return len(w.Tasks)
}

// never lists the tasks that are not among the rows.
func (a *API) never(ctx context.Context, r *freshet.Run, w *spec.Workflow, rows []freshet.Execution) ([]freshet.Execution, error) {
	started := map[string]bool{}
	for _, x := range rows {
		started[x.Task] = true
	}
	var list []freshet.Execution
	for _, t := range w.Tasks {
		if !started[t.Name] {
			list = append(list, freshet.Execution{RunID: r.ID, Task: t.Name, Status: freshet.Waiting})
		}
	}
	if len(list) == 0 || !r.Status.Final() {
		return list, nil
	}
	s, err := a.Store.LoadRun(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	why := machine.NeverRan(w, machine.Load(w, s.Row, s.Held, s.Waits, s.Rules, s.Dues))
	for i := range list {
		n := why[list[i].Task]
		list[i].Status, list[i].Code, list[i].Reason = freshet.Skipped, n.Code, n.Reason
	}
	return list, nil
}

func (a *API) task(ctx context.Context, in *TaskPath) (*out[[]freshet.Execution], error) {
	r, w, err := a.known(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Executions(ctx, store.ExecutionFilter{Run: in.Run, Task: in.Task, AllTries: true})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		never, err := a.never(ctx, r, w, nil)
		if err != nil {
			return nil, err
		}
		for _, x := range never {
			if x.Task == in.Task {
				rows = append(rows, x)
			}
		}
	}
	return list(maskExecutions(a.maskOf(r, w), complete(rows))), nil
}

// known finds the run and its workflow, and refuses a task that is not in it.
func (a *API) known(ctx context.Context, in *TaskPath) (*freshet.Run, *spec.Workflow, error) {
	r, err := a.Store.Run(ctx, in.Run)
	if err != nil {
		return nil, nil, err
	}
	w, err := a.versions.of(ctx, a.Store, r)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := w.Task(in.Task); !ok {
		return nil, nil, freshet.Errorf(freshet.NotFound, "run %d has no task %s", in.Run, in.Task).
			WithHint("`task list %d` shows its tasks", in.Run)
	}
	return r, w, nil
}

// complete gives maps and lists that may be empty a shape.
func complete(rows []freshet.Execution) []freshet.Execution {
	for i := range rows {
		if rows[i].Outputs == nil {
			rows[i].Outputs = map[string]any{}
		}
		if rows[i].Artifacts == nil {
			rows[i].Artifacts = []string{}
		}
	}
	return rows
}
