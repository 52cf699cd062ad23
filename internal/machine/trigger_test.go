package machine

import (
	"strings"
	"testing"
	"time"
)

func TestTriggers(t *testing.T) {
	for _, c := range []struct{ name, on, script string }{
		{"an event starts a run, and gives it parameters", `
parameters: {n: {type: integer}}
on: [{event: a, if: event.data > 3, with: {n: "${{ event.data }}"}}]`, `
			event a 5
			starts: test n=5
			event a 2
			starts: NONE
			said 1 filtered
			event a x
			said 1 error
			event b 5
			said 1 nothing`},
		{"an expression that fails is an outcome, and starts nothing", `
parameters: {n: {type: integer}}
on: [{event: a, with: {n: "${{ event.data.n }}"}}]`, `
			event a {"m": 1}
			starts: NONE
			said 1 error ~ n
			event a {"n": "x"}
			starts: NONE
			said 1 error
			event a {"n": 7}
			starts: test n=7`},
		{"one event starts at most one run per entry", `on: [{event: a}, {any: [{event: a}, {event: b}]}]`, `
			event a
			starts: test | test
			event b
			starts: test`},
		{"a count within a span looks at what came in that time", `on: [{count: {event: a, reaches: 3}, within: 10m}]`, `
			event a
			in 4m
			event a
			in 7m
			event a
			starts: NONE
			in 1m
			event a
			starts: test
			event a
			starts: NONE`},
		{"what came exactly a span ago counts no more", `on: [{count: {event: a, reaches: 2}, within: 10m}]`, `
			event a
			in 10m
			event a
			starts: NONE
			in 9m59s
			event a
			starts: test`},
		{"a sum within a span", `on: [{sum: {event: a, of: event.data, reaches: 10}, within: 1h}]`, `
			event a 6
			in 50m
			event a 3
			in 20m
			event a 5
			starts: NONE
			event a 2
			starts: test
			event a 9
			starts: NONE`},
		{"a count within the day begins anew at midnight", `
timezone: Europe/Paris
on: [{count: {event: a, reaches: 2}, within: day}]`, `
			at 2026-01-02T22:59:59Z
			event a
			at 2026-01-02T23:00:00Z
			event a
			starts: NONE
			event a
			starts: test`},
		{"inside all a signal is forgotten when its time is over", `on: [{all: [{event: a}, {event: b}], within: 1h}]`, `
			event a
			in 1h
			event b
			starts: NONE
			in 59m
			event a
			starts: test
			event a
			starts: NONE`},
		{"of equal signals the newest counts", `on: [{all: [{event: a}, {event: b}], within: 1h, with: {}}]`, `
			event a
			in 50m
			event a
			in 50m
			event b
			starts: test`},
		{"within a day it fires at most once, and forgets at midnight", `
timezone: Europe/Paris
on: [{all: [{event: a}, {event: b}], within: day}]`, `
			at 2026-01-03T10:00:00Z
			event a
			event b
			starts: test
			event a
			event b
			starts: NONE
			said 1 remembered ~ today already
			at 2026-01-03T23:00:00Z
			event b
			starts: NONE
			event a
			starts: test
			at 2026-01-04T20:00:00Z
			event a
			at 2026-01-05T01:00:00Z
			event b
			starts: NONE`},
		{"not before: met earlier, it fires then", `
timezone: Europe/Paris
on: [{all: [{event: a}, {event: b}], not_before: "08:00"}]`, `
			at 2026-01-03T05:00:00Z
			event a
			event b
			starts: NONE
			said 1 remembered ~ 08:00
			due 1 2026-01-03T07:00:00Z
			at 2026-01-03T06:59:59Z
			starts: NONE
			in 1s
			starts: test
			due 1 none
			at 2026-01-04T09:00:00Z
			event a
			event b
			starts: test`},
		{"a deadline fires what is there", `on: [{all: [{event: a}, {event: b}, {workflow: {other: success}}], deadline: "12:00"}]`, `
			at 2026-01-03T05:00:00Z
			event a
			due 1 2026-01-03T12:00:00Z
			at 2026-01-03T13:00:00Z
			starts: test missing b,other
			event a
			event b
			ended other success
			starts: NONE
			at 2026-01-04T01:00:00Z
			event a
			event b
			ended other failed
			starts: NONE
			ended other success
			starts: test
			at 2026-01-04T13:00:00Z
			starts: NONE`},
		{"nothing by the deadline: later that day only when complete", `on: [{all: [{event: a}, {event: b}], deadline: "12:00"}]`, `
			at 2026-01-03T12:30:00Z
			event a
			due 1 none
			at 2026-01-03T20:00:00Z
			starts: NONE
			event b
			starts: test`},
		{"not before and a deadline", `on: [{all: [{event: a}, {event: b}], not_before: "08:00", deadline: "12:00"}]`, `
			at 2026-01-03T05:00:00Z
			event a
			due 1 2026-01-03T12:00:00Z
			event b
			due 1 2026-01-03T08:00:00Z
			at 2026-01-03T09:00:00Z
			starts: test
			at 2026-01-03T13:00:00Z
			starts: NONE`},
		{"a deadline that passes while the server is down", `on: [{all: [{event: a}, {event: b}], deadline: "12:00"}]`, `
			at 2026-01-03T11:00:00Z
			event a
			down 2h
			starts: test missing b
			at 2026-01-04T11:00:00Z
			event a
			down 14h
			starts: NONE
			said 1 expired ~ day is over`},
		{"an absence, once, and again only after it has come", `on: [{missing: {event: a, for: 2h}}]`, `
			in 1h59m59s
			starts: NONE
			in 1s
			starts: test
			in 10h
			starts: NONE
			event a
			due 1 2026-01-02T17:04:05Z
			in 1h
			event a
			in 1h30m
			starts: NONE
			in 30m
			starts: test`},
		{"an absence counts only what its if lets through", `on: [{missing: {event: a, for: 2h}, if: event.data > 3}]`, `
			in 1h
			event a 9
			in 1h30m
			event a 1
			in 30m
			starts: test`},
		{"an absence of a workflow's success", `on: [{missing: {workflow: {other: success}, for: 26h}}]`, `
			in 20h
			ended other failed
			in 5h
			ended other success
			in 25h
			starts: NONE
			in 1h
			starts: test`},
		{"its own success, for a freshness alarm", `on: [{missing: {workflow: {test: success}, for: 26h}}]`, `
			in 20h
			ended test success
			in 25h
			starts: NONE
			in 1h
			starts: test`},
		{"a sum stays a number", `on: [{sum: {event: a, of: event.data, reaches: 10}}]`, `
			event a 1e308
			said 1 error ~ too large
			event a -1e308
			said 1 error ~ too large
			event a 10
			starts: test`},
		{"not_before that passes while the server is down, until the day is over", `on: [{all: [{event: a}, {event: b}], not_before: "08:00"}]`, `
			at 2026-01-03T05:00:00Z
			event a
			event b
			down 30h
			starts: NONE
			said 1 expired ~ the day is over`},
		{"the end of a run", `
parameters: {s: {type: string}, v: {type: string}}
on: [{workflow: {other: success}, with: {s: "${{ event.data.status }}", v: "${{ events.other.data.outputs.v }}"}}]`, `
			ended other failed
			starts: NONE
			ended other success v=7
			starts: test s=success v=7`},
		{"every other workflow, and never itself", `on: [{workflow: {"*": failed}}]`, `
			ended test failed
			starts: NONE
			ended other failed
			starts: test
			ended other success
			starts: NONE
			ended unknown failed
			starts: test`},
		{"a tick of an interval counts from the trigger's creation", `on: [{every: 10m}]`, `
			due 1 2026-01-02T03:14:05Z
			in 25m
			starts: test tick 2026-01-02T03:14:05Z | test tick 2026-01-02T03:24:05Z`},
		{"a schedule in its zone", `
parameters: {d: {type: string}}
on: [{schedule: "0 6 * * *", timezone: Europe/Paris, with: {d: "${{ date(run.scheduled_at) }}"}}]`, `
			at 2026-03-28T12:00:00Z
			at 2026-03-30T12:00:00Z
			starts: test d=2026-03-29 tick 2026-03-29T04:00:00Z | test d=2026-03-30 tick 2026-03-30T04:00:00Z`},
		{"missed ticks are not caught up", `on: [{schedule: "0 * * * *"}]`, `
			down 5h
			starts: NONE
			said 1 expired ~ missed
			in 1h
			starts: test tick 2026-01-02T09:00:00Z`},
		{"ticks that come due while the server is up are never missed, however late it gets to them", `on: [{schedule: "0 * * * *"}]`, `
			stall 3h
			starts: test tick 2026-01-02T04:00:00Z | test tick 2026-01-02T05:00:00Z | test tick 2026-01-02T06:00:00Z`},
		{"what was missed by less than a minute happens", `on: [{schedule: "0 * * * *"}]`, `
			at 2026-01-02T03:59:59Z
			down 30s
			starts: test tick 2026-01-02T04:00:00Z
			at 2026-01-02T04:59:59Z
			down 62s
			starts: NONE`},
		{"catchup latest", `on: [{schedule: "0 * * * *", catchup: latest}]`, `
			down 5h
			starts: test tick 2026-01-02T08:00:00Z
			in 1h
			starts: test tick 2026-01-02T09:00:00Z`},
		{"catchup all", `on: [{schedule: "0 * * * *", catchup: all}]`, `
			down 3h
			starts: test tick 2026-01-02T04:00:00Z | test tick 2026-01-02T05:00:00Z | test tick 2026-01-02T06:00:00Z`},
		{"catchup of a span", `on: [{schedule: "0 * * * *", catchup: 2h}]`, `
			down 5h30m
			starts: test tick 2026-01-02T07:00:00Z | test tick 2026-01-02T08:00:00Z`},
		{"paused time is never caught up", `on: [{schedule: "0 * * * *", catchup: all}, {missing: {event: a, for: 2h}}]`, `
			pause 1
			pause 2
			due 1 none
			in 5h
			starts: NONE
			resume 1
			resume 2
			due 1 2026-01-02T09:00:00Z
			due 2 2026-01-02T10:04:05Z
			in 1h
			starts: test tick 2026-01-02T09:00:00Z`},
		{"a disabled workflow starts nothing", `on: [{schedule: "0 * * * *", catchup: all}, {event: a}]`, `
			disable test
			due 1 none
			in 5h
			event a
			starts: NONE
			enable test
			event a
			starts: test
			due 1 2026-01-02T09:00:00Z`},
		{"a paused trigger sees nothing, another with the same key does", `on: [{event: a}, {event: a, name: second}]`, `
			pause 1
			event a
			starts: test
			said 1 paused ~ it is paused
			said 2 fired`},
		{"triggers that were added can be deleted, paused or not; those of a file cannot", `on: [{event: a}]`, `
			add test {event: b}
			add test {event: b}
			pause 2
			delete 2
			event b
			starts: test
			delete 1
			refused stands in the file
			delete 9
			refused no trigger 9
			triggers: 1, 3`},
		{"a trigger that is added must not close a circle", ``, `
			add other {workflow: {test: success}}
			add test {workflow: {other: success}}
			refused start each other without end
			add test {workflow: {other: failed}}
			triggers: 3`},
		{"a tick that was armed anew is not taken for the old one", `on: [{every: 1h}]`, `
			in 30m
			pause 1
			resume 1
			in 30m
			starts: test tick 2026-01-02T04:04:05Z`},
		{"ticks inside all are remembered", `on: [{all: [{schedule: "0 6 * * *"}, {event: a}]}]`, `
			at 2026-01-02T06:30:00Z
			starts: NONE
			event a
			starts: test tick 2026-01-02T06:00:00Z
			event a
			starts: NONE
			at 2026-01-03T06:00:00Z
			starts: test tick 2026-01-03T06:00:00Z`},
	} {
		t.Run(c.name, func(t *testing.T) { newBureau(t, c.on).play(c.script) })
	}
}

