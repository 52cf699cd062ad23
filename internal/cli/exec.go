package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

func (a *app) execCommand() *cobra.Command {
	var params parameters
	var name string
	c := &cobra.Command{
		Use:   "exec FILE",
		Short: "Run a workflow file at once, without a server",
		Long: `Run one workflow of a file at once, on a server of its own that is thrown away.
Tasks run in the file's directory with the whole environment; their output is
shown with the task before each line. The exit code is the run's. Ctrl-C stops
the run, a second one does not wait for it. The home is kept if it failed. The
run is one by hand: what stands in "on:" starts no further ones.`,
		Example: `freshet exec hello.yaml
freshet exec etl.yaml -p day=2026-11-20
freshet exec all.yaml --workflow etl -f params.yaml`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, args []string) error {
			doc, flow, err := a.executable(args[0], name)
			if err != nil {
				return err
			}
			request, err := params.request(a)
			if err != nil {
				return err
			}
			if _, err := flow.CheckParameters(request.Parameters, request.Texts); err != nil {
				return err
			}
			return a.exec(c.Context(), doc, flow, request)
		},
	}
	params.flags(c)
	c.Flags().StringVar(&name, "workflow", "", "NAME: which one, if the file has several")
	return takes(c)
}

// executable reads a file and finds the workflow that is meant.
func (a *app) executable(file, name string) (document, *spec.Workflow, error) {
	if !isWorkflowFile(file) {
		return document{}, nil, invalid("%s is not a workflow file", file).WithHint("workflow files end in .yaml or .yml")
	}
	doc, err := a.readFile(file)
	if err != nil {
		return doc, nil, err
	}
	flows, found := spec.Parse(doc.name, doc.source)
	up := &upload{}
	defer up.close()
	b, err := up.bundle(doc)
	if err != nil {
		return doc, nil, err
	}
	problems := append(wireDiagnostics(found), b.addNamed(doc, flows)...)
	a.diagnostics(a.err, problems, map[string]string{doc.name: string(doc.source)})
	for _, p := range problems {
		if p.Severity == freshet.SeverityError {
			return doc, nil, exitInvalid
		}
	}
	flow, err := choose(flows, file, name)
	return doc, flow, err
}

// choose finds a workflow by its name; without one there must be only one.
func choose(flows []*spec.Workflow, file, name string) (*spec.Workflow, error) {
	var names []string
	for _, w := range flows {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	switch {
	case name != "":
		e := freshet.Errorf(freshet.NotFound, "there is no workflow %q in %s", name, file)
		if near := nearest(name, names); near != "" {
			return nil, e.WithHint("did you mean %s?", near)
		}
		return nil, e
	case len(flows) == 0:
		return nil, invalid("there is no workflow in %s", file)
	case len(flows) > 1:
		return nil, invalid("%s has %d workflows", file, len(flows)).WithHint("say which: --workflow %s", names[0])
	}
	return flows[0], nil
}

// exec runs a workflow on a server that is thrown away.
func (a *app) exec(ctx context.Context, doc document, flow *spec.Workflow, request freshet.RunRequest) error {
	home, err := a.temporaryHome("freshet-exec-")
	if err != nil {
		return err
	}
	secrets := ""
	if own, _, err := a.settings(nil); err == nil { // there need not be a home
		secrets = own.Home
	}
	e, err := a.embed(ctx, home, func(c *ServerConfig) {
		c.ExecDir, c.Throwaway, c.SecretsHome = doc.dir, true, secrets
	})
	if err != nil {
		_ = os.RemoveAll(home) // nothing has happened in it
		return err
	}
	x := &execution{app: a, embedded: e}
	run, err := x.run(ctx, doc, flow, request)
	if err != nil && run.ID != 0 && !x.impatient() {
		run = x.abandon(run)
	}
	closed := e.close()
	failed := run.ID != 0 && (err != nil || run.Status != freshet.Success)
	if failed || closed != nil {
		a.kept(home, run)
	} else if err := os.RemoveAll(home); err != nil {
		return fmt.Errorf("remove the home: %w", err)
	}
	switch {
	case x.stopped():
		return errInterrupted
	case err != nil:
		return err
	case closed != nil:
		return closed
	}
	return result(&run)
}

// kept says where what is left of a run can be looked at.
func (a *app) kept(home string, run freshet.Run) {
	a.err.line("%s the home was kept: %s", a.err.paint(cyan, "hint:"), home)
	if run.ID > 0 {
		for _, line := range a.revisit(home, "why "+number(run.ID), "task list "+number(run.ID)) {
			a.err.line("  %s", line)
		}
	}
}

// revisit are lines to paste: the first starts a server on a home, the others
// ask it something.
func (a *app) revisit(home string, commands ...string) []string {
	program := quote(a.name) + " --home " + quote(home) + " "
	lines := []string{program + "server start -d --listen 127.0.0.1:0"}
	for _, c := range commands {
		lines = append(lines, program+c)
	}
	return lines
}

// execution is a run on an embedded server. The first interrupt stops it, the
// second does not wait for that.
type execution struct {
	*app
	embedded *embedded

	mu    sync.Mutex
	id    int64
	count int // interrupts so far
}

func (x *execution) stopped() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.count > 0
}

