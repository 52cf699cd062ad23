package machine

import (
	"fmt"
	"maps"

	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/tick"
)

// Later says which values of a Call mention secrets. They stand in it as
// templates, of which everything else has been computed, and are completed
// when the process starts: so no secret comes into the state, the journal or
// the ledger.
type Later struct {
	Args  []int          `json:"args,omitempty"`  // elements of Args
	Env   []int          `json:"env,omitempty"`   // elements of Env
	Input []string       `json:"input,omitempty"` // keys of Input
	Dir   bool           `json:"dir,omitempty"`
	Zone  string         `json:"zone,omitempty"`  // in which date() names the day
	Given map[string]any `json:"given,omitempty"` // what the templates look at besides; see expr.Restore
}

// Hidden are the names of the variables of a call that mention secrets.
func (c *Call) Hidden() []string {
	var names []string
	if c.Later != nil {
		for _, i := range c.Later.Env {
			names = append(names, c.Env[i][0])
		}
	}
	return names
}

// value computes a value of a call. One that waits for secrets is the text of
// a template, to be marked in what is returned as later.
func (d *draft) value(c *Call, t *expr.Template, vars expr.Vars) (value any, later *Later, err error) {
	if c.Later == nil && !t.MentionsSecrets() {
		value, err = t.Eval(vars)
		return value, nil, err
	}
	value, rest, err := t.Partial(vars)
	if err != nil || rest == nil {
		return value, nil, err
	}
	if c.Later == nil {
		c.Later = &Later{Given: map[string]any{}, Zone: d.w.Timezone.String()}
	}
	expr.Merge(c.Later.Given, rest.Given)
	return rest.Text, c.Later, nil
}

// text is value for what is text.
func (d *draft) text(c *Call, t *expr.Template, vars expr.Vars) (string, *Later, error) {
	if c.Later == nil && !t.MentionsSecrets() {
		s, err := t.Text(vars)
		return s, nil, err
	}
	value, later, err := d.value(c, t, vars)
	return expr.Text(value), later, err
}

// masked computes a text that people read: secrets in it are masked.
func (d *draft) masked(t *expr.Template, vars expr.Vars) (string, error) {
	if vars["secrets"] == nil {
		return t.Text(vars)
	}
	stand := maps.Clone(vars)
	stand["secrets"] = stars{}
	if env, ok := vars["env"].(map[string]any); ok {
		env = maps.Clone(env)
		for name, value := range env {
			if value == expr.Later {
				env[name] = mask
			}
		}
		stand["env"] = env
	}
	return t.Text(stand)
}

const mask = "***"

// stars are secrets for people who must not see them.
type stars struct{}

func (stars) Field(string) (any, bool) { return mask, true }
func (stars) Names() []string          { return nil }

// Complete is the call with its secrets, for the process that starts. It is
// kept nowhere.
func (c *Call) Complete(secrets expr.Object) (*Call, error) {
	l := c.Later
	if l == nil {
		return c, nil
	}
	vars := expr.Restore(l.Given)
	env := make(map[string]any, len(c.Env))
	vars["secrets"], vars["env"] = secrets, env
	if zone, err := tick.Zone(l.Zone); err == nil {
		vars[expr.Zone] = zone
	}
	out := *c
	out.Later = nil
	out.Env = append([][2]string(nil), c.Env...)
	out.Args = append([]string(nil), c.Args...)
	out.Input = maps.Clone(c.Input)
	next := l.Env
	for i, b := range out.Env {
		if len(next) > 0 && next[0] == i {
			next = next[1:]
			var err error
			if out.Env[i][1], err = lateText(b[1], vars); err != nil {
				return nil, fmt.Errorf("env: %s: %w", b[0], err)
			}
		}
		env[b[0]] = out.Env[i][1]
	}
	for _, i := range l.Args {
		var err error
		if out.Args[i], err = lateText(c.Args[i], vars); err != nil {
			return nil, fmt.Errorf("command, element %d: %w", i, err)
		}
	}
	for _, name := range l.Input {
		t, err := lateTemplate(expr.Text(c.Input[name]))
		if err == nil {
			out.Input[name], err = t.Eval(vars)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if l.Dir {
		var err error
		if out.Dir, err = lateText(c.Dir, vars); err != nil {
			return nil, fmt.Errorf("working_dir: %w", err)
		}
	}
	return &out, nil
}

func lateText(source string, vars expr.Vars) (string, error) {
	t, err := lateTemplate(source)
	if err != nil {
		return "", err
	}
	return t.Text(vars)
}

func lateTemplate(source string) (*expr.Template, error) {
	t, problem := expr.ParseTemplate(source, expr.Everything)
	if problem != nil {
		return nil, problem
	}
	return t, nil
}

// known is the env of a call as far as expressions of the engine may see it.
func (c *Call) known() map[string]any {
	env := map[string]any{}
	for _, b := range c.Env {
		env[b[0]] = b[1]
	}
	if c.Later != nil {
		for _, i := range c.Later.Env {
			env[c.Env[i][0]] = expr.Later
		}
	}
	return env
}
