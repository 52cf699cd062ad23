package machine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/freshet/freshet"
)

const manyItems = "ends: never\ntasks:\n  a: {start: {event: go}, stop: {event: halt}, foreach: \"[%s]\", fail_fast: false, %%s, bash: x}\n"

// A step that fans out very wide is many small decisions, in the run and in
// its namespace; so is a version that lets all of it begin.
func TestPlacesInSmallDecisions(t *testing.T) {
	const items = 5000
	source := fmt.Sprintf(manyItems, strings.TrimSuffix(strings.Repeat("1,", items), ","))
	bounded := func(o *town, what string) {
		t.Helper()
		if o.largest > 1100 {
			t.Errorf("%s: a decision of %d rows", what, o.largest)
		}
		o.largest = 0
	}
	count := func(o *town, status freshet.Status) int {
		return len(o.live(func(x *Execution) bool { return x.Key.Item != freshet.NoItem && x.Status == status }))
	}
	o := newTown(t, source, 2)
	o.start()
	o.start()
	for run := range int64(2) {
		o.put(Entry{Kind: EventHappened, Run: run + 1, Event: &freshet.Event{Key: "go"}})
	}
	o.drain()
	bounded(o, "the fan-out")
	if q, w := count(o, freshet.Queued), count(o, freshet.Waiting); q != 2 || w != 2*items-2 {
		t.Errorf("%d are queued, %d wait", q, w)
	}
	o.put(Entry{Kind: EventHappened, Run: 1, Event: &freshet.Event{Key: "halt"}})
	o.drain()
	bounded(o, "the stop")
	if q, w := count(o, freshet.Queued), count(o, freshet.Waiting); q != 2 || w != items-2 || len(o.rows) != items {
		t.Errorf("after a stop %d are queued, %d wait, %d places are known", q, w, len(o.rows))
	}
	o.upload(source, 3000)
	o.drain()
	bounded(o, "more places")
	if q, w := count(o, freshet.Queued), count(o, freshet.Waiting); q != 3000 || w != items-3000 {
		t.Errorf("with more places %d are queued, %d wait", q, w)
	}
	o.upload(source, 0)
	o.drain()
	bounded(o, "places for all")
	if q := count(o, freshet.Queued); q != items {
		t.Errorf("with places for all %d are queued", q)
	}
	o.put(Entry{Kind: StopRun, Run: 2, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByPerson}}})
	o.drain()
	bounded(o, "the end")
	if len(o.rows) != 0 || len(o.g.Flows["test"].Places.Pools) != 0 {
		t.Errorf("%d places are left", len(o.rows))
	}
}

const single = "ends: never\ntasks:\n  a: {start: {event: go}, restart: {event: again}, %s, bash: x}\n"

// What has many keys is given out in small decisions too.
func TestPlacesOfManyKeys(t *testing.T) {
	const keys = 600
	o := newTown(t, single, 1)
	for i := range int64(2 * keys) {
		o.start()
		o.put(Entry{Kind: EventHappened, Run: i + 1, Event: &freshet.Event{Key: "go", Value: fmt.Sprint(i % keys)}})
	}
	o.drain()
	o.settled()
	o.largest = 0
	o.upload(single, 2)
	o.drain()
	o.settled()
	if n := len(o.live(func(x *Execution) bool { return x.Status == freshet.Queued })); n != 2*keys || o.largest > 1100 {
		t.Errorf("%d are queued; the largest decision has %d rows", n, o.largest)
	}
}

// Nobody overtakes: what asks while a new version's places have not been given
// out yet waits behind those that waited before.
func TestNobodyOvertakes(t *testing.T) {
	o := newTown(t, single, 1)
	begin := func(run int64) {
		o.start()
		o.put(Entry{Kind: EventHappened, Run: run, Event: &freshet.Event{Key: "go"}})
	}
	begin(1)
	begin(2)
	begin(3)
	o.drain()
	begin(4)
	o.upload(single, 2)
	o.drain()
	for run, want := range map[int64]freshet.Status{1: freshet.Queued, 2: freshet.Queued, 3: freshet.Waiting, 4: freshet.Waiting} {
		if got := o.runs[run].Tasks[0].Status(); got != want {
			t.Errorf("run %d is %s, want %s", run, got, want)
		}
	}
	o.process(o.runs[2].Tasks[0].Latest, 0, false)
	o.drain()
	if got := o.runs[3].Tasks[0].Status(); got != freshet.Queued {
		t.Errorf("run 3 is %s", got)
	}
}

