package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) taskCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "task",
		Short: "Look at tasks of a run; start, stop and restart them",
		Long: `Look at tasks of a run; start, stop and restart them. RUN is the id of a run, or
the name of a workflow: its latest run. TASK may be name[3], an item of a
foreach.`,
		Example: `freshet task list 7
freshet task show hello train           # every try, of the latest run
freshet task logs 7 train -f
freshet task restart 7 train`,
	},
		a.taskListCommand(), a.taskShowCommand(), a.taskLogsCommand(), a.taskArtifactsCommand(),
		a.taskActCommand("start", "Start a task of a run that is alive, whatever its conditions say", (*client.Client).StartTask),
		a.taskActCommand("stop", "Stop a task's execution that is alive", (*client.Client).StopTask),
		a.taskActCommand("restart", "Stop a task's execution that is alive and start another", (*client.Client).RestartTask),
		a.taskAnswerCommand(true), a.taskAnswerCommand(false))
}

var taskColumns = []column[freshet.Execution]{
	{head: "TASK", cell: func(_ clock, e freshet.Execution) string { return taskName(&e) }},
	{head: "SEQ", cell: func(_ clock, e freshet.Execution) string { return ifStarted(e.Seq) }, right: true,
		exact: func(e freshet.Execution) string { return number(e.Seq) }},
	{head: "TRY", cell: func(_ clock, e freshet.Execution) string { return ifStarted(e.Try) }, right: true,
		exact: func(e freshet.Execution) string { return number(e.Try) }},
	{head: "STATUS", cell: func(_ clock, e freshet.Execution) string { return string(e.Status) + howFar(e.Progress) },
		exact: func(e freshet.Execution) string { return string(e.Status) },
		paint: func(e freshet.Execution) colour { return statusColour(e.Status) }},
	{head: "STARTED", cell: func(c clock, e freshet.Execution) string { return c.moment(e.StartedAt) },
		exact: func(e freshet.Execution) string { return exact(e.StartedAt) }},
	{head: "ENDED", only: plainFormat, cell: func(_ clock, e freshet.Execution) string { return exact(e.EndedAt) }},
	{head: "TOOK", only: tableFormat, cell: func(c clock, e freshet.Execution) string { return c.took(e.StartedAt, e.EndedAt) }, right: true},
	{head: "EXIT", cell: func(_ clock, e freshet.Execution) string { return exitCode(&e) }, right: true},
	{head: "REASON", cell: func(_ clock, e freshet.Execution) string { return taskReason(&e) }},
}

func ifStarted(n int) string {
	if n == 0 {
		return ""
	}
	return number(n)
}

func exitCode(e *freshet.Execution) string {
	if e.ExitCode == nil {
		return ""
	}
	return number(*e.ExitCode)
}

// howFar is how far an execution has come, behind its status.
func howFar(p *freshet.Progress) string {
	switch {
	case p == nil:
		return ""
	case p.Total == 0:
		return " " + number(p.Done)
	}
	return " " + number(p.Done) + "/" + number(p.Total)
}

func taskReason(e *freshet.Execution) string {
	if e.Reason != "" {
		return e.Reason
	}
	if e.Progress != nil && e.Progress.Text != "" {
		return e.Progress.Text
	}
	return string(e.Code)
}

func (a *app) taskListCommand() *cobra.Command {
	var limit int
	var status []string
	c := &cobra.Command{
		Use:   "list RUN",
		Short: "List the tasks of a run, one row for each start and item",
		Example: `freshet task list 7
freshet task list hello --status failed
freshet task list 7 -o plain | cut -f1,4`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			wanted, err := statuses(status, taskStatuses)
			if err != nil {
				return err
			}
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				tasks, err := server.Tasks(c.Context(), id, limit, wanted...)
				if err != nil {
					return err
				}
				if len(tasks) == 0 && a.flags.output == tableFormat {
					a.err.line("no such tasks in run %d", id)
				}
				if err := list(a, tasks, taskColumns); err != nil {
					return err
				}
				if len(tasks) == limit && a.flags.output == tableFormat {
					a.err.line("… and perhaps more: --limit shows more at once")
				}
				return nil
			})
		},
	}
	limitFlag(c, &limit)
	statusFlag(c, &status, taskStatuses)
	return takes(c)
}

