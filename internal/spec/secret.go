package spec

import (
	"maps"
	"slices"

	"github.com/freshet/freshet/internal/expr"
)

// checkSecret looks at a secret that is mentioned. Its name stands in the
// file, so that it is known which secrets a run may use.
func (r *reader) checkSecret(u *use, ref expr.Ref) {
	if len(ref.Path) < 2 {
		r.at(u, ref, CodeSecret, Error, "name the one that is meant: secrets.NAME", "`secrets` alone cannot be used: which secrets are used has to stand in the file")
		return
	}
	if wrong := badName(ref.Path[1]); wrong != "" {
		r.at(u, ref, CodeSecret, Error, "names begin with a letter or _ and go on with letters, digits, _ and -", "%s", wrong)
		return
	}
	if r.handed[deref(u.node)] {
		r.at(u, ref, CodeSecret, Error, "the notebook reads it from its environment: env: {"+ref.Path[1]+": \"${{ secrets."+ref.Path[1]+" }}\"}",
			"the parameters of a notebook are written into it, so no secret may be among them")
		return
	}
	if r.handsOver(u) {
		r.at(u, ref, CodeSecret, Error, "the tasks of `"+r.drafts[u.task].Flow+"` can use secrets."+ref.Path[1]+" themselves",
			"a secret cannot be a parameter of another run, with which it would be kept")
	}
}

// handsOver tells whether an expression gives something to another workflow, or
// to a notebook.
func (r *reader) handsOver(u *use) bool {
	return r.handed[deref(u.node)] ||
		u.task != NoTask && u.above < 0 && u.place.roots&expr.Secrets != 0 && r.drafts[u.task].Kind == SubWorkflow
}

// checkSecretEnv looks at variables of `env`. Where secrets may not stand one
// that is made of a secret may not either, and an `env` that holds secrets is
// nowhere used as a whole: which of its values are known has to be known.
func (r *reader) checkSecretEnv(u *use, ref expr.Ref) {
	made := r.secretEnv(u.task)
	switch {
	case len(made) == 0:
	case len(ref.Path) < 2:
		r.at(u, ref, CodeSecret, Error, "name the variables that are meant: env.NAME",
			"`env` holds secrets (`%s`), so it cannot be used as a whole", slices.Sorted(maps.Keys(made))[0])
	case made[ref.Path[1]] && !ref.Has && (u.place.roots&expr.Secrets == 0 || r.handsOver(u)):
		hint := "what the engine itself computes is kept and shown; a process may look at it"
		if r.handed[deref(u.node)] {
			hint = "the notebook finds " + ref.Path[1] + " in its environment"
		}
		r.at(u, ref, CodeSecret, Error, hint,
			"`env.%s` is made of a secret, so it cannot be used here", ref.Path[1])
	}
}

// secretEnv are the variables that a task, or the workflow, makes of secrets,
// directly or of each other.
func (r *reader) secretEnv(task int) map[string]bool {
	if known, ok := r.secretEnvs[task]; ok {
		return known
	}
	made := map[string]bool{}
	add := func(bs []Binding) {
		for _, b := range bs {
			secret := b.Value.MentionsSecrets()
			for _, ref := range b.Value.Refs() {
				if ref.Path[0] == "env" && (len(ref.Path) < 2 && len(made) > 0 || len(ref.Path) > 1 && made[ref.Path[1]]) {
					secret = true
				}
			}
			if secret {
				made[b.Name] = true
			} else {
				delete(made, b.Name)
			}
		}
	}
	add(r.w.Env)
	if task != NoTask {
		add(r.drafts[task].Env)
	}
	r.secretEnvs[task] = made
	return made
}

// addSecrets notes which secrets the expressions mention.
func (r *reader) addSecrets() {
	names := map[string]bool{}
	for i := range r.uses {
		for _, ref := range r.uses[i].refs {
			if ref.Path[0] == "secrets" && len(ref.Path) > 1 {
				names[ref.Path[1]] = true
			}
		}
	}
	r.w.Secrets = slices.Sorted(maps.Keys(names))
}

// WriteOnly lists the parameters whose values are shown to nobody.
func (w *Workflow) WriteOnly() []string {
	var names []string
	for i := range w.Parameters {
		if w.Parameters[i].WriteOnly() {
			names = append(names, w.Parameters[i].Name)
		}
	}
	return names
}

// Hides tells whether a parameter's value is shown to nobody.
func (w *Workflow) Hides(parameter string) bool {
	for i := range w.Parameters {
		if w.Parameters[i].Name == parameter {
			return w.Parameters[i].WriteOnly()
		}
	}
	return false
}

// WriteOnly tells whether the schema says that the parameter's value is given
// and never shown.
func (p *Parameter) WriteOnly() bool {
	yes, _ := p.Schema["writeOnly"].(bool)
	return yes
}

// BadSecretName says what is wrong with the name of a secret, empty if nothing
// is.
func BadSecretName(s string) string { return badName(s) }
