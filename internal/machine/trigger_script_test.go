package machine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// A script about a namespace drives its registry line by line:
//
//	in DURATION | at RFC3339           time goes on, and due times come, one after the other
//	stall DURATION                     time goes on, and nothing is decided in it
//	down DURATION                      time goes on without a server, which then comes up
//	event KEY [VALUE]
//	ended WORKFLOW STATUS [name=value] a run has ended
//	add WORKFLOW {entry}               a trigger is added at run time
//	pause|resume|delete ID, enable|disable|delete-flow WORKFLOW
//	upload VERSION                     of the workflow `test`; versions are the sources given to office
//	refused [TEXT]                     the command before was refused
//	starts: NONE | WORKFLOW [k=v…] [tick T] [missing a,b] | …    runs asked for since the last line that did something
//	said ID RESULT [~ NOTE]            the newest outcome of a trigger since then
//	due ID TIME|none                   the earliest time that a trigger waits for
//	triggers: ID, ID…                  that there are
type bureau struct {
	t        *testing.T
	g        *Registry
	versions map[string]*spec.Workflow
	now, up  time.Time
	offset   int64
	next     int64

	timers map[NodeKey]Timer
	rules  map[int64]RuleState
	marks  map[NodeKey][]Mark
	rows   map[int64]TriggerRow

	sent    []Entry
	said    []freshet.Outcome
	refused *freshet.Error
}

func newBureau(t *testing.T, sources ...string) *bureau {
	b := &bureau{t: t, g: NewRegistry("default"), versions: map[string]*spec.Workflow{}, now: epoch, up: epoch, next: 1,
		timers: map[NodeKey]Timer{}, rules: map[int64]RuleState{}, marks: map[NodeKey][]Mark{}, rows: map[int64]TriggerRow{}}
	for i, s := range sources {
		b.versions[fmt.Sprintf("v%d", i+1)] = parse(t, s+"\ntasks: {a: {bash: \"true\"}}")
	}
	b.versions["other"] = parse(t, "tasks: {a: {bash: \"true\"}}")
	b.versions["other"].Name = "other"
	b.upload("test", "v1")
	b.upload("other", "other")
	return b
}

func (b *bureau) Workflow(_, version string) (*spec.Workflow, error) {
	w, ok := b.versions[version]
	if !ok {
		return nil, fmt.Errorf("no version %s", version)
	}
	return w, nil
}

func (b *bureau) Trigger(t *TriggerRow, version string) (*spec.Trigger, error) {
	if t.Source == freshet.FromFile {
		return b.versions[version].On[t.Index], nil
	}
	on, diags := spec.ParseTrigger([]byte(t.Text), nil)
	if on == nil {
		return nil, diags.Err()
	}
	return on, nil
}

func rowOf(on *spec.Trigger, workflow string, index int) TriggerRow {
	return TriggerRow{Workflow: workflow, Name: on.Name, Kind: freshet.TriggerKind(on.Kind), Expression: on.Expression,
		Source: freshet.FromFile, Index: index, Hash: on.Hash, Text: on.Text, Events: on.Events, Workflows: on.Workflows, Unfiltered: on.Unfiltered}
}

func (b *bureau) upload(name, version string) {
	u := Uploaded{Name: name, Version: version}
	for i, on := range b.versions[version].On {
		u.On = append(u.On, rowOf(on, name, i))
	}
	b.decide(Entry{Kind: Upload, Body: Body{Upload: []Uploaded{u}, FirstTrigger: b.next}})
	b.next += int64(len(u.On))
}

// decide takes an entry through the machine, and compares what is kept in
// memory with what the rows give.
func (b *bureau) decide(e Entry) {
	b.t.Helper()
	b.offset++
	e.Offset, e.Namespace, e.Time = b.offset, "default", b.now
	if e.Event != nil {
		e.Event.Offset, e.Event.Time, e.Event.Namespace = e.Offset, e.Time, "default"
	}
	for more := (*Continuation)(nil); ; {
		before := asJSON(b.t, b.g)
		d := StepRegistry(b, b.g, &e, more)
		if one, two := asJSON(b.t, d), asJSON(b.t, StepRegistry(b, b.g, &e, more)); one != two {
			b.t.Fatalf("StepRegistry twice differs:\n%s\n%s", one, two)
		}
		if asJSON(b.t, b.g) != before {
			b.t.Fatalf("StepRegistry has changed the state")
		}
		if b.refused = d.Refused; d.Refused != nil {
			return
		}
		b.store(d)
		ApplyRegistry(b.g, d)
		b.compare()
		b.sent, b.said = append(b.sent, d.Emit...), append(b.said, d.Outcomes...)
		if more = d.More; more == nil {
			return
		}
	}
}

