package spec

import (
	"cmp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
)

// ended stands for every final status.
const ended = freshet.Status("ended")

// statuses is one or some of the final statuses, or `ended`.
func statuses(final ...freshet.Status) form[[]freshet.Status] {
	words := oneOrMore("a list of statuses", oneOf(append(slices.Clone(final), ended)...))
	return *convert(words, func(ss []freshet.Status) []freshet.Status {
		if slices.Contains(ss, ended) {
			return final
		}
		return ss
	})
}

// taskName is a name of a task of this file that a rule may wait for.
var taskName = form[string]{name.schema, func(r *reader, n *yaml.Node) (string, bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.mistyped(n, "the name of a task")
		return "", false
	}
	i, known := r.tasks[n.Value]
	last := slices.Contains(r.last, n.Value)
	switch {
	case r.inFinally() && known && !r.drafts[i].Finally:
		r.hinted(n, CodeMisplaced, `look at how it ended: if: tasks.`+n.Value+`.status == "failed"`,
			"`%s` has ended when `finally` begins, and cannot be waited for there", n.Value)
		return "", false
	case !r.inFinally() && last && (!known || r.drafts[i].Finally):
		r.hinted(n, CodeMisplaced, "a task of `finally` begins when all others have ended",
			"`%s` is a task of `finally`; no rule can wait for it", n.Value)
		return "", false
	case !known:
		r.hinted(n, CodeUnknownTask, r.suggest(n.Value, r.siblings), "there is no task %s", excerpt(n.Value))
		return "", false
	}
	return n.Value, true
}}

// statusForm is a mapping from tasks to the statuses that are asked of them.
var statusForm = func() form[[]Want] {
	pairs := pairsOf("a mapping from tasks to statuses", taskName,
		statuses(freshet.Success, freshet.Failed, freshet.Stopped, freshet.Skipped))
	return form[[]Want]{pairs.schema, func(r *reader, n *yaml.Node) ([]Want, bool) {
		ps, ok := pairs.read(r, n)
		if ok && len(ps) == 0 {
			r.errorAt(n, CodeEmpty, "an empty mapping where tasks and their statuses have to be")
			return nil, false
		}
		wants := make([]Want, 0, len(ps))
		for _, p := range ps {
			wants = append(wants, Want{r.tasks[p.key.Value], p.value})
		}
		return wants, ok
	}}
}()

// anyFlow stands for every other workflow of the namespace.
const anyFlow = "*"

// flowName is the name of a workflow of this namespace, which may not be there
// yet, or *.
var flowName = form[string]{
	schema{"type": "string", "pattern": namePattern + `|^\*$`, "maxLength": maxName},
	func(r *reader, n *yaml.Node) (string, bool) {
		if d := deref(n); d.Kind == yaml.ScalarNode && d.Value == anyFlow {
			return anyFlow, true
		}
		return name.read(r, n)
	},
}

// flowsForm is a mapping from workflows to the statuses that are asked of
// their runs, by name; check looks at each name.
func flowsForm(check func(*reader, *yaml.Node) bool) form[[]FlowWant] {
	pairs := pairsOf("a mapping from workflows to statuses", flowName,
		statuses(freshet.Success, freshet.Failed, freshet.Stopped))
	pairs.schema["minProperties"] = 1
	return form[[]FlowWant]{pairs.schema, func(r *reader, n *yaml.Node) ([]FlowWant, bool) {
		ps, ok := pairs.read(r, n)
		if ok && len(ps) == 0 {
			r.errorAt(n, CodeEmpty, "an empty mapping where workflows and their statuses have to be")
			return nil, false
		}
		flows := make([]FlowWant, 0, len(ps))
		for _, p := range ps {
			ok = (check == nil || check(r, p.key)) && ok
			flows = append(flows, FlowWant{p.key.Value, p.value})
		}
		slices.SortFunc(flows, func(a, b FlowWant) int { return cmp.Compare(a.Name, b.Name) })
		return flows, ok
	}}
}

// notItself reports a workflow whose end would start its next run.
func notItself(r *reader, n *yaml.Node) bool {
	if r.w.Name == "" || !strings.EqualFold(n.Value, r.w.Name) {
		return true
	}
	r.hinted(n, CodeLoop, "to run again and again, use `every` or `schedule`; to serve without end, `ends: never`",
		"each end of a run of `%s` would start the next one", r.w.Name)
	return false
}
