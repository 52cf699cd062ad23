package spec

import (
	"maps"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// The fields of what an expression may begin with.
var (
	eventFields = []string{"key", "value", "data", "namespace", "sender", "context", "id", "time", "offset"}
	runFields   = []string{"id", "workflow", "namespace", "status", "started_at", "scheduled_at", "event", "missing", "failed_tasks", "parameters"}
	taskFields  = []string{"status", "outputs"}
)

// checkReferences looks at every name that the expressions mention.
func (r *reader) checkReferences(o *order) {
	for i := range r.uses {
		u := &r.uses[i]
		for _, ref := range u.refs {
			switch {
			case ref.Path[0] == "secrets":
				r.checkSecret(u, ref)
				continue
			case ref.Path[0] == "env":
				r.checkSecretEnv(u, ref)
			}
			if len(ref.Path) < 2 {
				continue
			}
			switch ref.Path[0] {
			case "params":
				r.checkParam(u, ref)
			case "tasks":
				r.checkTask(u, ref, o)
			case "env":
				r.checkEnv(u, ref)
			case "run":
				r.checkField(u, ref, 1, "`run`", runFields)
				r.checkLaunch(u, ref)
				if ref.Path[1] == "event" {
					r.checkField(u, ref, 2, "an event", eventFields)
				}
			case "event":
				r.checkField(u, ref, 1, "an event", eventFields)
			case "events":
				r.checkEvent(u, ref)
				r.checkField(u, ref, 2, "an event", eventFields)
			}
		}
	}
}

// unknownYet are the fields of a run that are not known before there is one.
var unknownYet = map[moment][]string{
	atLaunch: {"id", "status", "started_at", "failed_tasks", "parameters"},
	atPlace:  {"status", "started_at", "failed_tasks"},
}

// checkLaunch looks at a field of a run that is about to be made.
func (r *reader) checkLaunch(u *use, ref expr.Ref) {
	field := ref.Path[1]
	if !slices.Contains(unknownYet[u.place.moment], field) {
		return
	}
	hint := "the run's tasks may look at run." + field
	if field == "started_at" {
		hint = "run.scheduled_at is the time of the tick, or of the run's creation"
	}
	message := "`run.%s` is not known before there is a run"
	if u.place.moment == atPlace {
		message = "`run.%s` is not known before the run has its place"
	}
	r.at(u, ref, CodeOrder, Error, hint, message, field)
}

// hearing is a place of which it is known once what is listened to there.
type hearing struct {
	task    int
	trigger *Trigger
	inRule  bool
}

// checkEvent looks at the key of an event that takes part, where it is known
// which do.
func (r *reader) checkEvent(u *use, ref expr.Ref) {
	at := hearing{u.task, u.trigger, u.place.moment == inRule}
	known, asked := r.heard[at]
	if !asked {
		if keys, sure := r.keysOf(u); sure {
			known = make(map[string]bool, len(keys))
			for _, k := range keys {
				known[k] = true
			}
		}
		r.heard[at] = known
	}
	if known == nil || ref.Has || known[ref.Path[1]] {
		return
	}
	hint := "nothing here listens to an event"
	if len(known) > 0 {
		hint = r.suggest(ref.Path[1], func() []string { return slices.Sorted(maps.Keys(known)) })
	}
	r.at(u, ref, CodeUnknownEvent, Error, hint, "no event with the key `%s` takes part", ref.Path[1])
}

// keysOf are the keys that `events` may have where an expression is computed.
// Where a task may start without an event of its own they are those of what
// started the run, which nobody knows.
func (r *reader) keysOf(u *use) (keys []string, sure bool) {
	switch {
	case u.trigger != nil && u.trigger.When == nil: // it could not be read
		return nil, false
	case u.trigger != nil:
		return append(slices.Clone(u.trigger.Events), u.trigger.Workflows...), !slices.Contains(u.trigger.Workflows, anyFlow)
	case u.task == NoTask:
		if u.place.moment != inRule || r.w.Stop == nil {
			return nil, false
		}
		return r.w.Stop.keys(), true
	}
	d := r.drafts[u.task]
	sure = !d.loose && !d.Finally && (u.place.moment == inRule || !d.WithRun)
	for _, rule := range d.Rules {
		if own := rule.keys(); u.place.moment == inRule || rule.Action != Stop {
			keys = append(keys, own...)
			sure = sure && (u.place.moment == inRule || len(own) > 0)
		}
	}
	return keys, sure
}

// keys are the event keys that the rule listens to.
func (rule *Rule) keys() []string {
	var keys []string
	for _, c := range rule.Nodes {
		if c.Key != "" {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

// at reports a problem at the place of a name.
func (r *reader) at(u *use, ref expr.Ref, code string, s Severity, hint, format string, args ...any) {
	line, col := 0, 0
	if !r.full() {
		line, col = r.within(u.node, ref.Line, ref.Col)
	}
	r.report(line, col, code, s, hint, format, args...)
}

func (r *reader) checkField(u *use, ref expr.Ref, i int, of string, fields []string) {
	if len(ref.Path) <= i || slices.Contains(fields, ref.Path[i]) {
		return
	}
	hint := didYouMean(ref.Path[i], fields)
	if of == "an event" && hint == didYouMean("", fields) {
		hint = "what the event carries stands in `event.data`: event.data." + ref.Path[i]
	}
	r.at(u, ref, CodeUnknownField, Error, hint, "%s has no field `%s`", of, ref.Path[i])
}

func (r *reader) checkParam(u *use, ref expr.Ref) {
	if _, known := r.params[ref.Path[1]]; known {
		r.checkHanded(u, ref)
		return
	}
	hint := r.suggest(ref.Path[1], r.paramNames)
	r.at(u, ref, CodeUnknownParam, Error, hint, "there is no parameter `%s`", ref.Path[1])
}

func (r *reader) checkEnv(u *use, ref expr.Ref) {
	var known []string
	bind := func(bs []Binding) {
		for _, b := range bs {
			known = append(known, b.Name)
		}
	}
	switch {
	case u.task == NoTask && u.above >= 0:
		bind(r.w.Env[:min(u.above, len(r.w.Env))])
	case u.task == NoTask:
		bind(r.w.Env)
	default:
		own := r.drafts[u.task].Env
		if u.above >= 0 {
			own = own[:min(u.above, len(own))]
		}
		bind(r.w.Env)
		bind(own)
	}
	if slices.Contains(known, ref.Path[1]) || ref.Has {
		return
	}
	hint := r.suggest(ref.Path[1], func() []string { return known })
	if u.above >= 0 {
		hint = "a variable sees those above it in `env`, and a task's sees the workflow's"
	}
	r.at(u, ref, CodeUnknownEnv, Error, hint, "there is no `%s` in `env`", ref.Path[1])
}

func (r *reader) checkTask(u *use, ref expr.Ref, o *order) {
	name := ref.Path[1]
	i, known := r.tasks[name]
	if !known {
		r.at(u, ref, CodeUnknownTask, Error, r.suggest(name, r.taskNames), "there is no task `%s`", name)
		return
	}
	r.checkField(u, ref, 2, "a task", taskFields)
	if r.drafts[i].Finally && u.place.moment != atRunEnd && u.task != NoTask && !r.drafts[u.task].Finally {
		r.at(u, ref, CodeOrder, Error, "`finally` begins when all others have ended", "`%s` is a task of `finally`, and cannot have run before `%s`", name, r.drafts[u.task].Name)
		return
	}
	if len(ref.Path) < 3 || ref.Path[2] != "outputs" {
		return
	}
	if len(ref.Path) > 3 {
		r.checkOutput(u, ref, &r.drafts[i].Task)
	}
	if !guarded(u, name) {
		o.check(u, ref, i)
	}
}

// guarded tells whether the expression asks by has() for an output of a task,
// and so is ready for a task that has not run.
func guarded(u *use, task string) bool {
	return slices.ContainsFunc(u.refs, func(ref expr.Ref) bool {
		return ref.Has && len(ref.Path) > 2 && ref.Path[0] == "tasks" && ref.Path[1] == task && ref.Path[2] == "outputs"
	})
}

// checkOutput looks at the name of an output. The outputs of an `expr` task
// are known; a process may write more than it declares.
func (r *reader) checkOutput(u *use, ref expr.Ref, t *Task) {
	output := ref.Path[3]
	var names []string
	for _, p := range t.Exprs {
		names = append(names, p.Name)
	}
	for _, o := range t.Outputs {
		names = append(names, o.Name)
	}
	if slices.Contains(names, output) {
		return
	}
	hint := r.suggest(output, func() []string { return names })
	switch {
	case t.Kind == Expr || t.Kind == Request:
		r.at(u, ref, CodeUnknownOutput, Error, hint, "task `%s` has no output `%s`", t.Name, output)
	case !ref.Has && nearest(output, names) != "":
		r.at(u, ref, CodeUnknownOutput, Warning, hint, "task `%s` does not declare the output `%s`", t.Name, output)
	}
}

// nodeOf is where a task stands in the file.
func (r *reader) nodeOf(task int) *yaml.Node { return r.drafts[task].node }

// namesOf joins the names of tasks.
func (r *reader) namesOf(tasks []int, between string) string {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = r.drafts[t].Name
	}
	return strings.Join(names, between)
}
