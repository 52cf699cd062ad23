package server

import (
	"bytes"
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
	Grace      time.Duration // for a cell that is interrupted, and then for the kernel, together
	Keeper     *kernelKeeper // nil: no kernel is kept warm
}

// maxNotebookGrace is how long a notebook that is stopped waits at most.
const maxNotebookGrace = 8 * time.Second

// notebookInputOf makes it. What depends on the time depends on the start's,
// so that it is the same whenever it is asked for.
func notebookInputOf(s engine.Start, values map[string]any) (*notebookInput, error) {
	in := &notebookInput{Run: *s.Task.Notebook, Grace: min(maxNotebookGrace, s.Task.StopGrace*3/4)}
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
	names := []papermill.Param{{Name: "run_id", Value: k.Run}, {Name: "task", Value: k.Task}, {Name: "item", Value: item}, {Name: "index", Value: item},
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
	if a.Hide != nil && hides(a.Hide, in.Parameters) {
		return freshet.Errorf(freshet.Invalid, "notebook: with: a value that nobody may read is among its parameters, which would stand in the executed notebook; give it through `env`")
	}
	in.Keeper = kept
	if kept != nil && s.Execution.Call != nil {
		in.Keeper = kept.without(s.Execution.Call.Hidden())
	}
	if a.Input, err = json.Marshal(in); err != nil {
		return fmt.Errorf("notebook: %w", err)
	}
	a.Artifacts = slices.Concat(a.Artifacts, in.artifacts())
	return nil
}

// hides tells whether anything in values is hidden when it is shown.
func hides(hide func(string) string, values any) bool {
	switch v := values.(type) {
	case []papermill.Param:
		return slices.ContainsFunc(v, func(p papermill.Param) bool { return hides(hide, p.Value) })
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return hides(hide, x) })
	case map[string]any:
		for name, x := range v {
			if hides(hide, name) || hides(hide, x) {
				return true
			}
		}
		return false
	case string:
		return hide(v) != v
	}
	return false
}

// defaultOutput is where a notebook goes that does not say: each execution of
// a run has a place of its own, and each try that of its execution. No name of
// a task has a dot.
func defaultOutput(k freshet.Key) string {
	name := k.Task
	if k.Item != freshet.NoItem {
		name += "." + itoa(int64(k.Item))
	}
	if k.Seq > 1 {
		name += ".seq" + itoa(int64(k.Seq))
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
	// What the log says at length is the reason of the failure, whatever else
	// the notebook has written there.
	_ = os.WriteFile(env("FRESHET_OUTPUT"), []byte("reason="+shortReason(err)+"\n"), 0o600)
	return 1
}

// shortReason is one line of a bounded length.
func shortReason(err error) string {
	line := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(line) > reasonRunes {
		line = append(line[:reasonRunes], '…')
	}
	return string(line)
}

const reasonRunes = 500

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
	input := filepath.Join(env("FRESHET_RUN_DIR"), in.Run.Path)
	if sameFile(input, output) {
		return nil, freshet.Errorf(freshet.Invalid, "notebook: output: %s is the notebook itself, which is never written over", in.Output).
			WithHint("choose another `output`")
	}
	var reported string
	if in.Run.Report != nil {
		reported = filepath.Join(filepath.Dir(output), filepath.Base(in.reportPath()))
		_ = os.Remove(reported) // that of an earlier try is not of this one
		if err := report.Check(env, in.reportOptions(env)); err != nil {
			return nil, err
		}
	}
	result, err := notebook.Run(ctx, notebook.Options{
		Input: input, Output: output, Parameters: in.Parameters, Grace: in.Grace,
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
	own, err := os.ReadFile(env("FRESHET_OUTPUT")) // what the notebook itself has written
	if os.IsNotExist(err) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the outputs: %w", err)
	}
	out := map[string]any{"notebook": output, "scraps": scrapsOf(result.Notebook, scrapBytes-len(own), log)}
	if reported != "" && ctx.Err() == nil {
		if err = report.File(ctx, env, output, reported, in.reportOptions(env)); err == nil {
			out["report"] = reported
		}
	}
	if result.Failure != nil && err != nil {
		fmt.Fprintf(log, "there is no report: %v\n", err) // why the notebook failed is what counts
		err = nil
	}
	if result.Failure == nil && err == nil {
		err = writeOutputs(env, out, own)
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

// reportOptions say how its report is made.
func (in *notebookInput) reportOptions(env func(string) string) report.FileOptions {
	o := report.FileOptions{Format: string(in.Run.Report.Format), HideCode: in.Run.Report.HideCode, Interpreter: in.Run.Interpreter,
		Browser: env("FRESHET_BROWSER")}
	if t := in.Run.Report.Template; t != "" {
		o.Template = filepath.Join(env("FRESHET_RUN_DIR"), t)
	}
	return o
}

// scrapBytes leaves room for other outputs beside the scraps.
const scrapBytes = freshet.MaxOutputBytes - 16<<10

// scrapsOf are the scraps that have data, as far as outputs have room for
// them: larger ones stand in the executed notebook alone.
func scrapsOf(nb *nbformat.Notebook, room int, log io.Writer) map[string]any {
	scraps, warnings := papermill.Scraps(nb)
	for _, w := range warnings {
		fmt.Fprintf(log, "warning: %s\n", w)
	}
	out := map[string]any{}
	for _, s := range scraps {
		raw, err := json.Marshal(s.Data)
		if err != nil || s.Data == nil {
			continue
		}
		if len(raw) > room {
			fmt.Fprintf(log, "warning: scrap %s is no output: it has %d bytes, and %d are left; the notebook holds it\n", s.Name, len(raw), max(0, room))
			continue
		}
		room -= len(raw) + len(s.Name) + 8
		out[s.Name] = s.Data
	}
	return out
}

// writeOutputs writes outputs before those that the notebook itself has
// written: whatever is wrong with these, it is said of these.
func writeOutputs(env func(string) string, out map[string]any, own []byte) error {
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(out)) {
		raw, err := json.Marshal(out[name])
		if err != nil {
			return fmt.Errorf("write the output %s: %w", name, err)
		}
		fmt.Fprintf(&text, "%s=%s\n", name, raw)
	}
	text.Write(own)
	if err := os.WriteFile(env("FRESHET_OUTPUT"), text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the outputs: %w", err)
	}
	return nil
}

// sameFile tells whether two paths are of one file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, other := os.Stat(b)
	return err == nil && other == nil && os.SameFile(x, y)
}

// told sends how far a notebook has come, a while behind and only the last:
// nobody waits for it, and nothing depends on it.
type told struct {
	last chan freshet.Progress // of length 1
	done chan struct{}
	stop context.CancelFunc
}

// progressPace is the time between two, and progressAgain that after which the
// last is told once more: a server that has been started again has not heard it.
const (
	progressPace  = 500 * time.Millisecond
	progressAgain = 2 * time.Second
)

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
		again := time.NewTicker(progressAgain)
		defer again.Stop()
		var last *freshet.Progress
		for {
			select {
			case <-ctx.Done():
				return
			case p := <-b.last:
				last = &p
			case <-again.C:
			}
			if last != nil {
				_ = c.SetProgress(ctx, run, *last)
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
