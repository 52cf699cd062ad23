package machine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
)

// loops finds circles that need nothing from outside to go round: workflows
// that start each other by what they send or by their ends. Those that a
// condition may break are told as warnings.
func (d *spaceDraft) loops(reply UploadReply) {
	g := newLinks(d)
	for i := range reply {
		if !reply[i].Changed {
			continue
		}
		circle, sure := g.circle(reply[i].Name)
		switch {
		case circle == "":
		case sure:
			d.refuse(freshet.Invalid, "these workflows start each other without end: %s", circle)
			d.hint("take one of the triggers out, or let an `if` or a count decide when it stops")
			return
		default:
			reply[i].Warnings = append(reply[i].Warnings, "these workflows may start each other without end: "+circle)
		}
	}
}

// link is a way in which the run of one workflow starts a run of another.
type link struct {
	to   string
	by   string // for people
	sure bool   // whatever the runs do
}

// links is the graph of a namespace as an upload would leave it.
type links struct {
	from map[string][]link
}

func newLinks(d *spaceDraft) *links {
	emits, gone := map[string][]string{}, map[int64]bool{}
	for name, f := range d.g.Flows {
		emits[name] = f.Emits
	}
	for _, row := range d.d.Workflows {
		emits[row.Name] = row.Emits
	}
	for _, id := range d.d.Untriggers {
		gone[id] = true
	}
	triggers := map[int64]*TriggerRow{}
	for id, t := range d.g.Triggers {
		if !gone[id] && t.Source == freshet.FromFile {
			triggers[id] = &t.TriggerRow
		}
	}
	for i := range d.d.Triggers {
		triggers[d.d.Triggers[i].ID] = &d.d.Triggers[i]
	}
	g := &links{map[string][]link{}}
	sends := map[string][]string{} // key -> workflows
	for name, keys := range emits {
		for _, k := range keys {
			sends[k] = append(sends[k], name)
		}
	}
	for _, t := range triggers {
		for _, key := range t.Events {
			for _, name := range sends[key] {
				g.from[name] = append(g.from[name], link{t.Workflow, "event " + key, slices.Contains(t.Unfiltered, key)})
			}
		}
		for _, name := range t.Workflows {
			if name != "*" {
				g.from[name] = append(g.from[name], link{t.Workflow, "its end", t.Kind == freshet.OnWorkflow})
			}
		}
	}
	for _, list := range g.from {
		slices.SortFunc(list, func(a, b link) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.by, b.by)) })
	}
	return g
}

// circle finds a way from a workflow back to itself: a sure one if there is
// one.
func (g *links) circle(start string) (text string, sure bool) {
	if text := g.walk(start, start, true, map[string]bool{}); text != "" {
		return start + text, true
	}
	if text := g.walk(start, start, false, map[string]bool{}); text != "" {
		return start + text, false
	}
	return "", false
}

func (g *links) walk(at, goal string, sure bool, been map[string]bool) string {
	been[at] = true
	for _, l := range g.from[at] {
		if sure && !l.sure {
			continue
		}
		if l.to == goal {
			return fmt.Sprintf(" -(%s)-> %s", l.by, l.to)
		}
		if !been[l.to] {
			if rest := g.walk(l.to, goal, sure, been); rest != "" {
				return fmt.Sprintf(" -(%s)-> %s%s", l.by, l.to, rest)
			}
		}
	}
	return ""
}
