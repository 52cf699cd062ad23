package machine

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// town is a namespace with the runs of one workflow, and their journal.
type town struct {
	t        fataler
	versions map[string]*spec.Workflow
	version  string
	most     int // places that there have ever been
	g        *Registry
	runs     map[int64]*Run
	rows     map[PlaceKey]PlaceRow // as a store has them
	pending  []*Entry
	offset   int64
	next     int64
	largest  int // decision, in rows
	timers   map[string]Timer
	now      time.Time
}

func newTown(t fataler, source string, limit int) *town {
	o := &town{t: t, versions: map[string]*spec.Workflow{}, g: NewRegistry("default"), runs: map[int64]*Run{},
		rows: map[PlaceKey]PlaceRow{}, timers: map[string]Timer{}, now: epoch}
	o.upload(source, limit)
	o.drain()
	return o
}

// upload makes a version with so many places; 0: as many as there are
// executions.
func (o *town) upload(source string, limit int) {
	text := fmt.Sprintf(source, "concurrency: "+fmt.Sprintf("{limit: %d, key: event.value}", limit))
	if limit == 0 {
		text, limit = fmt.Sprintf(source, "description: x"), 1<<30
	}
	version := fmt.Sprintf("v%d", limit)
	o.versions[version] = parse(o.t, text)
	o.most = max(o.most, limit)
	o.version = version
	o.put(Entry{Kind: Upload, Body: Body{Upload: []Uploaded{{Name: "test", Version: version}}}})
}

func (o *town) Workflow(_, version string) (*spec.Workflow, error) { return o.versions[version], nil }

func (o *town) Trigger(*TriggerRow, string) (*spec.Trigger, error) { return nil, fmt.Errorf("none") }

func (o *town) put(e Entry) {
	o.offset++
	e.Offset, e.Time, e.Namespace = o.offset, o.now, "default"
	if ev := e.Event; e.Kind == EventHappened {
		c := *ev
		c.Offset, c.Namespace, c.Time, c.RunID = e.Offset, "default", o.now, e.Run
		e.Event = &c
	}
	o.pending = append(o.pending, &e)
}

// start asks for a run.
func (o *town) start() {
	o.next++
	o.put(Entry{Kind: StartRun, Run: o.next, Body: Body{Start: &RunStart{Workflow: "test", Version: o.version, Type: freshet.Manual}}})
}

func (o *town) drain() {
	for len(o.pending) > 0 {
		o.one()
	}
}

func (o *town) one() {
	e := o.pending[0]
	o.pending = o.pending[1:]
	switch e.Kind {
	case Upload, StartRun, RunEnded, PlacesChanged, AskPlaces:
		o.space(e)
	}
	switch e.Kind {
	case Upload, RunEnded, PlacesChanged, AskPlaces:
	default:
		if st, ok := o.runs[e.Run]; ok {
			o.run(st, e)
		}
	}
}

// stored is a continuation as a store gives it back.
func (o *town) stored(c *Continuation) *Continuation {
	text, err := json.Marshal(c)
	if err != nil {
		o.t.Fatalf("continuation: %v", err)
	}
	var back *Continuation
	if err := json.Unmarshal(text, &back); err != nil {
		o.t.Fatalf("continuation: %v", err)
	}
	return back
}

func (o *town) space(e *Entry) {
	for more := (*Continuation)(nil); ; {
		d := StepRegistry(o, o.g, e, more)
		if again := StepRegistry(o, o.g, e, more); asJSON(o.t, d) != asJSON(o.t, again) {
			o.t.Fatalf("StepRegistry twice differs")
		}
		if d.Refused != nil {
			o.t.Fatalf("%s: %v", e.Kind, d.Refused)
		}
		ApplyRegistry(o.g, d)
		for _, k := range d.Unplaces {
			delete(o.rows, k)
		}
		for _, row := range d.Places {
			o.rows[row.PlaceKey] = row
		}
		for _, row := range d.NewRuns {
			o.runs[row.ID] = NewRun(o.versions[row.Version], row)
		}
		o.largest = max(o.largest, len(d.Places)+len(d.Unplaces)+len(d.Emit))
		for _, en := range d.Emit {
			o.put(en)
		}
		o.compare()
		if d.More == nil {
			return
		}
		more = o.stored(d.More)
	}
}

// compare looks that what is stored of places gives what is in memory.
func (o *town) compare() {
	if len(o.rows) > 100 {
		return // it takes too long
	}
	var loaded Places
	for _, row := range o.rows {
		loaded.Put(&row)
	}
	if diff := cmp.Diff(loaded, o.g.Flows["test"].Places, cmpopts.EquateEmpty()); diff != "" {
		o.t.Fatalf("places (-stored +memory):\n%s", diff)
	}
}

