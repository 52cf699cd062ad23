package cli

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// logPoll is how often logs that grow are read.
const logPoll = 100 * time.Millisecond

// tail reads the log of one start of a task, one try after the other.
type tail struct {
	name string // of the task
	at   client.LogQuery
	rest []byte // of a line that has not ended yet
	done bool
}

// tails reads the logs of a run's tasks and hands out whole lines, so that
// those of tasks that run at once do not mix.
type tails struct {
	client *client.Client
	run    int64
	line   func(t *tail, line []byte) error // with its end of line
	gone   func(t *tail)                    // a try's log is not there any more; may be nil
	all    []*tail
	known  map[string]bool
}

func newTails(c *client.Client, run int64, line func(*tail, []byte) error) *tails {
	return &tails{client: c, run: run, line: line, known: map[string]bool{}}
}

// add takes up the starts that have a log, or may get one.
func (l *tails) add(tasks []freshet.Execution) {
	for _, e := range tasks {
		if e.Seq == 0 || e.Status == freshet.Queued || e.Status == freshet.Waiting {
			continue
		}
		id := taskName(&e) + "#" + number(e.Seq)
		if l.known[id] {
			continue
		}
		l.known[id] = true
		if e.Executor == "" || e.Log == "" && e.Status.Final() && e.Try < 2 {
			continue // decided in the engine, a task whose items have the logs, or never started
		}
		l.all = append(l.all, &tail{name: taskName(&e), at: client.LogQuery{Seq: e.Seq, Try: 1}})
	}
}

// read reads what there is.
func (l *tails) read(ctx context.Context) error {
	open := l.all[:0]
	for _, t := range l.all {
		if err := l.readOne(ctx, t); err != nil && !away(err) {
			return err
		}
		if !t.done {
			open = append(open, t)
		}
	}
	l.all = open
	return nil
}

func (l *tails) readOne(ctx context.Context, t *tail) error {
	for {
		part, err := l.client.Log(ctx, l.run, t.name, t.at)
		if freshet.CodeOf(err) == freshet.NotFound {
			t.done = true
			return nil
		}
		if err != nil {
			return err
		}
		t.at.Offset = part.Next
		if err := l.lines(t, part.Data); err != nil {
			return err
		}
		switch {
		case part.Complete:
			if err := l.flush(t); err != nil {
				return err
			}
			if part.Gone && l.gone != nil {
				l.gone(t)
			}
			if part.Final {
				t.done = true
				return nil
			}
			t.at.Try, t.at.Offset = t.at.Try+1, 0
		case len(part.Data) == 0:
			return nil
		}
	}
}

// lines hands out the lines that are complete.
func (l *tails) lines(t *tail, data []byte) error {
	t.rest = append(t.rest, data...)
	for {
		end := bytes.IndexByte(t.rest, '\n')
		if end < 0 {
			return nil
		}
		if err := l.line(t, t.rest[:end+1]); err != nil {
			return err
		}
		t.rest = t.rest[end+1:]
	}
}

// flush hands out a last line without an end.
func (l *tails) flush(t *tail) error {
	if len(t.rest) == 0 {
		return nil
	}
	err := l.line(t, append(t.rest, '\n'))
	t.rest = nil
	return err
}

// close hands out what came last, of logs that nobody reads on.
func (l *tails) close() error {
	for _, t := range l.all {
		if err := l.flush(t); err != nil {
			return err
		}
	}
	return nil
}

// saysGone tells a person of a log that is not there any more.
func (a *app) saysGone(run int64) func(*tail) {
	return func(t *tail) {
		a.err.line("the log of task %s of run %d, start %d, try %d, is not there any more: its file has been removed", t.name, run, t.at.Seq, t.at.Try)
	}
}

// logLine is a line of a log as JSON.
type logLine struct {
	Task string `json:"task"`
	Seq  int    `json:"seq"`
	Try  int    `json:"try"`
	Line string `json:"line"`
}

var prefixColours = []colour{cyan, green, yellow, magenta, blue}

// prefixed writes lines with the task in front, each task in a colour of its
// own.
func (a *app) prefixed(width int) func(*tail, []byte) error {
	colours := map[string]colour{}
	return func(t *tail, line []byte) error {
		if a.flags.output == jsonFormat || a.flags.output == yamlFormat {
			return a.jsonLine(t, line)
		}
		if _, ok := colours[t.name]; !ok {
			colours[t.name] = prefixColours[len(colours)%len(prefixColours)]
		}
		name := t.name
		if t.at.Seq > 1 {
			name += " #" + number(t.at.Seq)
		}
		blanks := strings.Repeat(" ", max(0, width-len(name)))
		_, err := a.out.Write(append([]byte(a.out.paint(colours[t.name], name+blanks+" |")+" "), line...))
		return err
	}
}

func (a *app) jsonLine(t *tail, line []byte) error {
	return writeJSONLine(a.out, logLine{t.name, t.at.Seq, t.at.Try, strings.TrimRight(string(line), "\r\n")})
}

// nameWidth is the width of the longest name of tasks.
func nameWidth(tasks []freshet.Execution) int {
	width := 0
	for _, e := range tasks {
		width = max(width, len(taskName(&e)))
	}
	return width
}

