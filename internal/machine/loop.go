package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// loops finds circles that need nothing from outside to go round: workflows
// that start each other by what they send or by their ends. Those that a
// condition may break are told as warnings.
func (d *spaceDraft) loops(reply UploadReply) {
	var g *links // made for those who may start others
	for _, row := range d.d.Workflows {
		if !d.startsOthers(row.Name, row.Emits) {
			continue
		}
		if g == nil {
			g = newLinks(d)
		}
		circle, sure := g.circle(row.Name)
		if sure {
			d.refuseLoop(circle)
			return
		}
		if circle != "" {
			reply.warn(row.Name, "these workflows may start each other without end: "+circle)
		}
	}
}

// startsOthers tells whether a workflow's runs can start runs at all: most
// send nothing, and nobody waits for their end.
func (d *spaceDraft) startsOthers(name string, emits []string) bool {
	if len(emits) > 0 || len(d.g.byFlow[name]) > 0 {
		return true
	}
	return slices.ContainsFunc(d.d.Triggers, func(t TriggerRow) bool { return slices.Contains(t.Workflows, name) })
}

func (r UploadReply) warn(name, text string) {
	for i := range r {
		if r[i].Name == name {
			r[i].Warnings = append(r[i].Warnings, text)
		}
	}
}

func (d *spaceDraft) refuseLoop(circle string) {
	d.refuse(freshet.Invalid, "these workflows start each other without end: %s", circle)
	d.hint("take one of the triggers out, or let an `if` or a count decide when it stops")
}

// link is a way in which the run of one workflow starts a run of another.
type link struct {
	to string
	by string           // for people
	on []freshet.Status // ends of the one that surely start the other
}

// links is the graph of a namespace as a command would leave it.
type links struct {
	from map[string][]link
}

// sender is a workflow that sends a key; maybe: not in every run that succeeds.
type sender struct {
	workflow string
	maybe    bool
}

var ends = []freshet.Status{freshet.Success, freshet.Failed, freshet.Stopped}

func newLinks(d *spaceDraft) *links {
	g := &links{map[string][]link{}}
	sends := map[string][]sender{} // by key
	note := func(name string, keys []string) {
		for _, k := range keys {
			key, maybe := strings.CutPrefix(k, spec.Maybe)
			sends[key] = append(sends[key], sender{name, maybe})
		}
	}
	changed := map[string]bool{}
	for _, row := range d.d.Workflows {
		changed[row.Name] = true
		note(row.Name, row.Emits)
	}
	for name, f := range d.g.Flows {
		if !changed[name] {
			note(name, f.Emits)
		}
	}
	for _, t := range d.triggersAfter() {
		for _, key := range t.Events {
			for _, s := range sends[key] {
				l := link{to: t.Workflow, by: "event " + key}
				if !s.maybe && slices.Contains(t.Unfiltered, key) {
					l.on = ends[:1]
				}
				g.from[s.workflow] = append(g.from[s.workflow], l)
			}
		}
		for _, name := range t.Workflows {
			if name == "*" {
				continue
			}
			l := link{to: t.Workflow, by: "its end"}
			for _, s := range ends {
				if slices.Contains(t.Unfiltered, spec.EndOf(name, s)) {
					l.on = append(l.on, s)
				}
			}
			g.from[name] = append(g.from[name], l)
		}
	}
	for _, list := range g.from {
		slices.SortFunc(list, func(a, b link) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.by, b.by)) })
	}
	return g
}

// triggersAfter are the namespace's triggers as the command would leave them.
func (d *spaceDraft) triggersAfter() map[int64]*TriggerRow {
	triggers := make(map[int64]*TriggerRow, len(d.g.Triggers))
	for id, t := range d.g.Triggers {
		triggers[id] = &t.TriggerRow
	}
	for _, id := range d.d.Untriggers {
		delete(triggers, id)
	}
	for i := range d.d.Triggers {
		triggers[d.d.Triggers[i].ID] = &d.d.Triggers[i]
	}
	return triggers
}

// circle finds a way from a workflow back to itself: a sure one if there is
// one, which goes round as long as all runs end in the same way.
func (g *links) circle(start string) (text string, sure bool) {
	for _, status := range ends {
		if text := g.walk(start, start, status, map[string]bool{}); text != "" {
			return start + text, true
		}
	}
	if text := g.walk(start, start, "", map[string]bool{}); text != "" {
		return start + text, false
	}
	return "", false
}

func (g *links) walk(at, goal string, status freshet.Status, been map[string]bool) string {
	been[at] = true
	for _, l := range g.from[at] {
		if status != "" && !slices.Contains(l.on, status) {
			continue
		}
		if l.to == goal {
			return fmt.Sprintf(" -(%s)-> %s", l.by, l.to)
		}
		if !been[l.to] {
			if rest := g.walk(l.to, goal, status, been); rest != "" {
				return fmt.Sprintf(" -(%s)-> %s%s", l.by, l.to, rest)
			}
		}
	}
	return ""
}
