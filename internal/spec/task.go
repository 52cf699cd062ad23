package spec

import (
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/tick"
)

// draft is a task while it is read.
type draft struct {
	Task
	node                 *yaml.Node // its name in the file
	bash                 script
	approval             Approval
	maxParallel          int
	failFast             bool
	start, stop, restart []*Rule
	every, schedule      *tick.Schedule
	loose                bool // some of its rules could not be read
}

// defaultKeys are the keys that `defaults` may set for every task: how a
// process is run and what becomes of its failure. What says when a task starts
// or what it is belongs to the task; `env` for all is the workflow's own.
var defaultKeys = []string{"retries", "timeout", "stop_grace", "allow_failure", "executor", "working_dir"}

// processKeys change nothing in a task that is computed in the engine.
var processKeys = []string{"with", "retries", "timeout", "stop_grace", "long_running", "executor", "working_dir", "artifacts"}

// uselessKeys are those of processKeys, and others, that change nothing in a
// task of a kind that has no process.
var uselessKeys = map[Kind][]string{
	Expr:        processKeys,
	Approve:     append([]string{"env"}, processKeys...),
	SubWorkflow: {"env", "stop_grace", "long_running", "executor", "working_dir", "artifacts"},
}

// laterKinds are the kinds of tasks that are not built yet.
var laterKinds = []string{"python", "container", "flink", "spark_submit", "spark_sql", "use"}

const defaultGrace = 10 * time.Second