func (a *app) taskShowCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "show RUN TASK",
		Short: "Show every try of a task",
		Example: `freshet task show 7 train
freshet task show hello 'train[3]' -o json`,
		ValidArgsFunction: a.completes(a.runNames, a.taskNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				tries, err := server.Task(c.Context(), id, args[1])
				if err != nil {
					return err
				}
				if a.flags.output != tableFormat {
					return list(a, tries, taskColumns)
				}
				shown, hidden := fit(tries, shownTries)
				table(a, shown, taskColumns)
				if hidden > 0 {
					a.out.line("%s", a.out.paint(dim, "… and "+counted(hidden, "row")+"; -o json has all"))
				}
				if e := latestTry(tries); e != nil {
					a.out.line("")
					a.showTry(e)
				}
				return nil
			})
		},
	})
}

// shownTries is how many tries of a task, or of its items, a table shows.
const shownTries = 50

// latestTry is the newest of a task's own, or, of an item, of the item's; nil:
// there is none.
func latestTry(tries []freshet.Execution) *freshet.Execution {
	for i := len(tries) - 1; i >= 0; i-- {
		if tries[i].Item == nil || tries[0].Item != nil {
			return &tries[i]
		}
	}
	return nil
}

// showTry tells what a row of the table has no room for.
func (a *app) showTry(e *freshet.Execution) {
	event := ""
	if e.EventOffset > 0 {
		event = number(e.EventOffset)
	}
	called := ""
	if e.ChildRun > 0 {
		called = "run " + number(e.ChildRun)
	}
	a.fields([]field{
		{name: "reason", value: taskReason(e)},
		{name: "outputs", value: compact(e.Outputs)},
		{name: "artifacts", value: shownArtifacts(e.Artifacts)},
		{name: "event", value: event},
		{name: "called", value: called},
		{name: "log", value: e.Log},
	})
}

// taskActCommand is start, stop or restart.
func (a *app) taskActCommand(verb, short string, act func(c *client.Client, ctx context.Context, run int64, task string) (freshet.TaskResult, error)) *cobra.Command {
	return takes(&cobra.Command{
		Use:   verb + " RUN TASK",
		Short: short,
		Example: `freshet task ` + verb + ` 7 train
freshet task ` + verb + ` hello train        # in the latest run of hello`,
		ValidArgsFunction: a.completes(a.runNames, a.taskNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				r, err := act(server, c.Context(), id, args[1])
				if err != nil {
					return err
				}
				return a.show(r,
					func() {
						if r.Seq == 0 {
							a.out.line("Task %s of run %d: nothing to %s.", r.Task, r.RunID, verb)
						} else {
							a.out.line("Task %s of run %d: %s of seq %d accepted.", r.Task, r.RunID, verb, r.Seq)
						}
					},
					func(p *printer) { p.line("%s\t%d", r.Task, r.Seq) })
			})
		},
	})
}

// taskAnswerCommand is approve or reject.
func (a *app) taskAnswerCommand(approved bool) *cobra.Command {
	verb, short := "reject", "Reject what an approval asks for: the task fails"
	if approved {
		verb, short = "approve", "Approve what an approval asks for: the task succeeds"
	}
	comment := ""
	c := &cobra.Command{
		Use:   verb + " RUN TASK",
		Short: short,
		Example: `freshet task ` + verb + ` 7 deploy
freshet task ` + verb + ` release deploy --comment "seen on staging"
freshet task ` + verb + ` 7 'deploy[3]'     # of an item of a foreach`,
		ValidArgsFunction: a.completes(a.runNames, a.taskNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				r, err := server.AnswerTask(c.Context(), id, args[1], approved, comment)
				if err != nil {
					return err
				}
				return a.show(r,
					func() { a.out.line("Task %s of run %d: %s of seq %d accepted.", r.Task, r.RunID, verb, r.Seq) },
					func(p *printer) { p.line("%s\t%d", r.Task, r.Seq) })
			})
		},
	}
	c.Flags().StringVar(&comment, "comment", "", "TEXT: why; kept with the answer")
	return takes(c)
}