// A grant that was given to an older wish of the same execution counts for
// nothing: that place has been given back.
func TestAnOldGrantIsNone(t *testing.T) {
	o := newTown(t, single, 1)
	o.start()
	o.start()
	send := func(run int64, key, value string) {
		o.put(Entry{Kind: EventHappened, Run: run, Event: &freshet.Event{Key: key, Value: value}})
	}
	o.drain()
	send(1, "go", "x")
	o.one() // the run asks
	o.one() // and is granted x; before it hears of that, it wants y, and x again
	send(1, "again", "y")
	send(1, "again", "x")
	send(2, "go", "x")
	grant := o.pending[0]
	if grant.Kind != GrantPlaces {
		t.Fatalf("%s is not the grant", grant.Kind)
	}
	o.pending = append(o.pending[1:], grant)
	for len(o.pending) > 1 || o.pending[0] != grant {
		if o.pending[0] == grant {
			o.pending = append(o.pending[1:], grant)
			continue
		}
		if o.pending[0].Kind == GrantPlaces {
			break // what was granted since
		}
		o.one()
	}
	o.pending = append([]*Entry{grant}, without(o.pending, func(e *Entry) bool { return e == grant })...)
	o.one()
	if n := len(o.live(func(x *Execution) bool { return x.Key.Run == 1 && x.Status == freshet.Queued })); n != 0 {
		t.Error("the execution begins with a place that it has given back")
	}
	o.drain()
	o.settled()
}

// What a run that is given up leaves behind goes to others.
func TestARunThatIsGivenUpLeavesItsPlaces(t *testing.T) {
	for name, end := range map[string]func(o *town){
		"a fault in its step": func(o *town) {
			st := o.runs[1]
			e := &Entry{Kind: Settle, Run: 1, Offset: 99, Time: epoch, Namespace: "default"}
			o.apply(o.versions["v1"], st, Abort(o.versions["v1"], st, e, "why"))
			delete(o.runs, 1)
		},
		"nobody can read it": func(o *town) {
			delete(o.runs, 1)
			o.put(Entry{Kind: RunEnded, Run: 1, Body: Body{Status: freshet.Failed, Workflow: "test"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newTown(t, single, 1)
			for run := range int64(3) {
				o.start()
				o.put(Entry{Kind: EventHappened, Run: run + 1, Event: &freshet.Event{Key: "go"}})
			}
			o.drain()
			end(o)
			o.drain()
			o.settled()
			if x := o.runs[2].Tasks[0].Latest; x.Status != freshet.Queued {
				t.Errorf("the next is %s", x.Status)
			}
		})
	}
}

// What costs nothing where nobody asks for it: a task without `concurrency`
// tells its namespace nothing.
func TestPlacesCostNothing(t *testing.T) {
	o := newTown(t, single, 0)
	o.start()
	o.put(Entry{Kind: EventHappened, Run: 1, Event: &freshet.Event{Key: "go"}})
	o.drain()
	before := o.offset
	o.process(o.runs[1].Tasks[0].Latest, 0, false)
	o.drain()
	if o.offset != before+1 {
		t.Errorf("%d entries for one end", o.offset-before)
	}
	f := o.g.Flows["test"]
	if len(f.Places.Rows)+len(f.Keys) > 0 {
		t.Errorf("%+v", f)
	}
}

// A key is text of a bounded length.
func TestPlaceKeys(t *testing.T) {
	for expression, want := range map[string]string{
		"params.s": "text", "params.n": "12", "params.n > 1": "true", `[params.n, "x"]`: `[12,"x"]`,
		"params.long":  "params.long: it is a text of 501 bytes, and 500 are the most",
		"12 / (1 - 1)": "12 / (1 - 1)",
	} {
		w := parse(t, "parameters: {s: {}, n: {}, long: {}}\nconcurrency: {limit: 1, key: '"+expression+"'}\ntasks: {a: {bash: x}}")
		row := RunRow{ID: 1, Parameters: map[string]any{"s": "text", "n": int64(12), "long": strings.Repeat("x", MaxPlaceKey+1)}}
		got, err := runKey(w, row, &Entry{})
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}
