package machine

import (
	"fmt"
	"slices"
	"time"

	"github.com/freshet/freshet"
)

// upload keeps workflows, all or none, and brings their triggers up to their
// files.
func (d *spaceDraft) upload() {
	e, g := d.e, d.g
	reply := make(UploadReply, len(e.Body.Upload))
	next := e.Body.FirstTrigger
	for i, u := range e.Body.Upload {
		if other, ok := g.twin(u.Name); ok {
			d.refuse(freshet.Conflict, "there is a workflow %s.%s already, and names are one if they differ in case only", g.Namespace, other)
			d.hint("call it %s, or give it another name", other)
			return
		}
		reply[i].Name, reply[i].Version = u.Name, u.Version
		row := WorkflowRow{Namespace: g.Namespace, Name: u.Name, Version: u.Version, Description: u.Description,
			Tasks: u.Tasks, Emits: u.Emits, Retention: u.Retention, Enabled: true, CreatedAt: e.Time, UpdatedAt: e.Time}
		f, known := g.Flows[u.Name]
		if known {
			if f.Version == u.Version {
				continue
			}
			row.CreatedAt, row.Enabled = f.CreatedAt, f.Enabled
			if len(f.waiting())+len(f.Places.waiting()) > 0 { // the new version may give them a place
				d.d.Emit = append(d.d.Emit, Entry{Namespace: g.Namespace, Kind: PlacesChanged, Depth: e.Depth, Cause: e.Offset,
					Body: Body{Workflow: u.Name}})
			}
		} else {
			f = &Flow{}
		}
		reply[i].Changed = true
		d.d.Workflows = append(d.d.Workflows, row)
		d.d.Versions = append(d.d.Versions, VersionRow{Namespace: g.Namespace, Name: u.Name, Version: u.Version,
			Source: u.Source, Files: u.Files, CreatedAt: e.Time})
		if next = d.fileTriggers(u, f, &row, next); d.d.Refused != nil {
			return
		}
		reply[i].Warnings = append(reply[i].Warnings, d.outdated(f, &row)...)
	}
	if d.loops(reply); d.d.Refused != nil {
		return
	}
	if g.Row == nil {
		d.d.Space = &NamespaceRow{Name: g.Namespace, CreatedAt: e.Time}
	}
	d.d.Reply = reply
}

// fileTriggers makes a workflow's triggers those of its new file. One whose
// text is unchanged stays, with its id and all that it remembers.
func (d *spaceDraft) fileTriggers(u Uploaded, f *Flow, row *WorkflowRow, next int64) int64 {
	old := map[string]*Trigger{}
	for _, id := range f.Triggers {
		if t := d.g.Triggers[id]; t.Source == freshet.FromFile {
			old[t.Hash] = t
		}
	}
	for _, on := range u.On {
		on.Namespace, on.Workflow = d.g.Namespace, u.Name
		if t, ok := old[on.Hash]; ok {
			delete(old, on.Hash)
			on.ID, on.Paused, on.CreatedAt, on.Since = t.ID, t.Paused, t.CreatedAt, t.Since
			d.d.Triggers = append(d.d.Triggers, on)
			continue
		}
		on.ID, on.CreatedAt, on.Since = next, d.e.Time, d.e.Time
		next++
		if d.putTrigger(on, row); d.d.Refused != nil {
			return next
		}
	}
	for _, id := range f.Triggers {
		if t := d.g.Triggers[id]; old[t.Hash] == t {
			d.d.Untriggers = append(d.d.Untriggers, id)
		}
	}
	return next
}

// outdated says which triggers that were added at run time no longer fit the
// parameters of a workflow's new version: they would start nothing.
func (d *spaceDraft) outdated(f *Flow, row *WorkflowRow) (warnings []string) {
	for _, id := range f.Triggers {
		t := d.g.Triggers[id]
		if t.Source != freshet.Added {
			continue
		}
		w, err := d.specs.Workflow(row.Name, row.Version)
		if err != nil {
			return nil
		}
		on, err := d.specs.Trigger(&t.TriggerRow, row.Version)
		if err != nil {
			continue
		}
		given := map[string]bool{}
		for _, b := range on.With {
			given[b.Name] = true
		}
		for _, p := range w.Parameters {
			if !p.Optional && !given[p.Name] {
				warnings = append(warnings, fmt.Sprintf("trigger %d gives no parameter %s, which is required now: it will start nothing", id, p.Name))
			}
			delete(given, p.Name)
		}
		for _, b := range on.With {
			if given[b.Name] {
				warnings = append(warnings, fmt.Sprintf("trigger %d gives a parameter %s, which is no more: it will start nothing", id, b.Name))
			}
		}
	}
	return warnings
}

// putTrigger adds a trigger, and lets it wait for its times.
func (d *spaceDraft) putTrigger(row TriggerRow, flow *WorkflowRow) {
	on, err := d.specs.Trigger(&row, flow.Version)
	if err != nil {
		d.refuse(freshet.Invalid, "the trigger cannot be read: %v", err)
		return
	}
	d.d.Triggers = append(d.d.Triggers, row)
	d.size++
	if flow.Enabled && !row.Paused {
		w := &watched{d, &Trigger{TriggerRow: row}, on, &Flow{WorkflowRow: *flow}}
		begin(w, &on.Rule)
	}
}

