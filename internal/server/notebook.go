package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/notebook"
	"github.com/freshet/freshet/internal/papermill"
	"github.com/freshet/freshet/internal/report"
	"github.com/freshet/freshet/internal/spec"
)

// notebookOperator is what the command line calls the process of a `notebook`
// task.
const notebookOperator = "notebook"

// notebookInput is the content of its $FRESHET_INPUT.
type notebookInput struct {
	Run        spec.NotebookRun
	Output     string // path of the executed notebook, below the working directory
	Parameters []papermill.Param
	Keeper     *kernelKeeper // nil: no kernel is kept warm
}

// notebookInputOf makes it. What depends on the time depends on the start's,
// so that it is the same whenever it is asked for.
func notebookInputOf(s engine.Start, values map[string]any) (*notebookInput, error) {
	in := &notebookInput{Run: *s.Task.Notebook}
	for _, b := range s.Task.With { // in the order of the file, as the notebook will show them
		in.Parameters = append(in.Parameters, papermill.Param{Name: b.Name, Value: values[b.Name]})
	}
	k, at := s.Execution.Key, s.Execution.QueuedAt
	if in.Run.Output == "" {
		in.Output = defaultOutput(k)
		return in, nil
	}
	scheduled := s.Run.ScheduledAt
	if scheduled.IsZero() {
		scheduled = s.Run.CreatedAt
	}
	item := any("")
	if k.Item != freshet.NoItem {
		item = k.Item
	}
	names := []papermill.Param{{Name: "run_id", Value: k.Run}, {Name: "task", Value: k.Task}, {Name: "item", Value: item},
		{Name: "seq", Value: k.Seq}, {Name: "try", Value: k.Try}, {Name: "workflow", Value: s.Run.Workflow},
		{Name: "namespace", Value: s.Run.Namespace}, {Name: "scheduled_at", Value: scheduled.UTC().Format(time.RFC3339)}}
	path, err := papermill.Format(in.Run.Output, append(names, in.Parameters...),
		papermill.Builtins{RunUUID: fmt.Sprintf("%d-%s-%d-%d", k.Run, k.Task, k.Seq, k.Try), Local: at.Local(), UTC: at})
	if err != nil {
		return nil, fmt.Errorf("notebook: output: %w", err)
	}
	if !filepath.IsLocal(path) {
		return nil, freshet.Errorf(freshet.Invalid, "notebook: output: %q is not below the task's working directory", path)
	}
	in.Output = path
	return in, nil
}

// completeNotebook gives an attempt its input, and keeps what it makes.
func completeNotebook(a *executor.Attempt, s engine.Start, kept *kernelKeeper) error {
	var values map[string]any
	if s.Execution.Call != nil {
		values = s.Execution.Call.Input // no secret is among them
	}
	in, err := notebookInputOf(s, values)
	if err != nil {
		return err
	}
	in.Keeper = kept
	if a.Input, err = json.Marshal(in); err != nil {
		return fmt.Errorf("notebook: %w", err)
	}
	a.Artifacts = slices.Concat(a.Artifacts, in.artifacts())
	return nil
}

// defaultOutput is where a notebook goes that does not say: each execution of
// a run has a place of its own, and each try that of its execution.
func defaultOutput(k freshet.Key) string {
	name := k.Task
	if k.Item != freshet.NoItem {
		name += "-" + itoa(int64(k.Item))
	}
	if k.Seq > 1 {
		name += "-" + itoa(int64(k.Seq))
	}
	return "executed/" + name + ".ipynb"
}

// reportPath stands beside the executed notebook.
func (in *notebookInput) reportPath() string {
	return strings.TrimSuffix(in.Output, filepath.Ext(in.Output)) + "." + string(in.Run.Report.Format)
}

// artifacts are the files that are kept of it, as globs.
func (in *notebookInput) artifacts() []string {
	kept := []string{escapeGlob(in.Output)}
	if in.Run.Report != nil {
		kept = append(kept, escapeGlob(in.reportPath()))
	}
	return kept
}

