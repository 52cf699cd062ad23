package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) runCommand() *cobra.Command {
	c := a.group(&cobra.Command{
		Use:   "run",
		Short: "Start, follow and stop runs",
		Long: `Start, follow and stop runs. RUN is the id of a run, or the name of a workflow:
its latest run.`,
		Example: `freshet run start hello -p who=world --wait
freshet run list --status failed --since 24h
freshet run show hello                  # its latest run
freshet run logs 7 -f`,
	},
		a.runStartCommand(), a.runRerunCommand(), a.runListCommand(), a.runShowCommand(), a.runWatchCommand(),
		a.runLogsCommand(), a.runStopCommand(), a.runStopAllCommand(), a.runDeleteCommand())
	unknown := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 && looksLikeFile(args[0]) {
			return invalid("`run` works with workflows that have been uploaded, and %s is a file", args[0]).
				WithHint("run it at once with `freshet exec %s`", strings.Join(args, " "))
		}
		return unknown(c, args)
	}
	return c
}

var runColumns = []column[freshet.Run]{
	{head: "RUN", cell: func(_ clock, r freshet.Run) string { return number(r.ID) }, right: true},
	{head: "WORKFLOW", cell: func(_ clock, r freshet.Run) string { return r.Namespace + "." + r.Workflow }},
	{head: "STATUS", cell: func(_ clock, r freshet.Run) string { return string(r.Status) },
		paint: func(r freshet.Run) colour { return statusColour(r.Status) }},
	{head: "TYPE", cell: func(_ clock, r freshet.Run) string { return string(r.Type) }},
	{head: "CREATED", cell: func(c clock, r freshet.Run) string { return c.time(r.CreatedAt) },
		exact: func(r freshet.Run) string { return exact(&r.CreatedAt) }},
	{head: "STARTED", only: plainFormat, cell: func(_ clock, r freshet.Run) string { return exact(r.StartedAt) }},
	{head: "ENDED", only: plainFormat, cell: func(_ clock, r freshet.Run) string { return exact(r.EndedAt) }},
	{head: "TOOK", only: tableFormat, cell: func(c clock, r freshet.Run) string { return c.took(r.StartedAt, r.EndedAt) }, right: true},
	{head: "REASON", cell: func(_ clock, r freshet.Run) string { return runReason(&r) }},
}

// runReason is why a run waits or ended as it did.
func runReason(r *freshet.Run) string {
	switch {
	case r.Reason != "":
		return r.Reason
	case r.WaitingFor != "":
		return "waits for " + r.WaitingFor
	}
	return string(r.Code)
}

func (a *app) runStartCommand() *cobra.Command {
	var params parameters
	var wait bool
	var at string
	c := &cobra.Command{
		Use:   "start WORKFLOW",
		Short: "Start a run of a workflow, now or at a time",
		Example: `freshet run start hello
freshet run start etl -p day=2026-11-20 -f params.yaml
freshet run start hello --wait          # follow it; the exit code is its result
freshet run start etl --at 06:00        # or '2026-11-22 06:00', or +10m
id=$(freshet run start hello -o plain)`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			namespace, name, err := a.workflowRef(args[0])
			if err != nil {
				return err
			}
			request, err := params.request(a)
			if err != nil {
				return err
			}
			if c.Flags().Changed("at") {
				if request.At, err = a.startTime(at); err != nil {
					return err
				}
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			run, err := server.StartRun(c.Context(), namespace, name, rand.Text(), request)
			if err != nil {
				return a.meant(c.Context(), server, namespace, name, err)
			}
			return a.started(c.Context(), server, run, request.At, wait)
		},
	}
	params.flags(c)
	c.Flags().StringVar(&at, "at", "", "TIME: start it then: 06:00, '2026-11-22 06:00', +10m, or RFC 3339")
	c.Flags().BoolVarP(&wait, "wait", "w", false, "follow the run and end with its result")
	return takes(c)
}

// startTime reads when a run shall start. A time that passed long ago is a
// slip.
func (a *app) startTime(text string) (*time.Time, error) {
	at, err := a.clock(a.out).ahead(text)
	if err != nil {
		return nil, err
	}
	if time.Since(at) > time.Minute {
		return nil, invalid("%s has passed", text).WithHint("without --at the run starts now")
	}
	return &at, nil
}

// started says which run has been started, and follows it if asked to. JSON
// and YAML are one object, so it is the run as it ended.
func (a *app) started(ctx context.Context, c *client.Client, run freshet.Run, at *time.Time, wait bool) error {
	structured := a.flags.output == jsonFormat || a.flags.output == yamlFormat
	if !wait || !structured {
		err := a.show(run, func() {
			a.out.line("Run: %d submitted.", run.ID)
			if at != nil {
				a.out.line("It starts at %s.", a.clock(a.out).next(at))
			}
		}, func(p *printer) { p.line("%d", run.ID) })
		if err != nil || !wait {
			return err
		}
	}
	var err error
	if a.flags.output == tableFormat {
		run, err = a.watch(ctx, c, run.ID)
	} else {
		run, err = a.watchWith(ctx, c, run.ID, quietView{})
	}
	if err != nil {
		return err
	}
	if structured {
		if err := a.show(run, nil, nil); err != nil {
			return err
		}
	}
	return result(&run)
}

// result is a run as an exit code.
func result(r *freshet.Run) error {
	if r.Status == freshet.Success {
		return nil
	}
	return exitFailed
}