func TestTriggersOverUploads(t *testing.T) {
	t.Run("what is unchanged stays, with all that it remembers", func(t *testing.T) {
		b := newBureau(t, `on: [{all: [{event: a}, {event: b}]}, {every: 1h}]`, `
on:
  - {event: c}
  - every: 1h   # as it was
  - all: [{event: a}, {event: b}]`)
		b.play(`
			event a
			in 30m
			pause 2
			upload v2
			triggers: 1, 2, 3
			event b
			starts: test
			resume 2
			due 2 2026-01-02T04:04:05Z
			event c
			starts: test
			upload v1
			triggers: 1, 2
			event c
			starts: NONE`)
	})
	t.Run("a changed one begins anew", func(t *testing.T) {
		b := newBureau(t, `on: [{all: [{event: a}, {event: b}]}]`, `on: [{all: [{event: a}, {event: b}], within: day}]`)
		b.play(`
			event a
			upload v2
			triggers: 2
			event b
			starts: NONE
			event a
			starts: test`)
	})
	t.Run("another zone is another schedule", func(t *testing.T) {
		b := newBureau(t, `on: [{schedule: "0 6 * * *"}]`, "timezone: Asia/Tokyo\non: [{schedule: \"0 6 * * *\"}]")
		b.play(`
			due 1 2026-01-02T06:00:00Z
			upload v2
			due 2 2026-01-02T21:00:00Z`)
	})
	t.Run("those that were added survive", func(t *testing.T) {
		b := newBureau(t, ``, `on: [{event: a}]`)
		b.play(`
			add test {event: b}
			upload v2
			triggers: 1, 2
			event b
			starts: test
			delete-flow test
			event b
			starts: NONE`)
	})
}