func (b *bureau) store(d *Decision) {
	for _, row := range d.Triggers {
		b.rows[row.ID] = row
	}
	for _, r := range d.Rules {
		delete(b.rules, r.Rule)
		if r.State.any() {
			bare := slices.Clone(r.State)
			for i := range bare {
				bare[i].Marks = nil
			}
			b.rules[r.Rule] = bare
		}
	}
	for _, c := range d.Unmarks {
		b.marks[c.NodeKey] = slices.DeleteFunc(b.marks[c.NodeKey], func(m Mark) bool { return m.N < c.Before })
	}
	for _, m := range d.Marks {
		b.marks[m.NodeKey] = append(b.marks[m.NodeKey], m.Mark)
	}
	for _, tm := range d.Untimers {
		delete(b.timers, tm.NodeKey())
	}
	for _, tm := range d.Timers {
		if tm.Due != freshet.Time(tm.Due) {
			b.t.Fatalf("timer %v is finer than the journal's time", tm)
		}
		b.timers[tm.NodeKey()] = tm
	}
	for _, id := range d.Untriggers {
		delete(b.rows, id)
		delete(b.rules, id)
		for k := range b.timers {
			if k.Rule == id {
				delete(b.timers, k)
			}
		}
		for k := range b.marks {
			if k.Rule == id {
				delete(b.marks, k)
			}
		}
	}
}

func (b *bureau) compare() {
	b.t.Helper()
	loaded := NewRegistry("default")
	loaded.Row, loaded.Deep = b.g.Row, b.g.Deep
	for name, f := range b.g.Flows {
		loaded.Flows[name] = &Flow{WorkflowRow: f.WorkflowRow, Groups: f.Groups, Keys: f.Keys, Later: f.Later, Stopping: f.Stopping}
	}
	for _, row := range b.rows {
		t := loaded.Keep(row)
		t.State = slices.Clone(b.rules[row.ID])
		for i := range t.State {
			t.State[i].Marks = slices.Clone(b.marks[NodeKey{0, row.ID, i}])
		}
		for k, tm := range b.timers {
			if k.Rule == row.ID {
				if t.Dues == nil {
					t.Dues = Dues{}
				}
				t.Dues[k] = tm.Due
			}
		}
	}
	if diff := cmp.Diff(loaded, b.g, cmpopts.EquateEmpty(), cmp.AllowUnexported(Registry{})); diff != "" {
		b.t.Fatalf("what is stored differs from what is in memory (-stored +memory):\n%s", diff)
	}
}

func (b *bureau) play(script string) {
	b.t.Helper()
	for i, line := range strings.Split(script, "\n") {
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := b.line(line); err != nil {
			b.t.Fatalf("line %d: %s: %v", i+1, line, err)
		}
	}
}

