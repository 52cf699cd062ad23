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
	Limit  int      `query:"limit" minimum:"1" maximum:"100000" default:"50" doc:"the newest starts, then the items that changed last, and then tasks that have not started"`
	Status []string `query:"status,explode" enum:"waiting,queued,running,retrying,stopping,success,failed,stopped,skipped" doc:"only with one of these statuses"`
}

func (a *API) addTasks() {
	add(a, http.MethodGet, "/runs/{run}/tasks", "list-tasks", "The tasks of a run", a.tasks, tag("tasks"), forTasks,
		describe("In the order of the file: one row per start, with its last try, and behind it one per item of a foreach. A task that has not started has seq 0 and is `waiting`, "+
			"or `skipped` once the run has ended."))
	add(a, http.MethodGet, "/runs/{run}/tasks/{task}", "get-task", "Every try of every start of a task or of one of its items, oldest first", a.task, tag("tasks"), forTasks)
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
	f := store.ExecutionFilter{Run: in.Run, Newest: true, Limit: in.Limit}
	for _, s := range in.Status {
		f.Status = append(f.Status, freshet.Status(s))
	}
	rows, err := a.Store.Executions(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(rows) < in.Limit { // these are all starts, so a task without one has none
		never, err := a.unstarted(ctx, r, w, rows, f.Status)
		if err != nil {
			return nil, err
		}
		rows = append(rows, never[:min(len(never), in.Limit-len(rows))]...)
	}
	slices.SortStableFunc(rows, func(x, y freshet.Execution) int {
		return cmp.Or(cmp.Compare(place(w, x.Task), place(w, y.Task)), cmp.Compare(x.Seq, y.Seq), cmp.Compare(itemOf(&x), itemOf(&y)))
	})
	a.Progress.Fill(rows)
	return list(maskExecutions(a.maskOf(r, w), complete(rows))), nil
}

func itemOf(x *freshet.Execution) int {
	if x.Item == nil {
		return freshet.NoItem
	}
	return *x.Item
}

// unstarted lists the tasks that have not started, as far as their status is
// asked for. rows are all starts with one of these statuses.
func (a *API) unstarted(ctx context.Context, r *freshet.Run, w *spec.Workflow, rows []freshet.Execution, asked []freshet.Status) ([]freshet.Execution, error) {
	if len(asked) == 0 {
		return a.never(ctx, r, w, rows)
	}
	if !slices.Contains(asked, freshet.Waiting) && !slices.Contains(asked, freshet.Skipped) {
		return nil, nil
	}
	s, err := a.Store.Survey(ctx, r.ID) // it has the latest start of every task
	if err != nil {
		return nil, err
	}
	rows = rows[:0:0]
	for _, x := range s.Held {
		rows = append(rows, freshet.Execution{Task: x.Key.Task})
	}
	never, err := a.never(ctx, r, w, rows)
	return slices.DeleteFunc(never, func(x freshet.Execution) bool { return !slices.Contains(asked, x.Status) }), err
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
	k, err := a.known(ctx, in)
	if err != nil {
		return nil, err
	}
	f := store.ExecutionFilter{Run: in.Run, Task: k.task.Name, AllTries: true}
	if k.item != freshet.NoItem {
		f.Item = &k.item
	}
	rows, err := a.Store.Executions(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 && k.item != freshet.NoItem {
		return nil, k.noItem()
	}
	if len(rows) == 0 {
		never, err := a.never(ctx, k.run, k.flow, nil)
		if err != nil {
			return nil, err
		}
		for _, x := range never {
			if x.Task == in.Task {
				rows = append(rows, x)
			}
		}
	}
	a.Progress.Fill(rows)
	return list(maskExecutions(a.maskOf(k.run, k.flow), complete(rows))), nil
}

// taskOf is a task of a run, or one item of it.
type taskOf struct {
	run  *freshet.Run
	flow *spec.Workflow
	task *spec.Task
	item int
}

func (k *taskOf) noItem() error {
	return freshet.Errorf(freshet.NotFound, "task %s of run %d has no item %d", k.task.Name, k.run.ID, k.item).
		WithHint("`task list %d` shows its items that have begun", k.run.ID)
}

// known finds the run and its workflow, and refuses a task that is not in it.
func (a *API) known(ctx context.Context, in *TaskPath) (*taskOf, error) {
	name, item, err := freshet.ParseTaskName(in.Task)
	if err != nil {
		return nil, err
	}
	r, err := a.Store.Run(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	w, err := a.versions.of(ctx, a.Store, r)
	if err != nil {
		return nil, err
	}
	t, ok := w.Task(name)
	switch {
	case !ok:
		return nil, freshet.Errorf(freshet.NotFound, "run %d has no task %s", in.Run, name).
			WithHint("`task list %d` shows its tasks", in.Run)
	case t.Foreach == nil && item != freshet.NoItem:
		return nil, freshet.Errorf(freshet.NotFound, "task %s of run %d has no items", name, in.Run).
			WithHint("it has no `foreach`; leave out [%d]", item)
	}
	return &taskOf{r, w, t, item}, nil
}

// complete gives maps and lists that may be empty a shape.
func complete(rows []freshet.Execution) []freshet.Execution {
	for i := range rows {
		if rows[i].Outputs == nil {
			rows[i].Outputs = map[string]any{}
		}
		if rows[i].Artifacts == nil {
			rows[i].Artifacts = []freshet.Artifact{}
		}
	}
	return rows
}