func (o *town) run(st *Run, e *Entry) {
	w := o.versions[st.Version]
	for more := (*Continuation)(nil); ; {
		d := Step(w, st, e, more)
		if d.Refused != nil {
			return
		}
		o.apply(w, st, d)
		if d.More == nil {
			break
		}
		more = o.stored(d.More)
	}
	if st.Status.Final() {
		delete(o.runs, st.ID)
	}
}

func (o *town) apply(w *spec.Workflow, st *Run, d *Decision) {
	Apply(w, st, d)
	o.largest = max(o.largest, len(d.Executions)+len(d.Emit))
	for _, tm := range d.Untimers {
		delete(o.timers, timerName(tm))
	}
	for _, tm := range d.Timers {
		o.timers[timerName(tm)] = tm
	}
	for _, en := range d.Emit {
		if n := en.Body.Places; n != nil && len(n.Ask)+len(n.Free) > 600 {
			o.t.Fatalf("%d asks and %d frees in one entry", len(n.Ask), len(n.Free))
		}
		o.put(en)
	}
	for k, n := range o.alive() {
		if n > o.most {
			o.t.Fatalf("%d executions of %v are alive, of %d", n, k, o.most)
		}
	}
}

// alive counts the executions that have asked for a place and do not wait.
func (o *town) alive() map[PoolKey]int {
	n := map[PoolKey]int{}
	for _, st := range o.runs {
		if len(o.runs) == 1 && st.Alive == 0 {
			continue
		}
		for _, x := range st.Live() {
			if x.Asks > 0 && x.Status != freshet.Waiting {
				n[PoolKey{x.Key.Task, x.Place}]++
			}
		}
	}
	return n
}

// live are the executions that satisfy f, in a fixed order.
func (o *town) live(f func(*Execution) bool) []*Execution {
	var list []*Execution
	for _, id := range sortedIDs(o.runs) {
		for _, x := range o.runs[id].Live() {
			if f(x) {
				list = append(list, x)
			}
		}
	}
	return list
}

func sortedIDs(runs map[int64]*Run) []int64 {
	var ids []int64
	for id := range runs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// process lets an execution that is queued, or has a process, end.
func (o *town) process(x *Execution, code int, lost bool) {
	st := o.runs[x.Key.Run]
	w := o.versions[st.Version]
	if x.Epoch == 0 {
		d := Claim(w, st, x.Key, 1, "n")
		if d == nil {
			o.t.Fatalf("%v cannot be claimed", x.Key)
		}
		o.apply(w, st, d)
	}
	p := &Process{Task: x.Key.Task, Item: x.Key.Item, Seq: x.Key.Seq, Try: x.Key.Try, Epoch: 1, Time: o.now, ExitCode: code}
	if lost {
		p.Code = freshet.CodeLost
	}
	o.put(Entry{Kind: Ended, Run: x.Key.Run, Body: Body{Process: p}})
}

// fire lets all that is due come.
func (o *town) fire(d time.Duration) {
	o.now = o.now.Add(d)
	var names []string
	for name, tm := range o.timers {
		if !tm.Due.After(o.now) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		tm := o.timers[name]
		o.put(Entry{Kind: TimerFired, Run: tm.Key.Run, Body: Body{Timer: &tm}})
	}
}

// settled looks at a town in which nothing is under way.
func (o *town) settled() {
	alive, waiting := o.alive(), map[PoolKey]int{}
	rows := 0
	for _, x := range o.live(func(x *Execution) bool { return x.Asks > 0 }) {
		rows++
		row, ok := o.rows[PlaceOf(x.Key)]
		if !ok || row.Held == (x.Status == freshet.Waiting) || row.Key != x.Place || row.Ask != x.Asks {
			o.t.Fatalf("%v is %s (%q, %d), its place is %+v", x.Key, x.Status, x.Place, x.Asks, row)
		}
		if x.Status == freshet.Waiting {
			waiting[row.pool()]++
		}
	}
	if rows != len(o.rows) {
		o.t.Fatalf("%d executions have asked, %d places are known: %v", rows, len(o.rows), o.rows)
	}
	limit := 1 << 30
	if t, _ := o.versions[o.version].Task("a"); t.Concurrency != nil {
		limit = t.Concurrency.Limit
	}
	for k, n := range waiting {
		if alive[k] < limit {
			o.t.Fatalf("%d executions of %v wait, and %d of %d places are taken", n, k, alive[k], limit)
		}
	}
}

// Whatever happens, in whatever order it is decided: no more executions of a
// task and key are alive than there are places, nobody waits while one is
// free, and each place is somebody's.
func TestPlacesProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		source := rapid.SampledFrom([]string{
			"ends: never\ntasks:\n  a: {start: {event: go, busy: queue}, restart: {event: again}, stop: {event: halt}, retries: {limit: 1, delay: 1s}, %s, bash: x}\n",
			"ends: never\ntasks:\n  a: {start: {event: go, busy: latest}, stop: {event: halt}, restart: {event: again}, foreach: [1, 2, 3], retries: {limit: 1, delay: 1s}, %s, bash: x}\n",
			"tasks:\n  a: {start: {event: go, busy: restart}, if: event.value != 'n', %s, bash: x}\nfinally:\n  f: {bash: x}\n",
			"ends: never\ntasks:\n  a: {start: {event: go, busy: queue}, stop: {event: halt}, restart: {event: again}, %s, approval: yes?}\n",
		}).Draw(rt, "source")
		o := newTown(rt, source, rapid.IntRange(1, 2).Draw(rt, "limit"))
		for range rapid.IntRange(2, 4).Draw(rt, "runs") {
			o.start()
		}
		for range rapid.IntRange(1, 60).Draw(rt, "acts") {
			o.act(rt)
			switch rapid.IntRange(0, 3).Draw(rt, "decide") {
			case 0:
				o.drain()
				o.settled()
			case 1:
			default:
				if len(o.pending) > 0 {
					o.one()
				}
			}
		}
		o.drain()
		o.settled()
		for _, id := range sortedIDs(o.runs) {
			o.put(Entry{Kind: StopRun, Run: id, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByPerson}}})
		}
		o.drain()
		for range 20 {
			for _, x := range o.live(func(x *Execution) bool {
				return x.Status == freshet.Stopping && x.Epoch != 0 || x.Status == freshet.Queued
			}) {
				o.process(x, 143, false)
			}
			o.drain()
		}
		if len(o.runs) > 0 || len(o.rows) > 0 {
			rt.Fatalf("%d runs and the places %v are left", len(o.runs), o.rows)
		}
	})
}

