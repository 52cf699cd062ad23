package cli

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/spec"
)

// view shows a run that is followed.
type view interface {
	// show is called with the run as it stands.
	show(*freshet.Run, []freshet.Execution) error
	// tick is called now and then in between.
	tick() error
	// end is called when the run has ended, after a last show.
	end(*freshet.Run) error
}

// watch follows a run and returns it as it ended: a live table on a terminal,
// a line for each change elsewhere, JSON as a stream of executions.
func (a *app) watch(ctx context.Context, c *client.Client, run int64) (freshet.Run, error) {
	var v view = &lineView{app: a, seen: map[string]freshet.Status{}}
	switch {
	case a.flags.output == jsonFormat, a.flags.output == yamlFormat:
		v = &jsonView{app: a, seen: map[string]freshet.Status{}}
	case a.out.terminal && a.flags.output == tableFormat && a.env("TERM") != "dumb":
		v = &liveView{app: a, p: a.out}
	}
	return a.watchWith(ctx, c, run, v)
}

func (a *app) watchWith(ctx context.Context, c *client.Client, run int64, v view) (freshet.Run, error) {
	f := follower{client: c, run: run, changed: v.show, tick: v.tick, interval: time.Second}
	ended, err := f.follow(ctx)
	if err != nil {
		return ended, err
	}
	return ended, v.end(&ended)
}

// newly are the executions whose status is not the one that was seen last;
// those that have not begun are left out.
func newly(seen map[string]freshet.Status, tasks []freshet.Execution) []freshet.Execution {
	var out []freshet.Execution
	for _, e := range tasks {
		id := taskName(&e) + "#" + number(e.Seq) + "." + number(e.Try)
		if e.Status == freshet.Waiting || seen[id] == e.Status {
			continue
		}
		seen[id] = e.Status
		out = append(out, e)
	}
	return out
}

// lineView writes a line for each change: for pipes and logs. That something is
// queued is said only if it stays so.
type lineView struct {
	app    *app
	seen   map[string]freshet.Status
	run    freshet.Status
	queued []freshet.Execution
	flow   *spec.Workflow // what it runs; nil where that is not at hand
}

func (v *lineView) show(run *freshet.Run, tasks []freshet.Execution) error {
	p, now := v.app.out, v.app.clock(v.app.out)
	if run.Status != v.run && !run.Status.Final() {
		p.line("%s  run %d of %s.%s %s", now.time(now.now), run.ID, run.Namespace, run.Workflow, v.paint(run.Status))
	}
	v.run, v.queued = run.Status, nil
	var begun []freshet.Execution
	for _, e := range tasks {
		if e.Status == freshet.Queued {
			v.queued = append(v.queued, e)
		} else {
			begun = append(begun, e)
		}
	}
	changed := newly(v.seen, begun)
	slices.SortStableFunc(changed, func(x, y freshet.Execution) int {
		return cmp.Or(v.when(now, &x).Compare(v.when(now, &y)), cmp.Compare(endsLast(&x), endsLast(&y)))
	})
	for _, e := range changed {
		p.line("%s", v.line(now, &e))
	}
	return nil
}

func (v *lineView) tick() error {
	now := v.app.clock(v.app.out)
	for _, e := range newly(v.seen, v.queued) {
		v.app.out.line("%s", v.line(now, &e))
	}
	return nil
}

func (v *lineView) paint(s freshet.Status) string {
	return v.app.out.paint(statusColour(s), string(s))
}

// when is the time of a change, now where it has none of its own.
func (v *lineView) when(now clock, e *freshet.Execution) time.Time {
	switch {
	case e.EndedAt != nil:
		return *e.EndedAt
	case e.StartedAt != nil && e.Status == freshet.Running:
		return *e.StartedAt
	case e.QueuedAt != nil && e.Status == freshet.Queued:
		return *e.QueuedAt
	}
	return now.now
}

// endsLast puts what ended with its last item behind its items.
func endsLast(e *freshet.Execution) int {
	if e.Item == nil && e.Status.Final() {
		return 1
	}
	return 0
}

func (v *lineView) line(now clock, e *freshet.Execution) string {
	text := now.time(v.when(now, e)) + "  " + taskName(e)
	if e.Seq > 1 {
		text += " #" + number(e.Seq)
	}
	if e.Try > 1 {
		text += ", try " + number(e.Try)
	}
	text += " " + v.paint(e.Status)
	if e.Status.Final() && e.StartedAt != nil {
		text += " in " + now.took(e.StartedAt, e.EndedAt)
	}
	if why := taskReason(e); why != "" {
		text += ": " + oneLine(why)
	}
	if e.Status == freshet.Retrying {
		text += "; " + again(v.flow, e)
	}
	return text
}

func (v *lineView) end(run *freshet.Run) error {
	v.app.out.line("%s", v.app.outcome(v.app.out, run))
	return nil
}

// outcome is the sentence that a run ends with.
func (a *app) outcome(p *printer, run *freshet.Run) string {
	text := "Run " + number(run.ID) + " of " + run.Namespace + "." + run.Workflow + ": " + p.paint(statusColour(run.Status), string(run.Status))
	if run.StartedAt != nil {
		text += " in " + a.clock(p).took(run.StartedAt, run.EndedAt)
	}
	if why := runReason(run); why != "" {
		text += ": " + oneLine(why)
	}
	return text
}

// jsonView writes each change of an execution as a line of JSON.
type jsonView struct {
	app  *app
	seen map[string]freshet.Status
}

func (v *jsonView) show(_ *freshet.Run, tasks []freshet.Execution) error {
	for _, e := range newly(v.seen, tasks) {
		if v.app.flags.output == yamlFormat {
			v.app.out.line("---")
			if err := writeYAML(v.app.out, e); err != nil {
				return err
			}
		} else if err := writeJSONLine(v.app.out, e); err != nil {
			return err
		}
	}
	return nil
}

func (v *jsonView) tick() error            { return nil }
func (v *jsonView) end(*freshet.Run) error { return nil }

// quietView shows nothing.
type quietView struct{}

func (quietView) show(*freshet.Run, []freshet.Execution) error { return nil }
func (quietView) tick() error                                  { return nil }
func (quietView) end(*freshet.Run) error                       { return nil }
