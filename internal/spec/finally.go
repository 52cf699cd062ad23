package spec

import (
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// finallyTimeout is the time-out of a task of `finally` that says none: what
// tidies up must not keep a run for ever.
const finallyTimeout = 10 * time.Minute

// finallyObject is a task of `finally`: one that starts when all else has
// ended, and waits for nothing but its like.
func finallyObject(task *object[draft]) *object[draft] {
	o := *task
	o.what = "a task of `finally`"
	o.fields = nil
	o.wrong = map[string]misfit{}
	for _, k := range []string{"start", "stop", "restart", "every", "schedule"} {
		o.wrong[k] = misfit{"`" + k + "` cannot stand in `finally`: its tasks run once", "say whether it runs by `if`, and its order by `after`"}
	}
	o.wrong["optional"] = misfit{"`optional` cannot stand in `finally`: its tasks wait for no event", "leave it out"}
	for _, f := range task.fields {
		switch _, misplaced := o.wrong[f.name]; {
		case misplaced:
			continue
		case f.name == "after":
			f.doc = "The tasks of `finally` that have to succeed before: a name, a list, or {task: status}."
		case f.name == "timeout":
			f.doc = "How long one try may run, from the start of its process; default 10m, whatever `defaults` say; `none`: as long as it takes."
		}
		o.fields = append(o.fields, f)
	}
	o.hints = map[string]string{}
	for k, hint := range task.hints {
		if !strings.Contains(hint, "start") {
			o.hints[k] = hint
		}
	}
	return &o
}

// finallyField reads `finally` behind the other tasks.
func finallyField() field[Workflow] {
	return field[Workflow]{
		name:   "finally",
		doc:    "Tasks that run once when all others have ended, however the run ended. There `run.status` is the result so far.",
		schema: finallyForm.schema,
		read: func(r *reader, n *yaml.Node, w *Workflow) {
			tasks, _ := finallyForm.read(r, n)
			w.Tasks = append(w.Tasks, tasks...)
		},
	}
}

// readFinally reads the tasks of `finally`.
func (r *reader) readFinally(n *yaml.Node) ([]*Task, bool) {
	es, ok := r.mapping(n, "a mapping from names to tasks")
	if !ok {
		return nil, false
	}
	if len(es) == 0 {
		r.hinted(n, CodeEmpty, "leave `finally` out", "an empty mapping where tasks have to be")
		return nil, false
	}
	taken := make(map[string]*draft, len(r.drafts))
	for _, d := range r.drafts {
		taken[strings.ToLower(d.Name)] = d
	}
	for _, e := range es {
		readName(r, e.key)
		if other := taken[strings.ToLower(e.key.Value)]; other != nil {
			r.errorAt(e.key, CodeDuplicate, "there is a task `%s` already, in line %d", other.Name, r.line(other.node))
			continue
		}
		d := &draft{Task: r.defaults.Task, node: e.key}
		d.Finally, d.Timeout = true, finallyTimeout
		r.addDraft(d)
	}
	r.distinct(es.keys())
	es = slices.DeleteFunc(es, func(e entry) bool { return taken[strings.ToLower(e.key.Value)] != nil })
	return r.readBodies(es, r.grammar.finally), true
}

// inFinally tells whether a task of `finally` is being read.
func (r *reader) inFinally() bool { return r.task != NoTask && r.drafts[r.task].Finally }

// namesUnder are the names below a key of the document, before it is read.
func namesUnder(root *yaml.Node, key string) []string {
	below := func(n *yaml.Node, key string) *yaml.Node {
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			if n.Content[i].Value == key {
				return deref(n.Content[i+1])
			}
		}
		return nil
	}
	var names []string
	if n := below(deref(root), key); n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			names = append(names, deref(n.Content[i]).Value)
		}
	}
	return names
}