func (a *app) runListCommand() *cobra.Command {
	var limit int
	var before int64
	var status []string
	var since string
	c := &cobra.Command{
		Use:   "list [WORKFLOW]",
		Short: "List runs, newest first",
		Example: `freshet run list
freshet run list hello --status failed,stopped
freshet run list --since 24h -A -o json`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			query := client.RunQuery{Limit: limit, Before: before}
			var err error
			if query.Since, err = a.since(since); err != nil {
				return err
			}
			if query.Status, err = statuses(status, runStatuses); err != nil {
				return err
			}
			if query.Namespace, query.Workflow, err = a.listedWorkflow(args); err != nil {
				return err
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			page, err := server.Runs(c.Context(), query)
			if err != nil {
				return err
			}
			none := noRows{
				of: "runs", namespace: query.Namespace, kept: true, filtered: len(status) > 0 || since != "" || before > 0,
				hint: "`freshet run start WORKFLOW` starts one",
			}
			if query.Workflow != "" {
				none.of, none.hint = "runs of "+query.Workflow, "`freshet run start "+args[0]+"` starts one"
				if len(page.Items) == 0 {
					if err := a.noWorkflow(c.Context(), server, query.Namespace, query.Workflow); err != nil {
						return err
					}
				}
			}
			if len(page.Items) == 0 {
				if err := hasNamespace(c.Context(), server, query.Namespace); err != nil {
					return err
				}
			}
			return listOr(a, page.Items, runColumns, none)
		},
	}
	limitFlag(c, &limit)
	c.Flags().Int64Var(&before, "before", 0, "ID: only runs before this one")
	statusFlag(c, &status, runStatuses)
	c.Flags().StringVar(&since, "since", "", "TIME: only those created since, such as 24h or 2026-11-20")
	a.allNamespacesFlag(c)
	return takes(c)
}

var (
	runStatuses = []freshet.Status{freshet.Queued, freshet.Running, freshet.Stopping, freshet.Success, freshet.Failed, freshet.Stopped}

	taskStatuses = append([]freshet.Status{freshet.Waiting, freshet.Retrying, freshet.Skipped}, runStatuses...)
)

func statusFlag(c *cobra.Command, to *[]string, known []freshet.Status) {
	c.Flags().StringSliceVar(to, "status", nil, "STATUS: only those; several with commas")
	var texts []string
	for _, s := range known {
		texts = append(texts, string(s))
	}
	cobra.CheckErr(c.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(cobraTexts(texts), cobra.ShellCompDirectiveNoFileComp)))
}

// statuses reads the values of --status.
func statuses(texts []string, known []freshet.Status) ([]freshet.Status, error) {
	var out []freshet.Status
	for _, t := range texts {
		if s := freshet.Status(t); slices.Contains(known, s) {
			out = append(out, s)
			continue
		}
		return nil, invalid("there is no status %q here", t).
			WithHint("it is one of %s", strings.Trim(fmt.Sprint(known), "[]"))
	}
	return out, nil
}

func (a *app) runShowCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "show RUN",
		Short: "Show a run and its tasks",
		Example: `freshet run show 7
freshet run show hello -o json`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				run, err := server.Run(c.Context(), id)
				if err != nil {
					return err
				}
				tasks, err := server.Tasks(c.Context(), id, 0)
				if err != nil {
					return err
				}
				return a.show(run, func() { a.showRun(&run, tasks) }, plainOf(run, runColumns))
			})
		},
	})
}

// withRun resolves a RUN and calls do.
func (a *app) withRun(ctx context.Context, ref string, do func(c *client.Client, id int64) error) error {
	server, err := a.connect(0)
	if err != nil {
		return err
	}
	id, err := a.runRef(ctx, server, ref)
	if err != nil {
		return err
	}
	return do(server, id)
}

func (a *app) showRun(r *freshet.Run, tasks []freshet.Execution) {
	now := a.clock(a.out)
	a.fields([]field{
		{name: "run", value: number(r.ID)},
		{name: "workflow", value: r.Namespace + "." + r.Workflow},
		{name: "version", value: shortVersion(r.Version)},
		{name: "status", value: string(r.Status), tint: statusColour(r.Status)},
		{name: "reason", value: runReason(r)},
		{name: "type", value: string(r.Type)},
		{name: "called by", value: caller(r)},
		{name: "key", value: r.ConcurrencyKey},
		{name: "parameters", value: compact(r.Parameters)},
		{name: "outputs", value: compact(r.Outputs)},
		{name: "created", value: now.time(r.CreatedAt)},
		{name: "scheduled", value: now.moment(r.ScheduledAt)},
		{name: "started", value: now.moment(r.StartedAt)},
		{name: "ended", value: now.moment(r.EndedAt)},
		{name: "took", value: now.took(r.StartedAt, r.EndedAt)},
	})
	if len(tasks) > 0 {
		a.out.line("")
		table(a, tasks, taskColumns)
	}
}

// compact writes values as one line of JSON, nothing for none.
func compact(values map[string]any) string {
	if len(values) == 0 {
		return ""
	}
	text, err := jsonText(values, "")
	if err != nil {
		return fmt.Sprint(values)
	}
	return strings.TrimSpace(string(text))
}

func (a *app) runWatchCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "watch RUN",
		Short: "Follow a run until it ends, and end with its result",
		Example: `freshet run watch 7
freshet run watch hello | tee progress.txt`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				// Following waits for a server that is away; it should not begin
				// with that.
				if _, err := server.Run(c.Context(), id); err != nil {
					return err
				}
				run, err := a.watch(c.Context(), server, id)
				if err != nil {
					return err
				}
				return result(&run)
			})
		},
	})
}
