package machine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Workflows that start each other without anything from outside are refused
// when they are uploaded; what a condition may break is a warning.
func TestLoops(t *testing.T) {
	for _, c := range []struct{ name, flows, want string }{
		{"no loop", "a: sends x; b: on event x, sends y", ""},
		{"one sends what it listens to", "a: on event x, sends x",
			"refused: a -(event x)-> a"},
		{"two by what they send", "a: on event x, sends y; b: on event y, sends x",
			"refused: a -(event y)-> b -(event x)-> a"},
		{"a filter may break it", "a: on event x if, sends y; b: on event y, sends x",
			"warning: a -(event y)-> b -(event x)-> a"},
		{"a task's condition may break it", "a: on event x, sends maybe x",
			"warning: a -(event x)-> a"},
		{"two whose ends disagree", "a: on end b success; b: on end a failed",
			"warning: a -(its end)-> b -(its end)-> a"},
		{"two by their ends", "a: on end b success; b: on end a success",
			"refused: a -(its end)-> b -(its end)-> a"},
		{"by an end and an event", "a: on end c success; b: on event x, sends y; c: on event y; a2: on end a success, sends x",
			"refused: a -(its end)-> a2 -(event x)-> b -(event y)-> c -(its end)-> a"},
		{"every other workflow is left out", "a: on end * success; b: on end * success", ""},
		{"a loop that this upload does not touch", "c: sends z", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewRegistry("default")
			e := Entry{Offset: 1, Kind: Upload, Namespace: "default", Time: epoch, Body: Body{FirstTrigger: 1}}
			b := &bureau{t: t, g: g}
			for _, text := range strings.Split(c.flows, ";") {
				e.Body.Upload = append(e.Body.Upload, described(strings.TrimSpace(text)))
			}
			d := StepRegistry(anyTrigger{b}, g, &e, nil)
			got := ""
			if d.Refused != nil {
				got = "refused: " + d.Refused.Message[strings.Index(d.Refused.Message, ": ")+2:]
			} else if r := d.Reply.(UploadReply); len(r) > 0 && len(r[0].Warnings) > 0 {
				got = "warning: " + r[0].Warnings[0][strings.Index(r[0].Warnings[0], ": ")+2:]
			}
			if got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// anyTrigger has a trigger that waits for no time wherever one is asked for.
type anyTrigger struct{ *bureau }

func (anyTrigger) Trigger(*TriggerRow, string) (*spec.Trigger, error) {
	on, diags := spec.ParseTrigger([]byte("{event: any}"), nil)
	return on, diags.Err()
}

// described makes an upload of `name: on event KEY [if], on end NAME STATUS,
// sends [maybe] KEY`.
func described(text string) Uploaded {
	name, rest, _ := strings.Cut(text, ":")
	u := Uploaded{Name: name, Version: "other"}
	for _, part := range strings.Split(rest, ",") {
		words := strings.Fields(part)
		row := TriggerRow{Source: freshet.FromFile, Hash: fmt.Sprint(name, part), Kind: freshet.OnEvent}
		switch {
		case words[0] == "sends":
			u.Emits = append(u.Emits, strings.Join(words[1:], " "))
			continue
		case words[1] == "event":
			row.Events = []string{words[2]}
			if len(words) == 3 {
				row.Unfiltered = row.Events
			}
		default:
			row.Kind, row.Workflows = freshet.OnWorkflow, []string{words[2]}
			row.Unfiltered = []string{spec.EndOf(words[2], freshet.Status(words[3]))}
		}
		u.On = append(u.On, row)
	}
	return u
}

// A chain of workflows that set each other off ends, and says so.
func TestChainOfTriggers(t *testing.T) {
	b := newBureau(t, "on: [{event: a}]")
	for depth := range freshet.MaxDepth + 1 {
		b.sent, b.said = nil, nil
		b.decide(Entry{Kind: EventHappened, Depth: depth, Event: &freshet.Event{Key: "a"}})
		if started := len(b.sent) == 1; started != (depth < freshet.MaxDepth) {
			t.Fatalf("an event at depth %d: %v", depth, b.said)
		}
	}
	if o := b.said[0]; o.Result != freshet.Fired || o.Action != "" || !strings.Contains(o.Note, "link 65 of a chain") {
		t.Errorf("%+v", o)
	}
}

// Triggers that multiply are bounded long before their chain is at its end.
func TestTriggersThatMultiply(t *testing.T) {
	b := newBureau(t, `on: [{event: a}, {event: a}]`)
	wave := func(depth int) (started int) { // every run of a generation sends one event
		b.sent, b.said = nil, nil
		b.decide(Entry{Kind: EventHappened, Depth: depth, Event: &freshet.Event{Key: "a"}})
		for _, e := range b.sent {
			b.offset++
			e.Offset, e.Namespace, e.Time, e.Run = b.offset, "default", b.now, 100+b.offset
			d := StepRegistry(b, b.g, &e, nil)
			ApplyRegistry(b.g, d)
			started += len(d.NewRuns)
			if len(d.NewRuns) == 0 && (len(d.Outcomes) != 1 || !strings.Contains(d.Outcomes[0].Note, "ever growing numbers")) {
				t.Fatalf("a start that is refused says %+v", d.Outcomes)
			}
		}
		return started
	}
	for range deepRuns / 2 {
		if n := wave(20); n != 2 {
			t.Fatalf("%d runs are started, %d are alive", n, b.g.Deep)
		}
		b.g.Flows["test"].Groups = nil // what is compared grows with them
	}
	if n := wave(20); n != 0 {
		t.Errorf("%d runs more are started", n)
	}
	if n := wave(2); n != 2 {
		t.Errorf("what is near to its cause starts %d runs", n)
	}
	e := Entry{Kind: RunEnded, Run: 7, Depth: 21, Time: b.now, Namespace: "default", Body: Body{Workflow: "test", Status: freshet.Success}}
	ApplyRegistry(b.g, StepRegistry(b, b.g, &e, nil))
	if n := wave(20); n != 1 {
		t.Errorf("after one has ended %d runs are started", n)
	}
}