func taskObject() *object[draft] {
	return &object[draft]{
		what: "a task",
		fields: []field[draft]{
			key("description", plain, func(d *draft) *string { return &d.Description },
				"What the task is for."),

			key("foreach", foreachForm, func(d *draft) **Foreach { return &d.Foreach },
				"One execution per item of a list, an expression, or every combination of {a: [...], b: [...]}. They see item and index."),
			key("max_parallel", whole(1, MaxItems), func(d *draft) *int { return &d.maxParallel },
				"How many items may be alive at once; default: all."),
			key("fail_fast", boolean, func(d *draft) *bool { return &d.failFast },
				"true (default): after an item's final failure no further one starts, and live ones are stopped."),

			key("bash", scriptForm, func(d *draft) *script { return &d.bash },
				"A bash script, run with -e -o pipefail. It reads values from its environment (`env`) or $FRESHET_INPUT (`with`); ${{ }} has no meaning in it."),
			key("command", commandForm, func(d *draft) *[]*expr.Template { return &d.Args },
				"A program with its arguments, run without a shell. ${{ }} may stand in the arguments."),
			key("expr", exprForm, func(d *draft) *[]NamedProgram { return &d.Exprs },
				"Outputs that are computed in the engine, without a process: {output: CEL expression}."),
			key("http", httpForm, func(d *draft) **HTTP { return &d.HTTP },
				"A request to a web server, by a process of its own. Its outputs are status, headers, body and json."),

			key("notebook", notebookForm, func(d *draft) **NotebookRun { return &d.Notebook },
				"A Jupyter notebook: a path or {path, kernel, interpreter, cell_timeout, start_timeout, output, report}. `with` gives its parameters; its outputs are notebook, report and scraps."),

			key("workflow", name, func(d *draft) *string { return &d.Flow },
				"A workflow of the same namespace that runs as this task: its result and its outputs are the task's. `with` gives its parameters."),
			key("approval", approvalForm, func(d *draft) *Approval { return &d.approval },
				"What a person is asked; the task runs, without a slot, until somebody approves or rejects: a message or {message, timeout, on_timeout}."),

			key("start", ruleOf(Start), func(d *draft) *[]*Rule { return &d.start },
				"When the task starts: a condition with `busy`, or a list of them. A task without `start`, `after` and `schedule` starts with the run."),
			key("after", afterForm, func(d *draft) **Condition { return &d.After },
				"The tasks that have to succeed before: a name, a list, or {task: status}. Beside `start` it holds for each of its rules."),
			key("stop", ruleOf(Stop), func(d *draft) *[]*Rule { return &d.stop },
				"When the task is stopped: a condition or a list of them."),
			key("restart", ruleOf(Restart), func(d *draft) *[]*Rule { return &d.restart },
				"When the task is stopped and started again: a condition or a list of them. A task that is not alive starts."),
			key("every", everyForm, func(d *draft) **tick.Schedule { return &d.every },
				"The task also starts each 10m, 1h30m, 7d, counted from the start of the run. A tick that finds it alive is ignored."),
			key("schedule", scheduleForm, func(d *draft) **tick.Schedule { return &d.schedule },
				"The task also starts at the times of a cron expression in the workflow's zone, and only then if it has no `start` or `after`. A tick that finds it alive is ignored."),
			key("if", condition(ofTask), func(d *draft) **expr.Program { return &d.If },
				"A CEL expression, looked at when the task is about to start. If it is false, the task is skipped."),

			key("with", withForm, func(d *draft) *[]Binding { return &d.With },
				"Inputs, for scripts and commands the JSON file $FRESHET_INPUT. A value that is one whole ${{ }} keeps its type."),
			key("env", envForm, func(d *draft) *[]Binding { return &d.Env },
				"Environment variables."),
			key("working_dir", template(ofProcess), func(d *draft) **expr.Template { return &d.WorkingDir },
				"The directory that the process starts in, relative to the run's; default: the run's."),
			key("outputs", outputsForm, func(d *draft) *[]Output { return &d.Outputs },
				"Outputs with their types. They are required, checked and converted; others are allowed and stay text."),
			key("artifacts", artifactsForm, func(d *draft) *[]string { return &d.Artifacts },
				"Files that are kept when a try has ended, however it ended: globs below the task's working directory, one or a list; ** stands for any directories."),
			key("emit", emitForm, func(d *draft) *[]Emit { return &d.Emit },
				"Events that are sent with the task's success: {key, value} or a list of them."),

			key("retries", retriesForm, func(d *draft) *Retries { return &d.Retries },
				"How often a failed try is repeated: a number or {limit, delay, backoff, max_delay, on, on_exit}."),
			key("timeout", timeout, func(d *draft) *time.Duration { return &d.Timeout },
				"How long one try may run, from the start of its process; `none` switches a default off."),
			key("stop_grace", duration, func(d *draft) *time.Duration { return &d.StopGrace },
				"The time between SIGTERM and SIGKILL when the task is stopped; default 10s."),
			key("long_running", boolean, func(d *draft) *bool { return &d.LongRunning },
				"A service: it takes no slot and has no default time-out."),
			key("concurrency", taskConcurrencyForm, func(d *draft) **Concurrency { return &d.Concurrency },
				"How many executions of the task may be alive at once over all runs of the workflow: a number or {limit, key}; others wait. Default: no limit."),
			key("optional", boolean, func(d *draft) *bool { return &d.Optional },
				"The run does not wait for the task's events: it may end without it."),
			key("allow_failure", boolean, func(d *draft) *bool { return &d.AllowFailure },
				"A failure does not fail the run, and counts as success for `after`."),
			key("executor", executorForm, func(d *draft) *string { return &d.Executor },
				"Where the process runs; default and so far only: local."),
		},
		later: append([]string{"resources"}, laterKinds...),
		hints: map[string]string{
			"depends":     "did you mean `after`?",
			"depends_on":  "did you mean `after`?",
			"needs":       "did you mean `after`?",
			"run":         "did you mean `bash`?",
			"script":      "did you mean `bash`?",
			"cmd":         "did you mean `command`?",
			"event":       "write `start: {event: …}`",
			"status":      "write `after: {task: status}`, or `start: {status: …}`",
			"busy":        "`busy` stands in `start`, beside its condition",
			"when":        "did you mean `if`, or `start`?",
			"retry":       "did you mean `retries`?",
			"environment": "did you mean `env`?",
		},
	}
}

