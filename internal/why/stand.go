package why

import (
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/tick"
)

// unmet tells how the rules of a task that has not started stand, each part
// with what it has so far.
func (q *inquiry) unmet(v *view, t *spec.Task, depth int) []freshet.Reason {
	rules := starters(t)
	if len(rules) == 1 {
		return q.post(v, rules[0]).stand(rules[0].When, depth)
	}
	var list []freshet.Reason
	for i, r := range rules {
		if i == shownParts {
			return append(list, more(len(rules)-i, "rule"))
		}
		list = append(list, freshet.Reason{Kind: freshet.WhyRule, Text: sentence("rule %d of %d, %s %s", i+1, len(rules), r.Action, describe(v.w, r.When)),
			RunID: v.ID, Task: t.Name, Because: q.post(v, r).stand(r.When, depth)})
	}
	return list
}

// starters are the rules that can start a task.
func starters(t *spec.Task) []*spec.Rule {
	return slices.DeleteFunc(slices.Clone(t.Rules), func(r *spec.Rule) bool { return r.Action == spec.Stop })
}

// stand tells how a condition stands: of several parts, first what is
// missing.
func (p *post) stand(c *spec.Condition, depth int) []freshet.Reason {
	switch c.Kind {
	case spec.AllOf:
		return p.standAll(c, depth)
	case spec.AnyOf:
		one := p.about(c, "one of these is enough")
		for i, part := range c.Parts {
			if i == shownParts {
				one.Because = append(one.Because, more(len(c.Parts)-i, "part"))
				break
			}
			list := p.stand(part, depth)
			if part.Kind == spec.AllOf {
				all := p.about(part, "all of these together")
				all.Because = list
				list = []freshet.Reason{all}
			}
			one.Because = append(one.Because, list...)
		}
		return []freshet.Reason{one}
	case spec.AfterIs, spec.StatusIs:
		return p.standTasks(c, depth)
	}
	r := p.signal(c)
	r.Text = sentence("%s", r.Text)
	return []freshet.Reason{r}
}

// about is a reason about a condition.
func (p *post) about(c *spec.Condition, format string, args ...any) freshet.Reason {
	r := freshet.Reason{Kind: freshet.ReasonKind(c.Kind), Text: sentence(format, args...), Key: c.Key, Met: yes(p.look.Met(c))}
	if c.If != nil {
		r.Expression = c.If.Source()
	}
	if p.v != nil {
		r.RunID, r.Task = p.v.ID, p.task()
	} else {
		r.Trigger, r.Workflow = p.t.ID, p.t.Workflow
	}
	return r
}

func (p *post) standAll(c *spec.Condition, depth int) []freshet.Reason {
	var missing, have []freshet.Reason
	for _, part := range c.Parts {
		met := p.look.Met(part)
		if len(missing)+len(have) >= shownParts {
			break
		}
		list := p.stand(part, depth)
		if part.Signal() {
			r := p.signal(part)
			r.Text = map[bool]string{true: "Have: ", false: "Missing: "}[met] + r.Text + "."
			list = []freshet.Reason{r}
		}
		if met {
			have = append(have, list...)
		} else {
			missing = append(missing, list...)
		}
	}
	if n := len(c.Parts) - shownParts; n > 0 {
		have = append(have, more(n, "part"))
	}
	return slices.Concat(p.clocks(c), missing, have)
}

