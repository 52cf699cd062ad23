package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
)

// notebooks runs the same notebooks by Freshet and by papermill, in turns,
// beside what nobody can beat: the kernel's own start, and the cells' own time
// in a kernel that is ready.
func notebooks(ctx context.Context, b *bench) error {
	n, err := b.findPapermill(ctx)
	if err != nil {
		b.add("notebooks", "not measured", err.Error(), "", true)
		return nil
	}
	if err := n.write(); err != nil {
		return err
	}
	for _, measure := range []func(context.Context) error{n.kernelStart, n.one, n.many, n.large, n.parallel} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// notebookBench measures with one Python.
type notebookBench struct {
	*bench
	python string
	dir    string
	spec   *jupyter.Spec
}

// rounds is how often each is measured, and fewRounds what takes long: what is
// compared takes turns, so that what else the machine does meets both.
const rounds, fewRounds = 7, 3

// kernelStart measures the kernel's own start, until it answers, by Freshet's
// client and by Jupyter's.
func (n *notebookBench) kernelStart(ctx context.Context) error {
	script, err := n.runPython(ctx, kernelStarts)
	if err != nil {
		return err
	}
	defer script.close()
	var ours, theirs, ends []time.Duration
	for range rounds {
		begin := time.Now()
		k, err := n.kernel(ctx)
		if err != nil {
			return err
		}
		ours = append(ours, time.Since(begin))
		if _, err := k.Execute(ctx, jupyter.Request{Code: oneCell[0], StoreHistory: true}, nil); err != nil {
			return err
		}
		begin = time.Now()
		k.Kill(ctx)
		ends = append(ends, time.Since(begin))
		t, err := script.next("")
		if err != nil {
			return err
		}
		theirs = append(theirs, t)
	}
	n.add("start of a Python kernel, this client", ms(quantile(ours, 0.5)), ms(quantile(theirs, 0.5))+" jupyter_client", "", true)
	n.add("  and its end, when asked", ms(quantile(ends, 0.5)), "", "", true)
	return nil
}

// kernel starts one that is ready.
func (n *notebookBench) kernel(ctx context.Context) (*jupyter.Kernel, error) {
	k, err := jupyter.Start(ctx, *n.spec, jupyter.Options{Dir: n.dir, Env: os.Environ()})
	if err != nil {
		return nil, err
	}
	if _, err := k.Ready(ctx); err != nil {
		k.Kill(ctx)
		return nil, err
	}
	return k, nil
}

// cells is the time of the cells themselves: in a kernel that is ready, with
// nobody writing down what they say.
func (n *notebookBench) cells(ctx context.Context, sources []string) (time.Duration, error) {
	var took []time.Duration
	for range 3 {
		k, err := n.kernel(ctx)
		if err != nil {
			return 0, err
		}
		begin := time.Now()
		for _, code := range sources {
			if _, err := k.Execute(ctx, jupyter.Request{Code: code, StoreHistory: true}, func(*jupyter.Message) {}); err != nil {
				return 0, err
			}
		}
		took = append(took, time.Since(begin))
		k.Kill(ctx)
	}
	return quantile(took, 0.5), nil
}

func (n *notebookBench) one(ctx context.Context) error {
	m, err := n.compare(ctx, "one", oneCell, rounds)
	if err != nil {
		return err
	}
	n.tell("a cell", m)
	cold, start := m.freshet.median(), quantile(m.start, 0.5)
	n.add("a cell, `notebook run` beside the kernel's start", ms(cold), ms(start)+", "+times(cold, start), "1.3 x", cold <= start*13/10)
	n.add("  beside `papermill`", "", fmt.Sprintf("%s faster, %s in memory", times(m.papermill.median(), cold), times(quantile(m.imported, 0.5), cold)),
		"2 x faster", m.papermill.median() >= 2*cold)
	n.add("  memory of the runner", megabytes(m.freshet.memory), megabytes(m.papermill.memory)+" papermill", "under 30 MB", m.freshet.memory < 30e6)
	n.add("  memory of the runner of a task", megabytes(m.task.memory), "", "under 30 MB", m.task.memory < 30e6)
	return nil
}

func (n *notebookBench) many(ctx context.Context) error {
	return n.compared(ctx, "many", "200 cells", manyCells)
}

func (n *notebookBench) large(ctx context.Context) error {
	return n.compared(ctx, "large", "50 cells, 4.5 MB of output", largeCells)
}

func (n *notebookBench) compared(ctx context.Context, name, what string, cells []string) error {
	m, err := n.compare(ctx, name, cells, fewRounds)
	if err == nil {
		n.tell(what, m)
	}
	return err
}

// tell adds the rows that each notebook has.
func (n *notebookBench) tell(what string, m *compared) {
	papermill, imported := m.papermill.median(), quantile(m.imported, 0.5)
	run, cold, warm := m.freshet.median(), m.cold.median(), m.task.median()
	over := warm - m.own
	n.add(what+": its cells alone", ms(m.own), "", "", true)
	n.add(what+": `papermill`", ms(papermill), m.papermill.cost(), "", true)
	n.add(what+": papermill, imported before", ms(imported), "", "", true)
	n.add(what+": `freshet notebook run`", ms(run), times(papermill, run)+" faster; "+m.freshet.cost(), "2 x faster", papermill >= 2*run)
	n.add(what+": task, cold kernel", ms(cold), times(papermill, cold)+" faster", "2 x faster", papermill >= 2*cold)
	n.add(what+": task, warm kernel", ms(warm), fmt.Sprintf("%s faster, %s than in memory; %s", times(papermill, warm), times(imported, warm), m.task.cost()),
		"10 x faster", papermill >= 10*warm)
	n.add("  of it above its cells", ms(over), "", "80 ms", over <= 80*time.Millisecond)
}

// parallel runs eight notebooks at once: each as a command, and as the tasks
// of one run.
func (n *notebookBench) parallel(ctx context.Context) error {
	const many = 8
	var papermill, commands, tasks []time.Duration
	s, err := n.server(ctx, "eight", many, fmt.Sprintf("name: eight\ntasks:\n  t: {foreach: [1, 2, 3, 4, 5, 6, 7, 8], notebook: {path: one.ipynb, interpreter: %q}}\n", n.python), "one.ipynb")
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := s.run(ctx, "eight"); err != nil { // after it the kernels are kept
		return err
	}
	for i := range 3 {
		if err := s.quiet(ctx, many); err != nil {
			return err
		}
		t, err := s.run(ctx, "eight")
		if err != nil {
			return err
		}
		tasks = append(tasks, t)
		if err := s.quiet(ctx, many); err != nil {
			return err
		}
		for _, each := range []struct {
			name string
			to   *[]time.Duration
			args func(out string) []string
		}{{"papermill", &papermill, n.papermill("one")}, {"freshet", &commands, n.freshet("one")}} {
			begin := time.Now()
			k := 0
			outs := make(chan string, many)
			for k = range many {
				outs <- filepath.Join(n.dir, fmt.Sprintf("%s-%d-%d.ipynb", each.name, i, k))
			}
			if err := together(many, many, func() error { _, err := n.command(ctx, each.args(<-outs)); return err }); err != nil {
				return err
			}
			*each.to = append(*each.to, time.Since(begin))
		}
	}
	p, c, t := quantile(papermill, 0.5), quantile(commands, 0.5), quantile(tasks, 0.5)
	n.add("8 notebooks at once: `papermill`", ms(p), "", "", true)
	n.add("8 notebooks at once: `freshet notebook run`", ms(c), times(p, c)+" faster", "", true)
	n.add("8 notebooks at once: tasks, warm kernels", ms(t), times(p, t)+" faster", "", true)
	return nil
}
