package machine

import (
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Registry is the state of a namespace: its workflows, and which of their
// runs are alive. It decides what starts a run, and which run has to wait.
type Registry struct {
	Namespace string
	Flows     map[string]*Flow
}

// Flow is a workflow with its runs that are not over.
type Flow struct {
	WorkflowRow
	Active   []int64 // running or being stopped, oldest first
	Queued   []int64 // wait for a place, oldest first
	Stopping []int64 // those of both that were asked to make room
}

// NewRegistry is the state of a namespace without workflows.
func NewRegistry(namespace string) *Registry {
	return &Registry{Namespace: namespace, Flows: map[string]*Flow{}}
}

// StepRegistry decides what an entry means for a namespace. w is the version
// that a run is to start with, or that the run that ended had; it may be nil
// for other entries.
func StepRegistry(w *spec.Workflow, g *Registry, e *Entry) *Decision {
	d := &Decision{}
	switch e.Kind {
	case Upload:
		g.upload(e, d)
	case StartRun:
		g.start(w, e, d)
	case RunEnded, PlacesChanged:
		g.ended(w, e, d)
	}
	return d
}

func (g *Registry) upload(e *Entry, d *Decision) {
	reply := make(UploadReply, len(e.Body.Upload))
	for i, u := range e.Body.Upload {
		if other, ok := g.twin(u.Name); ok {
			d.Refused = freshet.Errorf(freshet.Conflict, "there is a workflow %s.%s already, and names are one if they differ in case only", g.Namespace, other).
				WithHint("call it %s, or give it another name", other)
			return
		}
		reply[i].Name, reply[i].Version = u.Name, u.Version
		row := WorkflowRow{Namespace: g.Namespace, Name: u.Name, Version: u.Version, Description: u.Description,
			Tasks: u.Tasks, Enabled: true, CreatedAt: e.Time, UpdatedAt: e.Time}
		if f, ok := g.Flows[u.Name]; ok {
			if f.Version == u.Version {
				continue
			}
			row.CreatedAt, row.Enabled = f.CreatedAt, f.Enabled
			if len(f.Queued) > 0 { // the new version may give them a place
				d.Emit = append(d.Emit, Entry{Namespace: g.Namespace, Kind: PlacesChanged, Depth: e.Depth, Cause: e.Offset,
					Body: Body{Workflow: u.Name}})
			}
		}
		reply[i].Changed = true
		d.Workflows = append(d.Workflows, row)
		d.Versions = append(d.Versions, VersionRow{Namespace: g.Namespace, Name: u.Name, Version: u.Version,
			Source: u.Source, Files: u.Files, CreatedAt: e.Time})
	}
	d.Reply = reply
}

// twin finds a workflow whose name differs from the given in case only.
func (g *Registry) twin(name string) (string, bool) {
	if _, ok := g.Flows[name]; ok {
		return "", false
	}
	for other := range g.Flows {
		if strings.EqualFold(other, name) {
			return other, true
		}
	}
	return "", false
}

func (g *Registry) start(w *spec.Workflow, e *Entry, d *Decision) {
	s := e.Body.Start
	d.Flow = s.Workflow
	f, ok := g.Flows[s.Workflow]
	if !ok {
		d.Refused = freshet.Errorf(freshet.NotFound, "there is no workflow %s.%s", g.Namespace, s.Workflow)
		return
	}
	row := RunRow{ID: e.Run, Namespace: g.Namespace, Workflow: s.Workflow, Version: s.Version, Status: freshet.Running,
		Type: s.Type, Parameters: s.Parameters, CreatedAt: e.Time, StartedAt: e.Time, Event: e.Event, Key: s.Key}
	if s.ScheduledAt != nil {
		row.ScheduledAt = *s.ScheduledAt
	}
	if c := w.Concurrency; c != nil && !g.place(c, f, e, d) {
		row.Status = freshet.Queued
		row.StartedAt = row.EndedAt // none yet
	}
	if d.Refused == nil {
		d.NewRuns = append(d.NewRuns, row)
	}
}

// place tells whether a new run may begin at once. If not, it waits, unless
// the overlap refuses it.
func (g *Registry) place(c *spec.Concurrency, f *Flow, e *Entry, d *Decision) bool {
	if len(f.Active) < c.Limit && len(f.Queued) == 0 {
		return true
	}
	name := g.Namespace + "." + f.Name
	switch c.Overlap {
	case spec.SkipRun:
		d.Refused = freshet.Errorf(freshet.Conflict, "%s already has %d of %d runs alive, and its overlap is skip", name, len(f.Active), c.Limit)
	case spec.StopOldest:
		alive := slices.Concat(f.Active, f.Queued)
		alive = slices.DeleteFunc(alive, func(id int64) bool { return slices.Contains(f.Stopping, id) })
		for len(alive) >= c.Limit {
			d.Stopping = append(d.Stopping, alive[0])
			d.Emit = append(d.Emit, Entry{Namespace: g.Namespace, Kind: StopRun, Run: alive[0], Depth: e.Depth,
				Cause: e.Offset, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByLimit}}})
			alive = alive[1:]
		}
	default:
		if len(f.Queued) >= c.Queue {
			d.Refused = freshet.Errorf(freshet.Conflict, "%s has %d runs alive and %d waiting, which is all that its concurrency allows",
				name, len(f.Active), len(f.Queued))
		}
	}
	return false
}