// clocks tells what the time of day has to do with an `all`.
func (p *post) clocks(c *spec.Condition) []freshet.Reason {
	var list []freshet.Reason
	zone := p.rule.Zone
	if p.look.FiredToday(c) {
		r := p.about(c, "it has fired today already, at %s; it can again from %s on", instant(p.look.Node(c).Since, zone),
			instant(tick.NextMidnight(p.q.now, zone), zone))
		r.Due = moment(tick.NextMidnight(p.q.now, zone))
		return []freshet.Reason{r}
	}
	if at := c.NotBefore; at != nil {
		on, due := at.On(p.q.now, zone), p.look.Due(c)
		switch {
		case on.After(p.q.now):
			r := p.about(c, "it does not fire before %s (`not_before`)", instant(on, zone))
			if due.Equal(on) {
				r.Due = moment(on)
			}
			list = append(list, r)
		case due.IsZero() && p.look.Met(c):
			list = append(list, p.about(c, "all of it has come, but nobody looked when its time, %s, came (`not_before`): it fires with the next of its signals", instant(on, zone)))
		}
	}
	if at := c.Deadline; at != nil && !p.look.Met(c) {
		on := at.On(p.q.now, zone)
		r := p.about(c, "the deadline %s has passed: it fires today only when all parts are met", instant(on, zone))
		switch {
		case p.look.Due(c).Equal(on):
			r.Text = sentence("at its deadline, %s, it fires without what is missing then", instant(on, zone))
			r.Due = moment(on)
		case on.After(p.q.now):
			r.Text = sentence("if something comes by its deadline, %s, it fires then without the rest", instant(on, zone))
		}
		list = append(list, r)
	}
	return list
}

// standTasks tells how the tasks stand that a condition looks at, those that
// are not as asked first.
func (p *post) standTasks(c *spec.Condition, depth int) []freshet.Reason {
	var missing, have []spec.Want
	for _, want := range c.Wants {
		if machine.Wanted(p.v.w, p.v.Run, c, want) {
			have = append(have, want)
		} else {
			missing = append(missing, want)
		}
	}
	var list []freshet.Reason
	for i, want := range append(missing, have...) {
		if i == shownParts {
			return append(list, more(len(c.Wants)-i, "task"))
		}
		list = append(list, p.standTask(c, want, i >= len(missing), depth))
	}
	return list
}

func (p *post) standTask(c *spec.Condition, want spec.Want, met bool, depth int) freshet.Reason {
	v, q := p.v, p.q
	t := v.w.Tasks[want.Task]
	r := freshet.Reason{Kind: freshet.ReasonKind(c.Kind), RunID: v.ID, Task: t.Name, Status: v.Tasks[want.Task].Status(), Met: yes(met)}
	x, ran := q.latest(v, want.Task)
	status := now(freshet.Waiting)
	if ran {
		status, _ = q.present(v, t, x)
		status += how(x)
		r.Seq, r.Time = x.Seq, firstOf(x.ended, x.started, x.queued)
	}
	switch {
	case met && x.status == freshet.Failed && t.AllowFailure:
		r.Text = sentence("have: task %s %s, which counts as success (`allow_failure`)", t.Name, status)
	case met:
		r.Text = sentence("have: task %s %s", t.Name, status)
	case r.Status.Final():
		r.Text = sentence("missing: task %s %s, but it has to end %s", t.Name, status, asked(want))
	default:
		r.Text = sentence("waiting for %s: %s", t.Name, state(x, ran, status))
		if !ran && depth > 1 && !v.Status.Final() {
			r.Because = q.unmet(v, t, depth-1)
		}
	}
	return r
}

// state is where a task stands that another waits for: running, not started.
func state(x execution, ran bool, status string) string {
	switch {
	case !ran:
		return "not started"
	case x.status == freshet.Running && strings.HasPrefix(status, "is running"):
		return "running" + tryWords(status)
	case x.status == freshet.Stopping:
		return "stopping"
	}
	return "it " + status
}

// tryWords is what follows "is running".
func tryWords(status string) string {
	if rest, ok := strings.CutPrefix(status, "is running"); ok {
		return rest
	}
	return ""
}

// asked says which ends a condition takes.
func asked(want spec.Want) string { return "in " + endings(want.Statuses) }

func endings(list []freshet.Status) string {
	if len(list) == 4 {
		return "any way"
	}
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = "`" + string(s) + "`"
	}
	return listed(words, "or")
}