func (a *app) runLogsCommand() *cobra.Command {
	var follow bool
	c := &cobra.Command{
		Use:   "logs RUN",
		Short: "Print the logs of a run's tasks, with the task before each line",
		Example: `freshet run logs 7
freshet run logs hello -f               # until its latest run ends`,
		ValidArgsFunction: a.completes(a.runNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				tasks, err := server.Tasks(c.Context(), id, followTasks)
				if err != nil {
					return err
				}
				logs := newTails(server, id, a.prefixed(nameWidth(tasks)))
				logs.gone = a.saysGone(id)
				if follow {
					_, err := a.followLogs(c.Context(), logs, nil)
					return err
				}
				logs.add(tasks)
				if err := logs.read(c.Context()); err != nil {
					return err
				}
				return logs.close()
			})
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run ends")
	return takes(c)
}

// followLogs prints a run's logs until it has ended. Seen, if it is not nil,
// sees the run on its way.
func (a *app) followLogs(ctx context.Context, logs *tails, seen func(*freshet.Run, []freshet.Execution)) (freshet.Run, error) {
	f := follower{client: logs.client, run: logs.run, interval: logPoll}
	f.tick = func() error { return logs.read(ctx) }
	f.changed = func(run *freshet.Run, tasks []freshet.Execution) error {
		if seen != nil {
			seen(run, tasks)
		}
		logs.add(tasks)
		return logs.read(ctx)
	}
	run, err := f.follow(ctx)
	if err != nil {
		return run, err
	}
	return run, logs.close()
}

func (a *app) taskLogsCommand() *cobra.Command {
	var follow bool
	var seq int
	c := &cobra.Command{
		Use:   "logs RUN TASK",
		Short: "Print the log of a task",
		Example: `freshet task logs 7 train
freshet task logs hello train -f        # as it is written, until the task ends
freshet task logs 7 train --seq 2       # of its second start
freshet task logs 7 'load[3]'           # of one item of a foreach`,
		ValidArgsFunction: a.completes(a.runNames, a.taskNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c.Context(), args[0], func(server *client.Client, id int64) error {
				var err error
				if follow {
					err = server.FollowLog(c.Context(), id, args[1], seq, a.out)
				} else {
					err = a.taskLog(c.Context(), server, id, args[1], seq)
				}
				if freshet.CodeOf(err) == freshet.Conflict { // it has a log for each item
					return a.itemLogs(c.Context(), server, id, args[1], seq, follow)
				}
				return err
			})
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the task has ended")
	c.Flags().IntVar(&seq, "seq", 0, "N: of its start number N; without it the latest")
	return takes(c)
}

// taskLog prints what there is of a log, all tries of the start.
func (a *app) taskLog(ctx context.Context, c *client.Client, run int64, task string, seq int) error {
	first, err := c.Log(ctx, run, task, client.LogQuery{Seq: seq, Try: 1, Limit: 1})
	if err != nil {
		return err
	}
	if first.Seq == 0 {
		return notStarted(run, task)
	}
	logs := newTails(c, run, func(t *tail, line []byte) error {
		if a.flags.output == jsonFormat || a.flags.output == yamlFormat {
			return a.jsonLine(t, line)
		}
		_, err := a.out.Write(line)
		return err
	})
	logs.gone = a.saysGone(run)
	logs.all = []*tail{{name: task, at: client.LogQuery{Seq: first.Seq, Try: 1}}}
	if err := logs.read(ctx); err != nil {
		return err
	}
	return logs.close()
}

func notStarted(run int64, task string) error {
	return freshet.Errorf(freshet.NotFound, "task %s of run %d has not started yet", task, run).
		WithHint("-f waits for it; `freshet why %d %s` says why", run, task)
}

// itemLogs prints the logs of a start of a foreach, with the item before each
// line.
func (a *app) itemLogs(ctx context.Context, c *client.Client, run int64, task string, seq int, follow bool) error {
	logs := newTails(c, run, a.prefixed(len(task)+len("[0]")))
	logs.gone = a.saysGone(run)
	ended := errors.New("the task has ended")
	f := follower{client: c, run: run, interval: logPoll, tick: func() error { return logs.read(ctx) }}
	f.changed = func(*freshet.Run, []freshet.Execution) error {
		rows, err := c.Task(ctx, run, task)
		if err != nil {
			return err
		}
		own := latestTry(rows)
		if seq == 0 && own != nil {
			seq = own.Seq
		}
		if seq == 0 && !follow {
			return notStarted(run, task)
		}
		logs.add(slices.DeleteFunc(slices.Clone(rows), func(e freshet.Execution) bool { return e.Seq != seq }))
		if err := logs.read(ctx); err != nil {
			return err
		}
		over := slices.ContainsFunc(rows, func(e freshet.Execution) bool { return e.Item == nil && e.Seq == seq && e.Status.Final() })
		if over || !follow {
			return ended
		}
		return nil
	}
	if _, err := f.follow(ctx); err != nil && !errors.Is(err, ended) {
		return err
	}
	return logs.close()
}
