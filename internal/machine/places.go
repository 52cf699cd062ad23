package machine

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// PlaceKey names an execution in all its tries: what has or wants a place of
// its task's `concurrency`.
type PlaceKey struct {
	Run  int64
	Task string
	Seq  int
	Item int
}

// PlaceOf is an execution as what has or wants a place.
func PlaceOf(k freshet.Key) PlaceKey { return PlaceKey{k.Run, k.Task, k.Seq, k.Item} }

// MarshalText writes run/seq/item/task.
func (k PlaceKey) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d/%d/%d/%s", k.Run, k.Seq, k.Item, k.Task), nil
}

// UnmarshalText reads what MarshalText has written.
func (k *PlaceKey) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%d/%d/%d/%s", &k.Run, &k.Seq, &k.Item, &k.Task)
	return err
}

func (k PlaceKey) compare(o PlaceKey) int {
	return cmp.Or(cmp.Compare(k.Run, o.Run), cmp.Compare(k.Task, o.Task), cmp.Compare(k.Seq, o.Seq), cmp.Compare(k.Item, o.Item))
}

// PlaceRow is a place of a task's `concurrency` that an execution has, or
// waits for.
type PlaceRow struct {
	PlaceKey
	Namespace string
	Workflow  string
	Key       string // what the key of the concurrency came to
	Ask       int    // which time the execution has asked, from 1
	Since     int64  // the entry that asked, and Nth of those that it asked for: who came first
	Nth       int
	Held      bool // it has it
}

func (r *PlaceRow) pool() PoolKey { return PoolKey{r.Task, r.Key} }

func (r *PlaceRow) order(o *PlaceRow) int {
	return cmp.Or(cmp.Compare(r.Since, o.Since), cmp.Compare(r.Nth, o.Nth))
}

// PoolKey names the executions of a task, over all runs, that share a key of
// its `concurrency`.
type PoolKey struct{ Task, Key string }

// MarshalText lets a pool be a key in JSON.
func (k PoolKey) MarshalText() ([]byte, error) { return []byte(k.Task + "/" + k.Key), nil }

func (k PoolKey) compare(o PoolKey) int {
	return cmp.Or(strings.Compare(k.Task, o.Task), strings.Compare(k.Key, o.Key))
}

// Pool is who has a place, and who waits for one.
type Pool struct {
	Held    int
	Waiting []*PlaceRow // oldest first
}

// Places keeps the places of a workflow's tasks.
type Places struct {
	Rows  map[PlaceKey]*PlaceRow
	Pools map[PoolKey]*Pool
	Runs  map[int64]int // rows of each run
}

// waiting are the pools in which somebody waits, in a fixed order.
func (p *Places) waiting() []PoolKey {
	var keys []PoolKey
	for k, pool := range p.Pools {
		if len(pool.Waiting) > 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, PoolKey.compare)
	return keys
}

// of are the places of a run. It looks at all: only a run that is given up
// ends with some.
func (p *Places) of(run int64) []PlaceKey {
	if p.Runs[run] == 0 {
		return nil
	}
	return slices.SortedFunc(func(yield func(PlaceKey) bool) {
		for k := range maps.Keys(p.Rows) {
			if k.Run == run && !yield(k) {
				return
			}
		}
	}, PlaceKey.compare)
}

// Put keeps a row, or what has changed of it.
func (p *Places) Put(row *PlaceRow) {
	p.drop(row.PlaceKey)
	if p.Rows == nil {
		p.Rows, p.Pools, p.Runs = map[PlaceKey]*PlaceRow{}, map[PoolKey]*Pool{}, map[int64]int{}
	}
	p.Rows[row.PlaceKey] = row
	p.Runs[row.Run]++
	pool := p.Pools[row.pool()]
	if pool == nil {
		pool = &Pool{}
		p.Pools[row.pool()] = pool
	}
	if row.Held {
		pool.Held++
		return
	}
	i, _ := slices.BinarySearchFunc(pool.Waiting, row, (*PlaceRow).order)
	pool.Waiting = slices.Insert(pool.Waiting, i, row)
}

func (p *Places) drop(k PlaceKey) {
	row, ok := p.Rows[k]
	if !ok {
		return
	}
	delete(p.Rows, k)
	if p.Runs[k.Run]--; p.Runs[k.Run] == 0 {
		delete(p.Runs, k.Run)
	}
	pool := p.Pools[row.pool()]
	if row.Held {
		pool.Held--
	} else if i, found := slices.BinarySearchFunc(pool.Waiting, row, (*PlaceRow).order); found && i == 0 {
		pool.Waiting[0] = nil
		pool.Waiting = pool.Waiting[1:] // what waits longest goes first, mostly
	} else if found {
		pool.Waiting = slices.Delete(pool.Waiting, i, i+1)
	}
	if pool.Held == 0 && len(pool.Waiting) == 0 {
		delete(p.Pools, row.pool())
	}
}

// allotment gives away places: what it decides lies over the state.
type allotment struct {
	*spaceDraft
	f     *Flow
	pools map[PoolKey]*allotted
	order []PoolKey // touched
	told  []int64   // runs, in the order in which they are told
	grant map[int64][]PlaceAsk
}

// allotted is a pool as changed.
type allotted struct {
	state   *Pool
	limit   int
	held    int
	freed   int
	waiting int // how many
	next    int // of state.Waiting: those before it are done with
	gone    map[PlaceKey]bool
}

