package machine

import "testing"

// Each test is named for the sentence of the format page that it holds.

type story struct{ name, workflow, script string }

func playAll(t *testing.T, stories []story) {
	t.Helper()
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) { play(t, s.workflow, s.script) })
	}
}

func TestStarts(t *testing.T) {
	playAll(t, []story{
		{"a task without start, after or schedule starts with the run", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a}
  c: {bash: "true", start: {event: e, busy: ignore}}
`, `
start
a: queued #1.1
b: waiting
c: waiting
`},
		{"after asks for success", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a}
  c: {bash: "true", after: {a: failed}}
`, `
start
exit a 0
b: queued #1
c: waiting
`},
		{"after a mapping asks for what it names", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a}
  c: {bash: "true", after: {a: failed}}
  d: {bash: "true", after: {a: [failed, stopped]}}
  e: {bash: "true", after: {a: ended}}
`, `
start
exit a 3
a: failed exit
b: waiting
c: queued #1
d: queued #1
e: queued #1
`},
		{"a failure under allow_failure counts as success for after, and is taken literally by status", `
tasks:
  a: {bash: "true", allow_failure: true}
  b: {bash: "true", after: a}
  c: {bash: "true", after: {a: success}}
  d: {bash: "true", start: {status: {a: failed}}}
`, `
start
exit a 3
b: queued #1
c: waiting
d: queued #1
exit b
exit d
run: success
`},
		{"a stopped upstream is no success for after", `
tasks:
  a: {bash: "true", stop: {event: e}}
  b: {bash: "true", after: a}
`, `
start
run a
event e
a: stopping
exit a 0
a: stopped stopped_by_rule
b: waiting
run: success
`},
		{"beside start, after holds for each of its rules as well", `
ends: never
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a, start: [{event: x, busy: ignore}, {event: y, busy: ignore}]}
`, `
start
event x
said b remembered
b: waiting
exit a
b: queued #1
exit b
event y
b: queued #2
`},
		{"each upstream is asked for its latest execution", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}}
  b: {bash: "true", start: {event: f, busy: ignore}}
  c: {bash: "true", after: [a, b]}
`, `
start
event e
exit a
event f
exit b 1
c: waiting
event f
exit b 0
c: queued #1
`},
	})
}