// escapeGlob makes a path a glob that fits it alone.
func escapeGlob(path string) string {
	var b strings.Builder
	for _, c := range path {
		if strings.ContainsRune(`*?[]{}\`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// runNotebook is the whole life of the process of a `notebook` task.
func runNotebook(ctx context.Context, env func(string) string, version string, log io.Writer) int {
	result, err := executeNotebook(ctx, env, version, log)
	switch {
	case err == nil && result.Failure == nil:
		return 0
	case err == nil:
		err = result.Failure
	}
	fmt.Fprintf(log, "error: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(log, "hint: %s\n", hint)
	}
	if ctx.Err() != nil {
		return 130
	}
	// What the log says at length is the reason of the failure.
	_ = appendOutputs(env, map[string]any{"reason": strings.Join(strings.Fields(err.Error()), " ")})
	return 1
}

func hintOf(err error) string {
	var failure *notebook.Failure
	var e *freshet.Error
	switch {
	case errors.As(err, &failure):
		return failure.Hint
	case errors.As(err, &e):
		return e.Hint
	}
	return ""
}

func executeNotebook(ctx context.Context, env func(string) string, version string, log io.Writer) (*notebook.Result, error) {
	in, err := readNotebookInput(env("FRESHET_INPUT"))
	if err != nil {
		return nil, err
	}
	board := tellProgress(ctx, env)
	defer board.end()
	output, err := filepath.Abs(in.Output)
	if err != nil {
		return nil, err
	}
	result, err := notebook.Run(ctx, notebook.Options{
		Input: filepath.Join(env("FRESHET_RUN_DIR"), in.Run.Path), Output: output, Parameters: in.Parameters,
		Kernel: in.Run.Kernel, Interpreter: in.Run.Interpreter,
		Search: jupyter.Search{Getenv: env, Home: env("HOME")}, Env: os.Environ(),
		CellTimeout: in.Run.CellTimeout, StartTimeout: in.Run.StartTimeout,
		Log: log, Progress: board.tell, Take: in.Keeper.take(version, os.Environ()),
	})
	if err != nil {
		return nil, err
	}
	for _, w := range result.Warnings {
		fmt.Fprintf(log, "warning: %s\n", w)
	}
	out := map[string]any{"notebook": output, "scraps": scrapsOf(result.Notebook, log)}
	if in.Run.Report != nil && ctx.Err() == nil {
		path := filepath.Join(filepath.Dir(output), filepath.Base(in.reportPath()))
		if err = reportOf(ctx, env, in, output, path); err == nil {
			out["report"] = path
		}
	}
	if result.Failure != nil && err != nil {
		fmt.Fprintf(log, "there is no report: %v\n", err) // why the notebook failed is what counts
		err = nil
	}
	if result.Failure == nil && err == nil {
		err = appendOutputs(env, out)
	}
	return result, err
}

func readNotebookInput(path string) (*notebookInput, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("there is no $FRESHET_INPUT: %w", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	in := &notebookInput{}
	if err := dec.Decode(in); err != nil {
		return nil, fmt.Errorf("$FRESHET_INPUT: %w", err)
	}
	return in, nil
}

func reportOf(ctx context.Context, env func(string) string, in *notebookInput, executed, path string) error {
	o := report.FileOptions{Format: string(in.Run.Report.Format), HideCode: in.Run.Report.HideCode, Interpreter: in.Run.Interpreter,
		Browser: env("FRESHET_BROWSER")}
	if t := in.Run.Report.Template; t != "" {
		o.Template = filepath.Join(env("FRESHET_RUN_DIR"), t)
	}
	return report.File(ctx, env, executed, path, o)
}

// scrapBytes leaves room for other outputs beside the scraps.
const scrapBytes = freshet.MaxOutputBytes - 16<<10

// scrapsOf are the scraps that have data, as far as outputs have room for
// them: larger ones stand in the executed notebook alone.
func scrapsOf(nb *nbformat.Notebook, log io.Writer) map[string]any {
	scraps, warnings := papermill.Scraps(nb)
	for _, w := range warnings {
		fmt.Fprintf(log, "warning: %s\n", w)
	}
	out, room := map[string]any{}, scrapBytes
	for _, s := range scraps {
		raw, err := json.Marshal(s.Data)
		if err != nil || s.Data == nil {
			continue
		}
		if len(raw) > room {
			fmt.Fprintf(log, "warning: scrap %s is no output: it has %d bytes, and %d are left; the notebook holds it\n", s.Name, len(raw), room)
			continue
		}
		room -= len(raw) + len(s.Name) + 8
		out[s.Name] = s.Data
	}
	return out
}

// appendOutputs adds outputs to those that the notebook itself has written.
func appendOutputs(env func(string) string, out map[string]any) error {
	f, err := os.OpenFile(env("FRESHET_OUTPUT"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the outputs: %w", err)
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(out)) {
		value, isText := out[name].(string)
		if !isText || name != "reason" {
			raw, err := json.Marshal(out[name])
			if err != nil {
				return fmt.Errorf("write the output %s: %w", name, err)
			}
			value = string(raw)
		}
		fmt.Fprintf(&text, "%s=%s\n", name, value)
	}
	_, err = io.WriteString(f, text.String())
	return cmp.Or(err, f.Close())
}

// told sends how far a notebook has come, a while behind and only the last:
// nobody waits for it, and nothing depends on it.
type told struct {
	last chan freshet.Progress // of length 1
	done chan struct{}
	stop context.CancelFunc
}

// progressPace is the time between two.
const progressPace = 500 * time.Millisecond

func tellProgress(ctx context.Context, env func(string) string) *told {
	ctx, stop := context.WithCancel(ctx)
	b := &told{last: make(chan freshet.Progress, 1), done: make(chan struct{}), stop: stop}
	c, err := client.New(client.Config{URL: env("FRESHET_SERVER"), Token: env("FRESHET_TOKEN")})
	var run int64
	if _, e := fmt.Sscan(env("FRESHET_RUN_ID"), &run); err != nil || e != nil {
		close(b.done)
		return b
	}
	go func() {
		defer close(b.done)
		defer c.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case p := <-b.last:
				_ = c.SetProgress(ctx, run, p)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(progressPace):
			}
		}
	}()
	return b
}

func (b *told) tell(p notebook.Progress) {
	select {
	case <-b.last: // a newer one takes its place
	default:
	}
	text := p.Description
	if text == "" {
		text = fmt.Sprintf("cell %d of %d", p.Cell, p.Cells)
	}
	select {
	case b.last <- freshet.Progress{Done: p.Done, Total: p.Cells, Text: text}:
	default:
	}
}

func (b *told) end() {
	b.stop()
	<-b.done
}