func (d *spaceDraft) allot(f *Flow) *allotment {
	return &allotment{spaceDraft: d, f: f, pools: map[PoolKey]*allotted{}, grant: map[int64][]PlaceAsk{}}
}

// pool is a pool as changed. Its limit is that of the workflow's newest
// version; where that has none, everybody has a place.
func (a *allotment) pool(k PoolKey) *allotted {
	if p, ok := a.pools[k]; ok {
		return p
	}
	p := &allotted{state: a.f.Places.Pools[k], limit: math.MaxInt, gone: map[PlaceKey]bool{}}
	if p.state == nil {
		p.state = &Pool{}
	}
	p.held, p.waiting = p.state.Held, len(p.state.Waiting)
	if w, err := a.specs.Workflow(a.f.Name, a.f.Version); err == nil {
		if t, ok := w.Task(k.Task); ok && t.Concurrency != nil {
			p.limit = t.Concurrency.Limit
		}
	}
	a.pools[k] = p
	a.order = append(a.order, k)
	return p
}

// free takes an execution out of those that have a place, or wait for one.
func (a *allotment) free(k PlaceKey) {
	row, ok := a.f.Places.Rows[k]
	if !ok {
		return
	}
	p := a.pool(row.pool())
	if row.Held {
		p.held--
		p.freed++
	} else {
		p.gone[k] = true
		p.waiting--
	}
	a.size++
}

// pass gives places that are free to those that wait longest, n at most.
func (a *allotment) pass(p *allotted, n int) {
	for ; n > 0 && p.held < p.limit && p.waiting > 0; p.next++ {
		row := p.state.Waiting[p.next]
		if p.gone[row.PlaceKey] {
			continue
		}
		c := *row
		p.waiting--
		n--
		a.give(p, &c)
	}
}

func (a *allotment) give(p *allotted, row *PlaceRow) {
	row.Held = true
	p.held++
	if _, ok := a.grant[row.Run]; !ok {
		a.told = append(a.told, row.Run)
	}
	a.grant[row.Run] = append(a.grant[row.Run], PlaceAsk{row.PlaceKey, row.Key, row.Ask})
	a.put(row)
}

func (a *allotment) put(row *PlaceRow) {
	a.d.Places = append(a.d.Places, *row)
	a.size++
}

// tell tells the runs which places they have got.
func (a *allotment) tell() {
	for _, run := range a.told {
		a.d.Emit = append(a.d.Emit, Entry{Namespace: a.g.Namespace, Kind: GrantPlaces, Run: run, Depth: a.e.Depth, Cause: a.e.Offset,
			Body: Body{Places: &PlacesChange{Grant: a.grant[run]}}})
	}
}

// askPlaces takes what a run says of the places of its tasks: first those that
// it needs no more, which others get, then those that it wants. An execution
// that asks again gives up what it had asked for.
func (d *spaceDraft) askPlaces() {
	f, ok := d.g.Flows[d.e.Body.Workflow]
	if !ok {
		return
	}
	d.d.Flow = f.Name
	c, a := d.e.Body.Places, d.allot(f)
	for _, k := range c.Free {
		a.free(k)
		d.d.Unplaces = append(d.d.Unplaces, k)
	}
	for _, ask := range c.Ask {
		a.free(ask.Place)
	}
	for _, k := range a.order {
		a.pass(a.pools[k], a.pools[k].freed)
	}
	for i, ask := range c.Ask {
		row := &PlaceRow{PlaceKey: ask.Place, Namespace: d.g.Namespace, Workflow: f.Name, Key: ask.Key, Ask: ask.N, Since: d.e.Offset, Nth: i}
		if p := a.pool(row.pool()); p.held < p.limit && p.waiting == 0 {
			a.give(p, row)
		} else {
			p.waiting++
			a.put(row)
		}
	}
	a.tell()
}

// abandon frees what a run that is over has left behind.
func (d *spaceDraft) abandon(f *Flow, run int64) {
	left := f.Places.of(run)
	if len(left) == 0 {
		return
	}
	a := d.allot(f)
	for _, k := range left {
		a.free(k)
		d.d.Unplaces = append(d.d.Unplaces, k)
	}
	for _, k := range a.order {
		a.pass(a.pools[k], a.pools[k].freed)
	}
	a.tell()
}

// rearrange gives away the places that a new version of a workflow may have
// made, to runs and to executions.
func (d *spaceDraft) rearrange() {
	d.d.Flow = d.e.Body.Workflow
	f, ok := d.g.Flows[d.d.Flow]
	if !ok {
		return
	}
	for _, key := range f.waiting() {
		if d.goOn() {
			return
		}
		d.admitNext(f, key, 0)
	}
	a := d.allot(f)
	defer a.tell()
	for _, k := range f.Places.waiting() {
		if d.goOn() {
			return
		}
		p := a.pool(k)
		a.pass(p, usual.rows)
		if p.held < p.limit && p.waiting > 0 {
			d.size = max(d.size, usual.rows)
			d.goOn()
			return
		}
	}
}

// goOn ends a decision that is full; what is left is found again.
func (d *spaceDraft) goOn() bool {
	if d.size < usual.rows {
		return false
	}
	d.d.More = &Continuation{Part: d.part + 1, Work: []work{{Op: opAdmit}}}
	return true
}
