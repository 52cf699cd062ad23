package machine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func TestWhenARunEnds(t *testing.T) {
	playAll(t, []story{
		{"when nothing is alive and no task can start any more", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a}
`, `
start
exit a
run: running
exit b
run: success
`},
		{"it waits for a signal of a task that has not run yet", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: ignore}}
`, `
start
exit a
run: running
event e
exit b
run: success
`},
		{"not for the signal of a task that has run", `
tasks:
  a: {bash: "true", restart: {event: e}}
`, `
start
exit a
run: success
`},
		{"an execution skipped by its own if counts as run", `
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}, if: event.data > 1}
`, `
start
run: running
event e 1
a: skipped if
run: success
`},
		{"not for an optional task", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: ignore}, optional: true}
`, `
start
exit a
run: success
`},
		{"ends: idle does not wait for signals", `
ends: idle
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: ignore}}
  c: {bash: "true", after: a}
`, `
start
exit a
run: running
exit c
run: success
`},
		{"ends: never serves until the run is stopped", `
ends: never
tasks:
  a: {bash: "true"}
`, `
start
exit a
run: running
stop run
run: stopped stopped_by_person
`},
		{"a failure stands: signals are not waited for", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: ignore}}
`, `
start
exit a 1
run: failed exit
`},
		{"a failure that is allowed does not stand", `
tasks:
  a: {bash: "true", allow_failure: true}
  b: {bash: "true", start: {event: e, busy: ignore}}
`, `
start
exit a 1
run: running
event e
exit b
run: success
`},
		{"a failure that a later start of the task healed does not stand", `
tasks:
  a: {bash: "true", restart: {event: r}}
  c: {bash: "true"}
`, `
start
exit a 1
event r
exit a 0
exit c
run: success
`},
		{"rules that react to a failure do not turn it green", `
tasks:
  a: {bash: "true"}
  clean: {bash: "true", after: {a: failed}}
`, `
start
exit a 1
clean: queued
run: running
exit clean
run: failed exit
`},
		{"all can if one part can and every other is so", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {all: [{event: e}, {status: {a: success}}], busy: ignore}}
`, `
start
exit a 0
run: running
event e
b: queued
exit b
run: success
`},
		{"all cannot if a part is not so and cannot come", `
tasks:
  a: {bash: "true", allow_failure: true}
  b: {bash: "true", start: {all: [{event: e}, {status: {a: success}}], busy: ignore}}
`, `
start
exit a 1
run: success
`},
		{"any can if one part can", `
tasks:
  a: {bash: "true", allow_failure: true}
  b: {bash: "true", start: {any: [{event: e}, {status: {a: success}}], busy: ignore}}
`, `
start
exit a 1
run: running
event e
exit b
run: success
`},
		{"tasks that only wait for each other cannot", `
ends: settled
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: [{status: {c: success}}, {event: e, busy: ignore}], optional: true}
  c: {bash: "true", start: {status: {b: success}}}
`, `
start
exit a
run: success
`},
		{"what is so already is nothing to come", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {status: {a: success}}}
`, `
start
exit a
exit b
run: success
`},
		{"the workflow's own stop holds no run open, and ends it in success", `
stop: {event: done}
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: ignore}}
`, `
start
exit a
run: running
event done
said - fired stop
run: success
`},
		{"stop: the run's tasks are stopped", `
stop: {status: {a: success}}
tasks:
  a: {bash: "true"}
  b: {bash: "true"}
  c: {bash: "true", after: b}
  d: {bash: "true"}
`, `
start
run b
exit a
run: stopping
d: stopped stopped_with_run
b: stopping
exit b 0
b: stopped stopped_with_run
c: waiting
run: success
`},
		{"stop: unless a failure stands", `
stop: {event: done}
tasks:
  a: {bash: "true"}
  b: {bash: "true"}
`, `
start
exit a 1
event done
b: stopped
run: failed exit
`},
		{"failed wins over stopped by a person", `
tasks:
  a: {bash: "true"}
  b: {bash: "true"}
`, `
start
exit a 1
stop run
run: failed exit
`},
		{"a run that is being stopped is stopping until its last process is gone, no retry", `
tasks:
  a: {bash: "true", retries: 2}
  b: {bash: "true", retries: 2}
`, `
start
run a
exit b 1
b: retrying
stop run
b: stopped #1.1 stopped_with_run
run: stopping
event e
exit a 1
a: stopped #1.1 stopped_with_run
run: stopped stopped_by_person
`},
		{"an execution that a rule stopped does not change the result", `
tasks:
  a: {bash: "true", stop: {event: s}}
`, `
start
event s
a: stopped
run: success
`},
		{"a person's stop after the workflow's own makes it stopped", `
stop: {event: done}
tasks:
  a: {bash: "true"}
`, `
start
run a
event done
run: stopping
stop run
exit a
run: stopped stopped_by_person
`},
		{"no event is undecided for it", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: ignore}, optional: true}