// impatient tells whether somebody has said twice that they do not wait.
func (x *execution) impatient() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.count > 1
}

// abandonWait is how long a run that nobody follows any more may take to end.
const abandonWait = 30 * time.Second

// abandon stops a run that cannot be followed any more, because whoever read
// the output has left: nothing of it stays behind.
func (x *execution) abandon(run freshet.Run) freshet.Run {
	ctx, cancel := context.WithTimeout(context.Background(), abandonWait)
	defer cancel()
	_, _ = x.embedded.client.StopRun(ctx, run.ID) // it may have ended
	if ended, err := x.embedded.client.WaitRun(ctx, run.ID); err == nil {
		return ended
	}
	return run
}

// run uploads the workflows of a file, because one may call another, starts a
// run of one and follows it.
func (x *execution) run(ctx context.Context, doc document, flow *spec.Workflow, request freshet.RunRequest) (freshet.Run, error) {
	c := x.embedded.client
	// What the workflow's files are is where they are: they do not travel.
	source := freshet.UploadRequest{Documents: []freshet.Document{{Name: filepath.Base(doc.name), Source: string(doc.source)}}}
	s, _, err := x.settings(map[string]string{"home": x.embedded.home}) // the only home there may be
	if err != nil {
		return freshet.Run{}, err
	}
	uploaded, err := c.Upload(ctx, cmp.Or(s.Namespace, freshet.DefaultNamespace), source, nil)
	if err != nil {
		return freshet.Run{}, err
	}
	if err := x.disarm(ctx, uploaded); err != nil {
		return freshet.Run{}, err
	}
	at := slices.IndexFunc(uploaded, func(w freshet.UploadResult) bool { return w.Name == flow.Name })
	return x.start(ctx, uploaded[at], request, func(ctx context.Context, run freshet.Run) (freshet.Run, error) {
		return x.stream(ctx, run, flow)
	})
}

// start starts a run and follows it; from now on interrupts are for it.
func (x *execution) start(ctx context.Context, w freshet.UploadResult, request freshet.RunRequest, follow func(context.Context, freshet.Run) (freshet.Run, error)) (freshet.Run, error) {
	ctx, quit := context.WithCancelCause(ctx)
	defer quit(nil)
	x.interrupts.take(func(int) { x.interrupted(ctx, quit) })
	run, err := x.embedded.client.StartRun(ctx, w.Namespace, w.Name, "", request)
	if err != nil {
		return run, err
	}
	x.mu.Lock()
	x.id = run.ID
	early := x.count > 0
	x.mu.Unlock()
	if early {
		if _, err := x.embedded.client.StopRun(ctx, run.ID); err != nil {
			return run, err
		}
	}
	return follow(ctx, run)
}

// stream shows what the tasks write, and how the run ends.
func (x *execution) stream(ctx context.Context, run freshet.Run, flow *spec.Workflow) (freshet.Run, error) {
	width := 0
	for _, t := range flow.Tasks {
		if width = max(width, len(t.Name)); t.Foreach != nil {
			width = max(width, len(t.Name)+len("[0]"))
		}
	}
	lines := &lineView{app: x.app, seen: map[string]freshet.Status{}, flow: flow}
	idle := &idle{execution: x, flow: flow}
	logs := newTails(x.embedded.client, run.ID, x.prefixed(width))
	ended, err := x.followLogs(ctx, logs, func(run *freshet.Run, tasks []freshet.Execution) {
		x.news(ctx, lines, run.ID, tasks)
		idle.look(ctx, run, tasks)
	})
	if err != nil {
		return run, err
	}
	x.err.line("%s", x.outcome(x.err, &ended))
	return ended, nil
}

// news is what no output of a task tells when it happens: that one has failed,
// and that one asks a person.
func (x *execution) news(ctx context.Context, lines *lineView, run int64, tasks []freshet.Execution) {
	for _, e := range newly(lines.seen, tasks) {
		t, known := lines.flow.Task(e.Task)
		switch {
		case e.Status == freshet.Failed || e.Status == freshet.Retrying:
			x.err.line("%s", lines.line(x.clock(x.err), &e))
		case e.Status == freshet.Running && known && t.Kind == spec.Approve && (t.Foreach == nil) == (e.Item == nil):
			x.asks(ctx, run, taskName(&e))
		}
	}
}

// interrupted stops the run; a second time it ends without waiting.
func (x *execution) interrupted(ctx context.Context, quit context.CancelCauseFunc) {
	x.mu.Lock()
	x.count++
	id, count := x.id, x.count
	x.mu.Unlock()
	if count == 1 {
		x.err.line("%s the run is being stopped; once more does not wait for it", x.err.paint(yellow, "interrupted:"))
	}
	if id != 0 {
		asked, done := context.WithTimeout(ctx, time.Second)
		defer done()
		_, _ = x.embedded.client.StopRun(asked, id) // it may have ended by itself
	}
	if count > 1 {
		quit(errInterrupted)
	}
}