func (d *spaceDraft) addTrigger() {
	row := *d.e.Body.Trigger
	f := d.flow(row.Workflow)
	if f == nil {
		return
	}
	row.ID, row.Namespace, row.Source = d.e.Body.FirstTrigger, d.g.Namespace, freshet.Added
	row.CreatedAt, row.Since = d.e.Time, d.e.Time
	if d.putTrigger(row, &f.WorkflowRow); d.d.Refused != nil {
		return
	}
	if d.startsOthers(row.Workflow, f.Emits) {
		if circle, sure := newLinks(d).circle(row.Workflow); sure {
			d.refuseLoop(circle)
			return
		}
	}
	d.d.Reply = row.ID
}

// changeTrigger pauses, resumes or deletes triggers.
func (d *spaceDraft) changeTrigger() {
	c := d.e.Body.Change
	ids := []int64{c.ID}
	if c.Workflow != "" {
		f := d.flow(c.Workflow)
		if f == nil {
			return
		}
		ids = slices.Clone(f.Triggers)
	} else if d.g.Triggers[c.ID] == nil {
		d.refuse(freshet.NotFound, "there is no trigger %d in namespace %s", c.ID, d.g.Namespace)
		d.hint("`trigger list -A` shows what there is")
		return
	}
	changed := []int64{}
	for _, id := range ids {
		t := d.g.Triggers[id]
		if c.Kind != "" && t.Kind != c.Kind {
			continue
		}
		if ok := d.change(t, c.Action, c.Workflow != ""); ok {
			changed = append(changed, id)
		}
		if d.d.Refused != nil {
			return
		}
	}
	d.d.Reply = changed
}

// change changes one trigger, and tells whether it did.
func (d *spaceDraft) change(t *Trigger, action freshet.TriggerAction, many bool) bool {
	pause := action == freshet.PauseTrigger
	switch {
	case action == freshet.DeleteTrigger && t.Source == freshet.FromFile:
		if !many {
			d.refuse(freshet.Conflict, "trigger %d stands in the file of %s", t.ID, t.Workflow)
			d.hint("take it out of `on:` and upload the file again, or pause it: `trigger pause %d`", t.ID)
		}
		return false
	case action == freshet.DeleteTrigger:
		d.d.Untriggers = append(d.d.Untriggers, t.ID)
		return true
	case t.Paused == pause:
		return false
	}
	row := t.TriggerRow
	row.Paused = pause
	d.watchAgain(t, row, d.g.Watches(&t.TriggerRow), d.g.Watches(&row))
	return true
}

// watchAgain lets a trigger wait for its times anew, or wait no more. What
// passes while it does not watch is never made up for.
func (d *spaceDraft) watchAgain(t *Trigger, row TriggerRow, was, is bool) {
	if is && !was {
		row.Since = d.e.Time
	}
	d.d.Triggers = append(d.d.Triggers, row)
	d.size++
	if was == is {
		return
	}
	w, err := d.watch(t)
	switch {
	case err != nil: // it cannot be read, and waits for nothing
		for k := range t.Dues {
			d.arm(k, time.Time{})
		}
	case is:
		begin(w, &w.on.Rule)
	default:
		rest(w, &w.on.Rule)
	}
}

// enable lets a workflow start, or start no more. Its running runs go on.
func (d *spaceDraft) enable(yes bool) {
	f := d.flow(d.e.Body.Workflow)
	if f == nil || f.Enabled == yes {
		return
	}
	row := f.WorkflowRow
	row.Enabled, row.UpdatedAt = yes, d.e.Time
	d.d.Workflows = append(d.d.Workflows, row)
	for _, id := range f.Triggers {
		if t := d.g.Triggers[id]; !t.Paused {
			d.watchAgain(t, t.TriggerRow, !yes, yes)
		}
	}
}

// deleteFlow forgets a workflow of which no run is alive, with its triggers.
func (d *spaceDraft) deleteFlow() {
	f := d.flow(d.e.Body.Workflow)
	if f == nil {
		return
	}
	if n := f.alive(); n > 0 {
		d.refuse(freshet.Conflict, "workflow %s.%s has %s alive", d.g.Namespace, f.Name, plural(n, "run"))
		d.hint("`run stop-all %s` stops them", f.Name)
		return
	}
	d.d.Unflow = f.Name
	d.d.Untriggers = slices.Clone(f.Triggers)
}

// putNamespace adds a namespace, or changes its properties.
func (d *spaceDraft) putNamespace() {
	s := d.e.Body.Space
	old := d.g.Row
	switch {
	case s.Add && old != nil:
		d.refuse(freshet.Conflict, "there is a namespace %s already", d.g.Namespace)
		d.hint("`namespace update %s` changes its properties", d.g.Namespace)
		return
	case !s.Add && old == nil:
		d.refuse(freshet.NotFound, "there is no namespace %s", d.g.Namespace)
		d.hint("`namespace add %s` adds it", d.g.Namespace)
		return
	case old == nil:
		old = &NamespaceRow{Name: d.g.Namespace, CreatedAt: d.e.Time}
	}
	row := *old
	row.Properties = map[string]any{}
	for k, v := range old.Properties {
		row.Properties[k] = v
	}
	for k, v := range s.Properties {
		if v == nil {
			delete(row.Properties, k)
		} else {
			row.Properties[k] = v
		}
	}
	d.d.Space = &row
}

func (d *spaceDraft) dropNamespace() {
	name := d.g.Namespace
	switch n := len(d.g.Flows); {
	case d.g.Row == nil:
		d.refuse(freshet.NotFound, "there is no namespace %s", name)
		d.hint("`namespace list` shows what there is")
	case name == freshet.DefaultNamespace:
		d.refuse(freshet.Conflict, "the namespace %s is always there", name)
	case n > 0:
		d.refuse(freshet.Conflict, "namespace %s holds %s", name, plural(n, "workflow"))
		d.hint("delete them first: `workflow list -n %s`", name)
	default:
		d.d.Gone = true
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}