// ended frees the place of a run, and gives it to the oldest that waits.
func (g *Registry) ended(w *spec.Workflow, e *Entry, d *Decision) {
	d.Ended, d.Flow = e.Run, e.Body.Workflow
	f, ok := g.Flows[d.Flow]
	if !ok {
		return
	}
	room := len(f.Queued) // without a limit nothing waits
	if w != nil && w.Concurrency != nil {
		room = w.Concurrency.Limit - len(f.Active)
		if slices.Contains(f.Active, e.Run) {
			room++
		}
	}
	for _, id := range f.Queued {
		if room <= 0 {
			return
		}
		if id == e.Run {
			continue
		}
		d.Admitted = append(d.Admitted, id)
		d.Emit = append(d.Emit, Entry{Namespace: g.Namespace, Kind: RunAdmitted, Run: id, Depth: e.Depth,
			Cause: e.Offset, Body: Body{Workflow: d.Flow}})
		room--
	}
}

// ApplyRegistry brings a namespace's state up to a decision.
func ApplyRegistry(g *Registry, d *Decision) {
	for _, row := range d.Workflows {
		f, ok := g.Flows[row.Name]
		if !ok {
			f = &Flow{}
			g.Flows[row.Name] = f
		}
		f.WorkflowRow = row
	}
	for _, row := range d.NewRuns {
		g.Hold(row)
	}
	f, ok := g.Flows[d.Flow]
	if !ok {
		return
	}
	f.Stopping = append(f.Stopping, d.Stopping...)
	if d.Ended != 0 {
		gone := func(id int64) bool { return id == d.Ended }
		f.Active, f.Queued = slices.DeleteFunc(f.Active, gone), slices.DeleteFunc(f.Queued, gone)
		f.Stopping = slices.DeleteFunc(f.Stopping, gone)
	}
	for _, id := range d.Admitted {
		if i := slices.Index(f.Queued, id); i >= 0 {
			f.Queued = slices.Delete(f.Queued, i, i+1)
			f.Active = append(f.Active, id)
		}
	}
}

// Hold makes the registry know a run that is not over.
func (g *Registry) Hold(row RunRow) {
	f, ok := g.Flows[row.Workflow]
	if !ok {
		return
	}
	if row.Status == freshet.Queued {
		f.Queued = append(f.Queued, row.ID)
	} else {
		f.Active = append(f.Active, row.ID)
	}
	if row.Status == freshet.Stopping {
		f.Stopping = append(f.Stopping, row.ID)
	}
}

// Admit makes the registry know that a run has its place, though the run
// itself has not been told yet.
func (g *Registry) Admit(workflow string, run int64) {
	ApplyRegistry(g, &Decision{Flow: workflow, Admitted: []int64{run}})
}
