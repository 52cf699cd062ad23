package spec

import (
	"path"
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// workflowObject is the top of the file. Fields are read in this order: what
// may be mentioned stands before what mentions it.
func workflowObject(defaults *object[draft]) *object[Workflow] {
	return &object[Workflow]{
		what: "a workflow",
		fields: []field[Workflow]{
			must(key("name", name, func(w *Workflow) *string { return &w.Name },
				"The workflow's name, unique in its namespace.")),
			key("namespace", name, func(w *Workflow) *string { return &w.Namespace },
				"The namespace it belongs to; default: the one it is uploaded to."),
			key("description", plain, func(w *Workflow) *string { return &w.Description },
				"What the workflow is for."),
			key("labels", labelsForm, func(w *Workflow) *map[string]string { return &w.Labels },
				"Names and texts of your own, shown with its runs."),
			key("timezone", timezoneForm, func(w *Workflow) **time.Location { return &w.Timezone },
				"The zone of schedules, days and dates of this file, such as Europe/Paris; default UTC."),
			key("files", listOf("a list of paths", filePath), func(w *Workflow) *[]string { return &w.Files },
				"Files and directories beside this file that travel with the workflow."),
			key("parameters", parametersForm, func(w *Workflow) *[]Parameter { return &w.Parameters },
				"What a run is started with: names with a JSON Schema each. One without a default is required."),
			key("env", envForm, func(w *Workflow) *[]Binding { return &w.Env },
				"Environment variables of all tasks."),
			defaultsField(defaults),
			key("concurrency", concurrencyForm, func(w *Workflow) **Concurrency { return &w.Concurrency },
				"How many runs may be alive at once: a number or {limit, key, overlap, queue}; default: no limit."),
			key("ends", oneOf(Settled, Idle, Never), func(w *Workflow) *Ends { return &w.Ends },
				"When a run with nothing alive is over: settled (nothing can start any more), idle (the same without waiting for events) or never. The default is never if a tick can start or restart a task, else settled."),
			key("timeout", duration, func(w *Workflow) *time.Duration { return &w.Timeout },
				"How long a run may take; then it is stopped and has failed."),
			key("on", triggersForm, func(w *Workflow) *[]*Trigger { return &w.On },
				"What starts runs: conditions with the parameters that they give. A condition or a list of them."),
			must(key("tasks", tasksForm, func(w *Workflow) *[]*Task { return &w.Tasks },
				"The tasks by name.")),
			finallyField(),
			key("outputs", callersForm, func(w *Workflow) *[]NamedProgram { return &w.Outputs },
				"What a run gives to those who wait for it: names with a CEL expression each, computed at the run's end."),
			stopField(),
			key("retention", retention, func(w *Workflow) *time.Duration { return &w.Retention },
				"How long ended runs are kept: a duration such as 90d, or forever; default: as long as the server says (30d)."),
		},
		hints: map[string]string{
			"jobs":      "did you mean `tasks`?",
			"steps":     "did you mean `tasks`?",
			"params":    "did you mean `parameters`?",
			"inputs":    "did you mean `parameters`?",
			"schedule":  "write `on: [{schedule: …}]`",
			"every":     "write `on: [{every: …}]`",
			"event":     "write `on: [{event: …}]`",
			"triggers":  "did you mean `on`?",
			"trigger":   "did you mean `on`?",
			"cron":      "write `on: [{schedule: …}]`",
			"version":   "leave it out: versions are made from the content",
			"variables": "did you mean `env`?",
		},
		open: true,
	}
}

// defaultsField reads `defaults` into the reader, where every task begins.
func defaultsField(o *object[draft]) field[Workflow] {
	return field[Workflow]{
		name:   "defaults",
		doc:    "Keys for every task that does not say them itself: " + strings.Join(defaultKeys, ", ") + ".",
		schema: o.schema(),
		read:   func(r *reader, n *yaml.Node, _ *Workflow) { o.read(r, n, &r.defaults) },
	}
}

// stopField reads the workflow's own `stop`, the last of the rules.
func stopField() field[Workflow] {
	return field[Workflow]{
		name:   "stop",
		doc:    "A condition that stops the run's tasks and ends it, in success unless a failure stands.",
		schema: conditionForm.schema,
		read: func(r *reader, n *yaml.Node, w *Workflow) {
			c, ok := conditionForm.read(r, n)
			if ok {
				w.Stop = &Rule{Action: Stop, When: c, Line: r.line(n)}
				r.addRule(nil, w.Stop)
			}
		},
	}
}

// finish fills in what the file leaves unsaid.
func (r *reader) finish() {
	if r.w.Timezone == nil {
		r.w.Timezone = time.UTC
	}
	r.w.Finally = len(r.w.Tasks)
	if i := slices.IndexFunc(r.w.Tasks, func(t *Task) bool { return t.Finally }); i >= 0 {
		r.w.Finally = i
	}
	if r.w.Ends == "" {
		r.w.Ends = Settled
		if slices.ContainsFunc(r.w.Rules, goesOn) {
			r.w.Ends = Never
		}
	}
}

// goesOn tells whether a rule starts its task again and again by the clock.
func goesOn(rule *Rule) bool {
	return rule.Task != NoTask && rule.Action != Stop && slices.ContainsFunc(rule.Nodes, (*Condition).Tick)
}

// callersForm is the workflow's outputs with their expressions.
var callersForm = *convert(
	distinctPairs(pairsOf("a mapping from outputs to expressions", name, program(ofCallers, ""))),
	func(ps []pair[*expr.Program]) []NamedProgram {
		programs := make([]NamedProgram, 0, len(ps))
		for _, p := range ps {
			programs = append(programs, NamedProgram{p.key.Value, p.value})
		}
		return programs
	})

var labelsForm = *convert(pairsOf("a mapping from names to texts", name, anyPlain), func(ps []pair[string]) map[string]string {
	labels := make(map[string]string, len(ps))
	for _, p := range ps {
		labels[p.key.Value] = p.value
	}
	return labels
})

// filePath is a path that stays below the workflow file's directory.
var filePath = form[string]{schema{"type": "string", "minLength": 1}, func(r *reader, n *yaml.Node) (string, bool) {
	s, ok := plain.read(r, n)
	if !ok {
		return "", false
	}
	wrong := ""
	switch {
	case strings.TrimSpace(s) == "":
		wrong = "a path is not empty"
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "~"), len(s) > 1 && s[1] == ':':
		wrong = "a path begins in the directory of the workflow file, not at the root"
	case strings.Contains(s, `\`):
		wrong = "paths are written with `/`"
	case path.Clean(s) == "..", strings.HasPrefix(path.Clean(s), "../"), strings.Contains("/"+s+"/", "/../"):
		wrong = "a path stays below the directory of the workflow file, without `..`"
	}
	if wrong != "" {
		r.errorAt(n, CodeValue, "%s: %s", excerpt(s), wrong)
		return "", false
	}
	return s, true
}}
