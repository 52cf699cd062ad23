package cli

import (
	"context"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/spec"
)

// disarm pauses what would start further runs of workflows: exec is about one.
func (x *execution) disarm(ctx context.Context, flows []freshet.UploadResult) error {
	armed := 0
	for _, w := range flows {
		n, err := x.pause(ctx, client.TriggerQuery{Namespace: w.Namespace, Workflow: w.Name})
		if err != nil {
			return err
		}
		armed += n
	}
	if armed > 0 {
		x.err.line("%s %s", x.err.paint(cyan, "hint:"),
			x.asCalled("its triggers are not armed by exec; `freshet server start` and `freshet workflow upload` do that"))
	}
	return nil
}

// pause pauses triggers, and says how many there are.
func (x *execution) pause(ctx context.Context, query client.TriggerQuery) (int, error) {
	c, n := x.embedded.client, 0
	for {
		page, err := c.Triggers(ctx, query)
		if err != nil {
			return n, err
		}
		for _, t := range page.Items {
			if _, err := c.ChangeTrigger(ctx, t.ID, freshet.PauseTrigger); err != nil {
				return n, err
			}
			n++
		}
		if query.Cursor = page.Next; page.Next == "" {
			return n, nil
		}
	}
}

// idleTime is for how long nothing of a run has to be alive before a person
// hears what it waits for.
const idleTime = time.Second

// idle says once what a run waits for in which nothing is alive.
type idle struct {
	*execution
	flow  *spec.Workflow
	since time.Time // nothing has been alive since; zero: something is
	said  bool
}

// look is called with the run as it stands, at least every second.
func (i *idle) look(ctx context.Context, run *freshet.Run, tasks []freshet.Execution) {
	alive := slices.ContainsFunc(tasks, func(e freshet.Execution) bool { return e.Status.Alive() })
	switch {
	case alive || run.Status != freshet.Running:
		i.since = time.Time{}
	case i.since.IsZero():
		i.since = time.Now()
	case !i.said && time.Since(i.since) >= idleTime:
		i.said = true
		i.say(ctx, run, tasks)
	}
}

// maxIdle is how many tasks are said to wait.
const maxIdle = 3

func (i *idle) say(ctx context.Context, run *freshet.Run, tasks []freshet.Execution) {
	var keys []string
	said := 0
	for _, e := range tasks {
		t, known := i.flow.Task(e.Task)
		if e.Seq > 0 || e.Status != freshet.Waiting || !known || t.Finally || said == maxIdle {
			continue
		}
		if why, err := i.embedded.client.WhyTask(ctx, run.ID, e.Task); err == nil {
			i.waits(why.Summary)
			said++
			keys = append(keys, heardBy(t)...)
		}
	}
	if said == 0 { // all have run, and may run again
		if why, err := i.embedded.client.WhyRun(ctx, run.ID); err == nil {
			i.waits(why.Summary)
		}
		keys = i.flow.Keys()
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		command := quote(i.name) + " --home " + quote(i.embedded.home) + " event send " + quote(key)
		if run.Namespace != freshet.DefaultNamespace {
			command += " -n " + run.Namespace
		}
		i.err.line("  %s", command)
	}
}

func (i *idle) waits(text string) {
	i.err.line("%s %s", i.err.paint(yellow, "waiting:"), oneLine(text))
}

// asks says what a task asks a person, and how to answer.
func (x *execution) asks(ctx context.Context, run int64, task string) {
	why, err := x.embedded.client.WhyTask(ctx, run, task)
	if err != nil {
		return
	}
	x.err.line("%s %s", x.err.paint(yellow, "waiting:"), oneLine(why.Summary))
	for _, verb := range []string{"approve", "reject"} {
		x.err.line("  %s --home %s task %s %d %s", quote(x.name), quote(x.embedded.home), verb, run, quote(task))
	}
}

// heardBy are the keys of the events that start a task.
func heardBy(t *spec.Task) []string {
	var keys []string
	for _, r := range t.Rules {
		for _, c := range r.Nodes {
			if r.Action == spec.Start && c.Key != "" && c.Kind != spec.MissingIs {
				keys = append(keys, c.Key)
			}
		}
	}
	return keys
}