`, `
start
run a
+exit a
+event e
b: queued #1
run: running
exit b
run: success
`},
		{"what a task emits with its success is decided before the run ends", `
tasks:
  a: {bash: "true", emit: {key: made, value: "${{ tasks.a.outputs.n }}"}}
  b: {bash: "true", start: {event: made, busy: ignore}, optional: true}
`, `
start
exit a 0 n=3
sent made 3
b: queued #1
`},
		{"no start waits behind busy", `
tasks:
  a: {bash: "true", start: {event: e, busy: queue}}
`, `
start
event e
event e
exit a
run: running
exit a
run: success
`},
	})
}

func TestQueuedRuns(t *testing.T) {
	playAll(t, []story{
		{"a queued run begins when it gets its place", `
tasks:
  a: {bash: "true"}
`, `
start queued
a: waiting
run: queued
admit
a: queued #1
run: running
`},
		{"in a queued run rules fire too and their starts wait for the run", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", start: {event: e, busy: {queue: 2}}}
  c: {bash: "true", start: {event: e, busy: latest}}
  d: {bash: "true", start: {event: e, busy: ignore}}
  r: {bash: "true", restart: {event: e}, env: {V: "${{ event.value }}"}}
`, `
start queued
event e 1
said b fired queue ~ waits for its place
event e 2
b waits 2
c waits 1
d waits 1
r waits 1
b: waiting
admit
a: queued #1
b: queued #1
c: queued #1
d: queued #1
r: queued #1
b waits 1
c waits 0
`},
		{"stop drops what waits in a queued run", `
tasks:
  a: {bash: "true", start: {event: e, busy: queue}, stop: {event: s}}
`, `
start queued
event e
event s
a waits 0
admit
a: waiting
run: running
`},
		{"a queued run that is stopped ends without having started", `
tasks:
  a: {bash: "true", start: {event: e, busy: queue}}
`, `
start queued
event e
stop run
run: stopped stopped_by_person
a: waiting
`},
		{"its own stop ends a queued run", `
stop: {event: e}
tasks:
  a: {bash: "true"}
`, `
start queued
event e
run: success
`},
	})
}

func TestEmit(t *testing.T) {
	playAll(t, []story{
		{"it is sent with the task's success only", `
tasks:
  a: {bash: "true", emit: [{key: one}, {key: "two_${{ run.id }}", value: "${{ tasks.a.status }}"}], retries: {limit: 1, delay: 1s}}
  b: {bash: "true", start: {event: one, busy: ignore}}
`, `
start
exit a 1
b: waiting
in 1s
exit a 0
sent two_1 success
b: queued
`},
		{"a value that cannot be computed fails the execution", `
tasks:
  a: {bash: "true", emit: {key: k, value: "${{ tasks.a.outputs.nothing }}"}, retries: 1}
  b: {bash: "true", after: a}
`, `
start
exit a 0
a: failed expression
b: waiting
`},
		{"tasks of the engine that answer each other's events do so for 64 links at most", `
tasks:
  a: {expr: {n: "1"}, emit: {key: ping}, restart: {event: pong}}
  b: {expr: {n: "1"}, emit: {key: pong}, start: {event: ping, busy: ignore}}
`, `
start
run: failed expression
`},
		{"with a process between they may go on", `
ends: never
tasks:
  a: {bash: "true", emit: {key: ping}, restart: {event: ping}}
`, `
start
exit a
exit a
a: queued #3
`},
		{"tasks that are skipped with each other without end fail the run", `
tasks:
  a: {bash: "true", after: b}
  b: {bash: "true", after: a, restart: {event: e}, if: "false"}
`, `
start
event e
run: failed runaway
`},
		{"tasks of the engine that start each other without end fail the run", `
tasks:
  a: {expr: {n: "1"}, restart: {status: {b: ended}}}
  b: {expr: {n: "1"}, start: {status: {a: ended}}}
`, `
start
run: failed runaway
`},
	})
}

func TestNeverRan(t *testing.T) {
	for _, c := range []struct {
		name, workflow, script string
		want                   map[string]Never
	}{
		{"an upstream that ended otherwise", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a}
  c: {bash: "true", after: b}
  d: {bash: "true", start: {event: e, busy: ignore}}
`, "start\nexit a 1\nrun: failed exit", map[string]Never{
			"b": {freshet.CodeUpstream, "task a ended failed"},
			"c": {freshet.CodeUpstream, "task b ended skipped"},
			"d": {freshet.CodeCondition, "event e did not come before the run ended"},
		}},
		{"the run was stopped", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a}
`, "start\nstop run", map[string]Never{"b": {freshet.CodeStoppedWithRun, "the run was stopped before"}}},
		{"all ran", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", if: "false"}
`, "start\nexit a", map[string]Never{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := play(t, c.workflow, c.script)
			if diff := cmp.Diff(c.want, NeverRan(w.w, w.st)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
