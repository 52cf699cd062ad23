package cli

import (
	"context"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
)

// demoExample is the example that the demo runs.
const demoExample = "weather"

func (a *app) demoCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "demo",
		Short: "Run the weather example, on a home of its own",
		Long: `Run the weather example on a home of its own: four years of daily weather arrive,
each month is summarised, each year becomes a chart, wet months raise an alert.
With --home it runs there, and the home is used again.`,
		Example: `freshet demo
freshet demo --home ./weather
freshet demo | tee demo.txt`,
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context()) },
	})
}

func (a *app) demo(ctx context.Context) error {
	home, err := a.demoHome()
	if err != nil {
		return err
	}
	e, err := a.embed(ctx, home, func(*ServerConfig) {})
	if err != nil {
		return err
	}
	// The keeper, the home and what is in it stay: the lines at the end come
	// back to them.
	x := &execution{app: a, embedded: e}
	run, err := x.demo(ctx)
	if closed := e.close(); err == nil {
		err = closed
	}
	switch {
	case x.stopped():
		return errInterrupted
	case err != nil:
		return err
	}
	a.out.line("\nThe server has been stopped. Start it again on that home, and ask:")
	for _, line := range a.revisit(home, "why "+demoExample+" year_report", "task list "+demoExample) {
		a.out.line("  %s", line)
	}
	return result(&run)
}

// demoHome is the home that was asked for, else a new one.
func (a *app) demoHome() (string, error) {
	if a.changed("home") {
		s, _, err := a.settings(nil)
		if err != nil {
			return "", err
		}
		return s.Home, nil
	}
	return a.temporaryHome("freshet-demo-")
}

// demo uploads the example, runs it, and shows what has come of it.
func (x *execution) demo(ctx context.Context) (freshet.Run, error) {
	up, err := x.example(demoExample)
	if err != nil {
		return freshet.Run{}, err
	}
	uploaded, err := up.send(ctx, x.embedded.client, freshet.DefaultNamespace)
	if err != nil {
		return freshet.Run{}, err
	}
	run, err := x.start(ctx, uploaded[0], freshet.RunRequest{}, func(ctx context.Context, run freshet.Run) (freshet.Run, error) {
		return x.watch(ctx, x.embedded.client, run.ID)
	})
	if err != nil {
		return run, err
	}
	return run, x.demoTables(ctx, x.embedded, &run)
}

// example reads an embedded example.
func (a *app) example(name string) (*upload, error) {
	dir, err := fs.Sub(a.Host.Examples(), name)
	if err != nil {
		return nil, err
	}
	file := name + ".yaml"
	source, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, err
	}
	return a.gather([]document{{name: file, source: source, fsys: dir}}, nil)
}

func (a *app) demoTables(ctx context.Context, e *embedded, run *freshet.Run) error {
	tasks, err := e.client.Tasks(ctx, run.ID, followTasks)
	if err != nil {
		return err
	}
	a.out.line("")
	table(a, []freshet.Run{*run}, runColumns)
	a.out.line("")
	table(a, summaries(tasks), summaryColumns)
	dir := filepath.Join(run.Namespace, run.Workflow, number(run.ID))
	a.out.line("")
	a.fields([]field{
		{name: "logs", value: filepath.Join(e.home, "logs", dir)},
		{name: "reports", value: filepath.Join(e.home, "work", dir)},
	})
	return nil
}

// summary is how the starts of a task ended.
type summary struct {
	task                    string
	starts, success, failed int
	last                    freshet.Execution
}

// summaries count the starts of each task, in the order of the file.
func summaries(tasks []freshet.Execution) []summary {
	var out []summary
	at := map[string]int{}
	for _, e := range tasks {
		i, known := at[e.Task]
		if !known {
			i = len(out)
			at[e.Task] = i
			out = append(out, summary{task: e.Task})
		}
		s := &out[i]
		s.last = e
		if e.Seq > 0 {
			s.starts++
		}
		switch e.Status {
		case freshet.Success:
			s.success++
		case freshet.Failed:
			s.failed++
		}
	}
	return out
}

var summaryColumns = []column[summary]{
	{head: "TASK", cell: func(_ clock, s summary) string { return s.task }},
	{head: "STARTS", cell: func(_ clock, s summary) string { return number(s.starts) }, right: true},
	{head: "SUCCESS", cell: func(_ clock, s summary) string { return number(s.success) }, right: true},
	{head: "FAILED", cell: func(_ clock, s summary) string { return number(s.failed) }, right: true},
	{head: "LAST", cell: func(_ clock, s summary) string { return string(s.last.Status) },
		paint: func(s summary) colour { return statusColour(s.last.Status) }},
	{head: "OUTPUTS", cell: func(_ clock, s summary) string { return compact(s.last.Outputs) }},
}