// An upload that makes triggers useless which were added at run time says so.
func TestUploadWarnsOfTriggersThatFitNoMore(t *testing.T) {
	b := newBureau(t, "parameters: {n: {type: integer, default: 1}}", "parameters: {m: {type: integer}}")
	b.play(`add test {event: a, with: {n: 2}}`)
	b.said = nil
	b.offset++
	d := StepRegistry(b, b.g, &Entry{Offset: b.offset, Kind: Upload, Namespace: "default", Time: b.now,
		Body: Body{Upload: []Uploaded{{Name: "test", Version: "v2"}}, FirstTrigger: 9}}, nil)
	got := strings.Join(d.Reply.(UploadReply)[0].Warnings, "; ")
	want := "trigger 1 gives no parameter m, which is required now: it will start nothing; trigger 1 gives a parameter n, which is no more: it will start nothing"
	if got != want {
		t.Errorf("got %q", got)
	}
}

// A due time that was journaled before its trigger was armed anew is an echo:
// paused time is not made up for.
func TestEchoOfADueTime(t *testing.T) {
	b := newBureau(t, "on: [{every: 10m}]")
	old := NodeTimer(NodeKey{0, 1, 0}, b.g.Triggers[1].Dues[NodeKey{0, 1, 0}])
	b.play("in 5m\npause 1\nresume 1\nin 4m")
	due := b.g.Triggers[1].Dues[NodeKey{0, 1, 0}]
	b.now = b.now.Add(time.Hour)
	old.Due = old.Due.Add(-time.Minute)
	b.sent = nil
	b.decide(Entry{Kind: TimerFired, Body: Body{Timer: &old, Up: &b.up}})
	if got := b.g.Triggers[1].Dues[NodeKey{0, 1, 0}]; len(b.sent) != 0 || !got.Equal(due) {
		t.Errorf("an echo starts %d runs, and the next is %s, not %s", len(b.sent), got, due)
	}
}