// act lets one thing happen.
func (o *town) act(t *rapid.T) {
	run := rapid.Int64Range(1, o.next).Draw(t, "run")
	switch n := rapid.IntRange(0, 19).Draw(t, "act"); {
	case n < 7:
		key := rapid.SampledFrom([]string{"go", "go", "again", "again", "halt"}).Draw(t, "key")
		o.put(Entry{Kind: EventHappened, Run: run, Event: &freshet.Event{Key: key, Value: rapid.SampledFrom([]string{"x", "y", "n"}).Draw(t, "value")}})
	case n < 13:
		able := o.live(func(x *Execution) bool {
			return x.Status == freshet.Queued || x.Epoch != 0 && x.Status != freshet.Retrying
		})
		if len(able) > 0 {
			o.process(able[rapid.IntRange(0, len(able)-1).Draw(t, "process")], rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "code"), rapid.IntRange(0, 9).Draw(t, "lost") == 0)
		}
	case n < 15:
		o.put(Entry{Kind: rapid.SampledFrom([]Kind{StopTask, RestartTask, StartTask}).Draw(t, "command"), Run: run, Body: Body{Task: "a"}})
	case n == 15:
		o.put(Entry{Kind: AnswerTask, Run: run, Body: Body{Task: "a", Answer: &Answer{Approved: rapid.Bool().Draw(t, "yes"), Item: freshet.NoItem}}})
	case n == 16:
		o.put(Entry{Kind: StopRun, Run: run, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByPerson}}})
	case n == 17:
		o.start()
	case n == 18:
		o.fire(time.Second)
	default:
		o.put(*o.another(t))
	}
}

// another is an upload of the same workflow with another number of places.
func (o *town) another(t *rapid.T) *Entry {
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	version := fmt.Sprintf("v%d", limit)
	if o.versions[version] == nil {
		c := *o.versions[o.version]
		c.Tasks = slices.Clone(c.Tasks)
		a := *c.Tasks[0]
		bound := *a.Concurrency
		bound.Limit = limit
		a.Concurrency = &bound
		c.Tasks[0] = &a
		o.versions[version] = &c
	}
	o.most, o.version = max(o.most, limit), version
	return &Entry{Kind: Upload, Body: Body{Upload: []Uploaded{{Name: "test", Version: version}}}}
}
