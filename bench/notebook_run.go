package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
)

// pythonVariable names the Python that tests of notebooks use as well.
const pythonVariable = "FRESHET_TEST_PYTHON"

// findPapermill finds a Python with which notebooks can be measured.
func (b *bench) findPapermill(ctx context.Context) (*notebookBench, error) {
	python := b.python
	if python == "" {
		python = os.Getenv(pythonVariable)
	}
	missing := errors.New("no Python with ipykernel and papermill: -python PATH or " + pythonVariable)
	if python == "" {
		return nil, missing
	}
	if exec.CommandContext(ctx, python, "-c", "import ipykernel, papermill").Run() != nil {
		return nil, missing
	}
	dir := filepath.Join(b.work, "notebooks")
	return &notebookBench{bench: b, python: python, dir: dir, spec: jupyter.Interpreter(python)}, os.MkdirAll(dir, 0o700)
}

// The notebooks, as the sources of their cells.
var (
	oneCell    = []string{"1 + 1"}
	manyCells  = repeated(200, "x = %d\nx")
	largeCells = repeated(50, `print("%02d" + "x" * 89_998)`)
)

func repeated(n int, source string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(source, i)
	}
	return list
}

func (n *notebookBench) write() error {
	for name, cells := range map[string][]string{"one": oneCell, "many": manyCells, "large": largeCells} {
		list := make([]map[string]any, len(cells))
		for i, source := range cells {
			list[i] = map[string]any{"id": fmt.Sprint("c", i), "cell_type": "code", "source": source,
				"metadata": struct{}{}, "outputs": []any{}, "execution_count": nil}
		}
		raw, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5, "cells": list, "metadata": map[string]any{
			"kernelspec": map[string]any{"name": "python3", "language": "python", "display_name": "Python 3"}}})
		if err == nil {
			err = os.WriteFile(filepath.Join(n.dir, name+".ipynb"), raw, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sample is what was seen of one way to run a notebook.
type sample struct {
	took   []time.Duration
	cpu    time.Duration // of all rounds, the kernels' included
	memory int64         // of the runner without the kernel, at most
}

func (s *sample) median() time.Duration { return quantile(s.took, 0.5) }

func (s *sample) cost() string {
	return fmt.Sprintf("%s CPU", ms(s.cpu/time.Duration(len(s.took))))
}

// compared is one notebook, run in every way.
type compared struct {
	own                            time.Duration   // of its cells
	start                          []time.Duration // of a kernel of its own
	papermill, freshet, cold, task sample
	imported                       []time.Duration // papermill, without its start and imports
}

// compare runs a notebook in every way, in turns, so many times.
func (n *notebookBench) compare(ctx context.Context, name string, cells []string, rounds int) (*compared, error) {
	m := &compared{}
	var err error
	if m.own, err = n.cells(ctx, cells); err != nil {
		return nil, err
	}
	memory, err := n.runPython(ctx, fmt.Sprintf(papermillRuns, filepath.Join(n.dir, name+".ipynb"), filepath.Join(n.dir, "in-memory.ipynb")))
	if err != nil {
		return nil, err
	}
	defer memory.close()
	flow := fmt.Sprintf("name: %s\ntasks:\n  t: {notebook: {path: %s.ipynb, interpreter: %q}}\n", name, name, n.python)
	cold, err := n.server(ctx, name+"-cold", 0, flow, name+".ipynb")
	if err != nil {
		return nil, err
	}
	defer cold.stop()
	warm, err := n.server(ctx, name+"-warm", 1, flow, name+".ipynb")
	if err != nil {
		return nil, err
	}
	defer warm.stop()
	if _, err := warm.run(ctx, name); err != nil { // after it a kernel is kept
		return nil, err
	}
	for i := range rounds {
		begin := time.Now()
		k, err := n.kernel(ctx)
		if err != nil {
			return nil, err
		}
		m.start = append(m.start, time.Since(begin))
		k.Kill(ctx)
		if err := n.sampleCommand(ctx, &m.papermill, n.papermill(name)(n.out("papermill", i))); err != nil {
			return nil, err
		}
		t, err := memory.next("")
		if err != nil {
			return nil, err
		}
		m.imported = append(m.imported, t)
		if err := n.sampleCommand(ctx, &m.freshet, n.freshet(name)(n.out("freshet", i))); err != nil {
			return nil, err
		}
		if err := cold.sample(ctx, &m.cold, name, 0); err != nil {
			return nil, err
		}
		if err := warm.sample(ctx, &m.task, name, 1); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (n *notebookBench) out(who string, round int) string {
	return filepath.Join(n.dir, fmt.Sprintf("%s-%d.ipynb", who, round))
}

func (n *notebookBench) papermill(name string) func(out string) []string {
	return func(out string) []string {
		return []string{n.python, "-m", "papermill", "--no-progress-bar", "-k", "python3", filepath.Join(n.dir, name+".ipynb"), out}
	}
}

func (n *notebookBench) freshet(name string) func(out string) []string {
	return func(out string) []string {
		return []string{n.binary, "notebook", "run", "--interpreter", n.python, filepath.Join(n.dir, name+".ipynb"), out}
	}
}

// command runs one, and returns how much memory it had itself.
func (n *notebookBench) command(ctx context.Context, args []string) (*ran, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = n.dir
	var said strings.Builder
	cmd.Stderr = &said
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	most := highestOf(func() int64 { return highest(cmd.Process.Pid) })
	err := cmd.Wait()
	took := time.Since(begin)
	memory := most()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return &ran{took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory}, nil
}

// highestOf looks at a value again and again until the function that it returns
// is called, which gives the highest.
func highestOf(value func() int64) func() int64 {
	var most int64
	over, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		for {
			select {
			case <-over:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, value())
			}
		}
	}()
	return func() int64 {
		close(over)
		<-looked
		return most
	}
}

// ran is a command that has ended.
type ran struct {
	took, cpu time.Duration
	memory    int64
}

func (n *notebookBench) sampleCommand(ctx context.Context, s *sample, args []string) error {
	r, err := n.command(ctx, args)
	if err != nil {
		return err
	}
	s.took, s.cpu, s.memory = append(s.took, r.took), s.cpu+r.cpu, max(s.memory, r.memory)
	return nil
}

// script is a Python that does something once per line that it is sent, and
// says how many seconds it took.
type script struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func (n *notebookBench) runPython(ctx context.Context, source string) (*script, error) {
	cmd := exec.CommandContext(ctx, n.python, "-W", "ignore", "-c", source)
	cmd.Dir = n.dir // what papermill says on standard error is of no interest
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &script{cmd, in, bufio.NewScanner(out)}, cmd.Start()
}

func (s *script) next(line string) (time.Duration, error) {
	if _, err := fmt.Fprintln(s.in, line); err != nil {
		return 0, err
	}
	for s.out.Scan() {
		var seconds float64
		if n, _ := fmt.Sscanf(s.out.Text(), "took %g", &seconds); n == 1 {
			return time.Duration(seconds * float64(time.Second)), nil
		}
	}
	return 0, errors.New("the Python of the bench has ended")
}

func (s *script) close() {
	s.in.Close()
	_ = s.cmd.Wait()
}

const kernelStarts = `
import sys, time
from jupyter_client.manager import start_new_kernel
for _ in sys.stdin:
    begin = time.perf_counter()
    manager, client = start_new_kernel()
    print("took", time.perf_counter() - begin, flush=True)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
`

const papermillRuns = `
import sys, time, logging, papermill
logging.disable(logging.CRITICAL)
for _ in sys.stdin:
    begin = time.perf_counter()
    papermill.execute_notebook(%q, %q, kernel_name="python3", progress_bar=False)
    print("took", time.perf_counter() - begin, flush=True)
`