func (b *bureau) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "refused", "starts:", "said", "due", "triggers:":
		return b.expect(word, rest)
	}
	b.sent, b.said, b.refused = nil, nil, nil
	first, second, _ := strings.Cut(rest, " ")
	switch word {
	case "in", "down", "stall":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		if word == "stall" {
			b.now = b.now.Add(d)
			d = 0
		}
		b.pass(b.now.Add(d), word == "down")
	case "at":
		at, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			return err
		}
		b.pass(at.UTC(), false)
	case "event":
		b.decide(Entry{Kind: EventHappened, Event: &freshet.Event{Key: first, Value: second}})
	case "ended":
		status, out, _ := strings.Cut(second, " ")
		body := Body{Workflow: first, Status: freshet.Status(status)}
		if k, v, ok := strings.Cut(out, "="); ok {
			body.Outputs = map[string]any{k: v}
		}
		b.decide(Entry{Kind: RunEnded, Run: 1000 + b.offset, Body: body})
	case "add":
		on, diags := spec.ParseTrigger([]byte(second), b.versions[b.g.Flows[first].Version])
		if on == nil {
			return diags.Err()
		}
		row := rowOf(on, first, 0)
		b.decide(Entry{Kind: AddTrigger, Body: Body{Trigger: &row, FirstTrigger: b.next}})
		b.next++
	case "pause", "resume", "delete":
		var id int64
		fmt.Sscan(rest, &id)
		b.decide(Entry{Kind: ChangeTrigger, Body: Body{Change: &TriggerChange{Action: freshet.TriggerAction(word), ID: id}}})
	case "enable", "disable", "delete-flow":
		kind := map[string]Kind{"enable": EnableFlow, "disable": DisableFlow, "delete-flow": DeleteFlow}[word]
		b.decide(Entry{Kind: kind, Body: Body{Workflow: rest}})
	case "upload":
		b.upload("test", rest)
	default:
		return fmt.Errorf("no such line")
	}
	return nil
}

// pass lets time go on: due times come one after the other, or, with the
// server down, all of them when it comes up.
func (b *bureau) pass(end time.Time, down bool) {
	if down {
		b.now, b.up = end, end
	}
	for {
		var next *Timer
		for _, tm := range b.timers {
			if !tm.Due.After(end) && (next == nil || tm.Due.Before(next.Due) || tm.Due.Equal(next.Due) && tm.NodeKey().Compare(next.NodeKey()) < 0) {
				next = &tm
			}
		}
		if next == nil {
			b.now = end
			return
		}
		if b.now.Before(next.Due) {
			b.now = next.Due
		}
		up := b.up
		b.decide(Entry{Kind: TimerFired, Body: Body{Timer: next, Up: &up}})
	}
}

func (b *bureau) expect(word, rest string) error {
	switch word {
	case "refused":
		if b.refused == nil || !strings.Contains(b.refused.Message, rest) {
			return fmt.Errorf("it was answered %v", b.refused)
		}
		return nil
	case "starts:":
		return equal(strings.Join(b.starts(), " | "), rest)
	case "triggers:":
		var ids []string
		for _, id := range b.g.Flows["test"].Triggers {
			ids = append(ids, fmt.Sprint(id))
		}
		return equal(strings.Join(ids, ", "), rest)
	}
	var id int64
	fmt.Sscan(rest, &id)
	_, want, _ := strings.Cut(rest, " ")
	if word == "due" {
		got := "none"
		for _, k := range sortedKeys(b.g.Triggers[id].Dues) {
			if at := b.g.Triggers[id].Dues[k].Format(time.RFC3339); got == "none" || at < got {
				got = at
			}
		}
		return equal(got, want)
	}
	for _, o := range slices.Backward(b.said) {
		if o.Trigger == id {
			result, note, noted := strings.Cut(want, "~")
			if strings.TrimSpace(result) != string(o.Result) || noted && !strings.Contains(o.Note, strings.TrimSpace(note)) {
				return fmt.Errorf("it said %s ~ %s", o.Result, o.Note)
			}
			return nil
		}
	}
	if want != "nothing" {
		return fmt.Errorf("it said nothing")
	}
	return nil
}

func equal(got, want string) error {
	if got != want {
		return fmt.Errorf("got %q", got)
	}
	return nil
}

// starts are the runs asked for, as expectations write them.
func (b *bureau) starts() []string {
	var list []string
	for _, e := range b.sent {
		s := e.Body.Start
		if e.Kind != StartRun {
			continue
		}
		words := []string{s.Workflow}
		for _, p := range b.versions[s.Version].Parameters {
			words = append(words, fmt.Sprintf("%s=%v", p.Name, s.Parameters[p.Name]))
		}
		if s.ScheduledAt != nil {
			words = append(words, "tick "+s.ScheduledAt.Format(time.RFC3339))
		}
		if s.Missing != nil {
			words = append(words, "missing "+strings.Join(s.Missing, ","))
		}
		list = append(list, strings.Join(words, " "))
	}
	if list == nil {
		list = []string{"NONE"}
	}
	return list
}