// readTasks reads all tasks. Their names come first, so that tasks may mention
// each other in any order.
func (r *reader) readTasks(n *yaml.Node) ([]*Task, bool) {
	es, ok := r.mapping(n, "a mapping from names to tasks")
	if !ok {
		return nil, false
	}
	if len(es) == 0 {
		r.errorAt(n, CodeEmpty, "a workflow has at least one task")
		return nil, false
	}
	for _, e := range es {
		readName(r, e.key)
		r.addDraft(&draft{Task: r.defaults.Task, node: e.key})
	}
	r.distinct(es.keys())
	return r.readBodies(es, r.grammar.task), true
}

// addDraft numbers a task that is about to be read, and makes its name known.
func (r *reader) addDraft(d *draft) {
	d.Index, d.Name = len(r.drafts), d.node.Value
	r.tasks[d.Name] = d.Index
	r.drafts = append(r.drafts, d)
}

// readBodies reads the tasks that were added last, one for each entry.
func (r *reader) readBodies(es entries, o *object[draft]) []*Task {
	tasks := make([]*Task, len(es))
	first := len(r.drafts) - len(es)
	for i, e := range es {
		r.task = first + i
		d := r.drafts[r.task]
		r.readTask(d, e.value, o)
		tasks[i] = &d.Task
	}
	r.task = NoTask
	return tasks
}

func (r *reader) readTask(d *draft, n *yaml.Node, o *object[draft]) {
	before := len(r.found)
	es, ok := o.read(r, n, d)
	if !ok {
		r.loosen(true)
		return
	}
	unknown := slices.ContainsFunc(r.found[before:], func(d Diagnostic) bool { return d.Code == CodeUnknownKey })
	r.checkKind(d, es, unknown)
	d.Script, d.Shell = d.bash.text, d.bash.shell
	if d.LongRunning && !d.Finally && !es.has("timeout") {
		d.Timeout = 0
	}
	r.checkForeach(d, es)
	r.checkConcurrency(d.Kind, es.get("concurrency"))
	if d.Kind == Approve {
		d.Approval = &d.approval
	}
	if d.InEngine() {
		r.checkEngineTask(d.Kind, es)
	}
	if d.Kind == Request {
		r.completeHTTP(d, es)
	}
	if d.Kind == Notebook {
		r.completeNotebook(d, es)
	}
	r.addRules(d, es)
}

// checkKind finds the task's kind: there is exactly one. An unknown key may
// well be the kind that is missing, and has been reported.
func (r *reader) checkKind(d *draft, es entries, unknown bool) {
	var kinds []string
	for _, k := range []Kind{Bash, Command, Expr, Request, Notebook, SubWorkflow, Approve} {
		if es.has(string(k)) {
			kinds = append(kinds, "`"+string(k)+"`")
			d.Kind = k
		}
	}
	for _, k := range laterKinds {
		if es.has(k) {
			kinds = append(kinds, "`"+k+"`")
		}
	}
	switch len(kinds) {
	case 0:
		if !unknown {
			r.hinted(d.node, CodeTaskKind, "say what it does: bash, command, expr, http, notebook, workflow or approval", "task `%s` does nothing", d.Name)
		}
	case 1:
	default:
		r.errorAt(d.node, CodeTaskKind, "task `%s` has more than one kind: %s", d.Name, strings.Join(kinds, ", "))
	}
}

// checkEngineTask warns of keys without a meaning where there is no process.
func (r *reader) checkEngineTask(kind Kind, es entries) {
	for _, k := range uselessKeys[kind] {
		if v := es.get(k); v != nil {
			r.warn(v, CodeNoEffect, "", "`%s` changes nothing: the engine decides `%s` itself, without a process", k, kind)
		}
	}
	if v := es.get("outputs"); v != nil && kind == Expr {
		r.hinted(v, CodeValue, "leave `outputs` out", "the outputs of an `expr` task are its own keys")
	}
}
