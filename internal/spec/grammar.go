package spec

import (
	"sync"

	yaml "go.yaml.in/yaml/v4"
)

// grammar is the whole format: the objects that refer to each other. Each is
// written once, in the file that bears its name.
type grammar struct {
	workflow  *object[Workflow]
	task      *object[draft]
	finally   *object[draft]
	defaults  *object[draft]
	start     *object[node]
	condition *object[node] // in a task
	trigger   *object[node] // an entry of `on`
	part      *object[node] // inside an entry of `on`
}

// theGrammar builds the grammar at its first use.
var theGrammar = sync.OnceValue(func() *grammar {
	g := &grammar{}
	g.condition = conditionObject()
	g.start = startObject(g.condition)
	g.part = partObject()
	g.trigger = triggerObject(g.part)
	g.task = taskObject()
	g.finally = finallyObject(g.task)
	g.defaults = g.task.pick("defaults", defaultKeys...)
	g.workflow = workflowObject(g.defaults)
	return g
})

// The forms that refer back to the grammar, and so are only known by name
// while it is built.
var (
	conditionForm = form[*Condition]{ref("condition"), func(r *reader, n *yaml.Node) (*Condition, bool) {
		c, _, ok := r.condition(n, r.grammar.condition)
		return c, ok
	}}
	partForm = form[*Condition]{ref("part"), func(r *reader, n *yaml.Node) (*Condition, bool) {
		c, _, ok := r.condition(n, r.grammar.part)
		return c, ok
	}}
	triggersForm = onForm(form[*Trigger]{ref("trigger"), (*reader).readTrigger})
	tasksForm    = form[[]*Task]{
		schema{"type": "object", "additionalProperties": ref("task"), "propertyNames": name.schema, "minProperties": 1},
		(*reader).readTasks,
	}
	finallyForm = form[[]*Task]{
		schema{"type": "object", "additionalProperties": ref("finally"), "propertyNames": name.schema, "minProperties": 1},
		(*reader).readFinally,
	}
)