func TestSkips(t *testing.T) {
	playAll(t, []story{
		{"a skipped upstream counts as done as long as another succeeded", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", if: "false"}
  c: {bash: "true", after: [a, b]}
`, `
start
b: skipped #1 if
c: waiting
exit a
c: queued #1
`},
		{"if all were skipped, a task without start is skipped too, at once, and counts likewise for those after it", `
tasks:
  a: {bash: "true", if: "false"}
  b: {bash: "true", if: "false"}
  c: {bash: "true", after: [a, b]}
  d: {bash: "true", after: c}
  e: {bash: "true"}
  f: {bash: "true", after: [d, e]}
`, `
start
c: skipped upstream
d: skipped upstream
f: waiting
exit e
f: queued #1
exit f
run: success
`},
		{"a task with start is not skipped with its upstreams", `
tasks:
  a: {bash: "true", if: "false"}
  c: {bash: "true", after: a, start: {event: e, busy: ignore}}
`, `
start
c: waiting
run: success
`},
		{"after a mapping is taken literally, a skip is no success", `
tasks:
  a: {bash: "true", if: "false"}
  b: {bash: "true", after: {a: success}}
  c: {bash: "true", after: {a: skipped}}
`, `
start
b: waiting
c: queued #1
`},
		{"an if that fails ends the execution failed, reason expression, and is not retried", `
tasks:
  a: {bash: "true", retries: 3, if: "event.data.n > 3"}
`, `
start
a: failed #1.1 expression
run: failed expression
`},
		{"tasks that end at once in the same step are examined one by one", `
tasks:
  x: {expr: {n: "1"}}
  y: {expr: {n: "2"}}
  z: {expr: {n: "tasks.x.outputs.n + tasks.y.outputs.n"}, after: [x, y]}
  w: {bash: "true", after: z}
`, `
start
z: success #1.1
w: queued #1
`},
		{"skips that end at once in the same step are one skip", `
tasks:
  x: {bash: "true", if: "false"}
  y: {bash: "true", if: "false"}
  z: {bash: "true", after: [x, y]}
`, `
start
z: skipped #1 upstream
run: success
`},
		{"all that wait for an end see it, though the first of them starts the task again", `
tasks:
  a: {bash: "true", start: [{event: go, busy: ignore}, {status: {a: success}}]}
  b: {bash: "true", after: a}
`, `
start
event go
exit a
a: queued #2
b: queued #1
`},
	})
}

func TestSignals(t *testing.T) {
	playAll(t, []story{
		{"an event whose if does not hold is filtered, one whose if fails is an error, both are not met", `
tasks:
  a: {bash: "true", start: {event: e, if: event.data.n > 3, busy: ignore}}
`, `
start
event e {"n": 2}
said a filtered
event e {}
said a error ~ if: event.data.n > 3
a: waiting
event e {"n": 4}
said a fired start
a: queued #1
`},
		{"count: so many have arrived since the rule last fired", `
ends: never
tasks:
  a: {bash: "true", start: {count: {event: e, reaches: 2}, if: event.data > 0, busy: ignore}}
`, `
start
event e 1
said a counted
event e 0
said a filtered
a: waiting
event e 1
a: queued #1
event e 1
said a counted
exit a
event e 1
a: queued #2
`},
		{"a count that has fired begins anew though its action was ignored", `
ends: never
tasks:
  a: {bash: "true", start: {count: {event: e, reaches: 2}, busy: ignore}}
`, `
start
event e
event e
a: queued #1
event e
event e
said a fired ~ alive
exit a
event e
a: success #1
event e
a: queued #2
`},
		{"sum: the sum reaches it", `
tasks:
  a: {bash: "true", start: {sum: {event: e, of: event.data.n, reaches: 10}, busy: ignore}}
`, `
start
event e {"n": 4}
event e {"n": 5.5}
said a counted
event e {"n": "much"}
said a error ~ of: event.data.n
event e {"n": 0.5}
a: queued #1
`},
		{"inside all a signal is remembered until the rule fires, then forgotten", `
ends: never
tasks:
  a: {bash: "true", start: {all: [{event: x}, {event: y}], busy: ignore}}
`, `
start
event x
said a remembered
event y
a: queued #1
exit a
event y
said a remembered
a: success #1
event x
a: queued #2
`},
		{"a count inside all is remembered as well", `
ends: never
tasks:
  a: {bash: "true", start: {all: [{count: {event: x, reaches: 2}}, {event: y}], busy: ignore}}
`, `
start
event x
event y
event x
a: queued #1
exit a
event x
event y
a: success #1
event x
a: queued #2
`},
		{"outside all a signal is not remembered", `
ends: never
tasks:
  a: {bash: "true", start: {any: [{event: x}, {all: [{event: y}, {event: z}]}], busy: ignore}}
`, `
start
event y
a: waiting
event x
a: queued #1
exit a
event z
a: success #1
event y
a: queued #2
`},
		{"states are looked at, never remembered", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}}
  b: {bash: "true", start: {all: [{event: f}, {status: {a: success}}], busy: ignore}}
`, `
start
event f
b: waiting
event e
exit a 0
b: queued #1
exit b
event e
exit a 1
event f
b: success #1
event e
exit a 0
b: queued #2
`},
		{"ended is any final status", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}, stop: {event: s}}
  b: {bash: "true", start: {status: {a: ended}}}
`, `
start
event e
exit a 1
b: queued #1
exit b
event e
run a
event s
b: success #1
exit a
b: queued #2
`},
		{"a rule made of states is examined when a named task ends", `
tasks:
  a: {bash: "true"}
  b: {bash: "true"}
  c: {bash: "true", after: [a, b]}
`, `
start
run a
run b
+exit a
+exit b
c: queued #1
exit c
c: success #1
`},
		{"several rules: at most one action per task and event, restart before start", `
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}, restart: {event: e}}
`, `
start
event e
a: queued #1
said a fired start
said a fired ~ another rule of the task
run a
event e
said a fired restart
said a fired ~ another rule of the task
a: stopping #1
`},
		{"stop if the task is alive, else restart, else start", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}, restart: {event: e}, stop: {event: e}}
`, `
start
event e
a: queued #1
event e
a: stopped #1 stopped_by_rule
event e
a: queued #2
`},
		{"a rule that lost has fired all the same, its signals are forgotten", `
ends: never
tasks:
  a:
    bash: "true"
    start: [{event: e, busy: ignore}, {count: {event: e, reaches: 2}, busy: ignore}]
`, `
start
event e
a: queued #1
exit a
event e
a: queued #2
said a fired ~ another rule
exit a
event e
a: queued #3
said a counted
`},
		{"all rules see an event before any action, whatever stands first in the file", `
ends: never
tasks:
  a: {bash: "true", restart: {event: e}}
  c: {bash: "true", start: {event: e, busy: ignore}, after: a}
  d: {bash: "true", start: {event: f, busy: ignore}}
  x: {bash: "true", start: [{event: g, busy: ignore}, {status: {d: ended}}]}
  y: {bash: "true", start: {status: {d: ended, x: success}}}
`, `
start
exit a
event e
a: queued #2
c: queued #1
event g
exit x
event f
exit d
x: queued #2
y: queued #1
`},
		{"stop of what is not alive does nothing", `
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}, stop: {event: s}}
`, `
start
event s
said a fired ~ not alive
a: waiting
`},
		{"an event nobody listens to means nothing", `
tasks:
  a: {bash: "true", start: {event: e, busy: ignore}}
`, `
start
event other
run: running
`},
	})
}

func TestEventsOfAStart(t *testing.T) {
	w := play(t, `
tasks:
  a:
    bash: "true"
    start: {all: [{event: x}, {event: y}], busy: ignore}
    env: {X: "${{ events.x.value }}", Y: "${{ events.y.value }}", LAST: "${{ event.key }}"}
`, `
start
event x 1
event x 2
event y 3
a: queued #1
`)
	x := w.latest("a")
	want := [][2]string{{"X", "2"}, {"Y", "3"}, {"LAST", "y"}}
	if got := asJSON(t, x.Call.Env); got != asJSON(t, want) {
		t.Errorf("environment %s, want %s", got, asJSON(t, want))
	}
	if len(x.By) != 2 || x.By[0].Offset != 3 || x.By[1].Offset != 4 || x.Offset != 4 {
		t.Errorf("of several equal signals the newest counts: %s", asJSON(t, x.By))
	}
}
