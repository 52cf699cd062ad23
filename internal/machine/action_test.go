package machine

import "testing"

func TestBusy(t *testing.T) {
	playAll(t, []story{
		{"ignore is the default", `
tasks:
  a: {bash: "true", start: {event: e}}
`, `
start
event e
event e
said a fired ~ the task is alive
a waits 0
`},
		{"queue keeps every start, in order, and what does not fit is ignored and said so", `
tasks:
  a: {bash: "true", start: {event: e, busy: {queue: 2}}, env: {V: "${{ event.value }}"}}
`, `
start
event e 1
event e 2
said a fired queue
event e 3
event e 4
said a fired ~ queue is full
a waits 2
exit a
a: queued #2
a waits 1
said a fired start ~ it had waited
exit a
exit a
a: success #3
run: success
`},
		{"latest keeps one, the newest", `
tasks:
  a: {bash: "true", start: {event: e, busy: latest}}
`, `
start
event e 1
event e 2
said a fired queue
event e 3
said a fired replace
a waits 1
exit a
a: queued #2
a waits 0
`},
		{"restart", `
tasks:
  a: {bash: "true", start: {event: e, busy: restart}}
`, `
start
event e 1
run a
event e 2
said a fired restart
a: stopping #1
a follows
exit a 143
a: queued #2
a does not follow
`},
		{"rules see an end before the next waiting start begins", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: queue}, stop: {status: {a: failed}}}
  b: {bash: "true", after: a}
`, `
start
event e
event e
event e
exit a 0
b: queued #1
a: queued #2
a waits 1
exit a 1
a: failed #2
a waits 0
`},
		{"stop drops what waits", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: queue}, stop: {event: s}}
`, `
start
event e
event e
run a
event s
a: stopping
a waits 0
exit a
a: stopped #1
`},
		{"the run's end drops what waits", `
tasks:
  a: {bash: "true", start: {event: e, busy: queue}}
`, `
start
event e
event e
run a
stop run
a waits 0
run: stopping
exit a
run: stopped stopped_by_person
`},
		{"a rule of states finds its task alive and is ignored", `
tasks:
  a: {bash: "true"}
  b: {bash: "true"}
  c: {bash: "true", start: {status: {a: success}}, after: {b: ended}}
  d: {bash: "true", start: [{status: {a: success}}, {status: {b: success}}]}
`, `
start
exit a
d: queued #1
exit b
said d fired ~ alive
d: queued #1
c: queued #1
`},
	})
}

func TestRestart(t *testing.T) {
	const serve = `
ends: never
tasks:
  a: {bash: "true", retries: {limit: 1, delay: 1m}, restart: {event: r}, stop: {event: s}, stop_grace: 3s}
  saw: {bash: "true", start: {status: {a: ended}}}
`
	playAll(t, []story{
		{"one decision; rules never see the predecessor's end", serve, `
start
run a
event r
a: stopping #1
stopping a 3s
exit a 0
a: queued #2
saw: waiting
`},
		{"what has not started a process yet stays and takes the new event", serve, `
start
event r
said a fired restart
a: queued #1.1
a does not follow
run a
`},
		{"what has been claimed may have a process, it is stopped", serve, `
start
claim a
event r
a: stopping #1
lost a
a: queued #2
saw: waiting
`},
		{"restarts while it is stopping are one", serve, `
start
run a
event r 1
event r 2
event r 3
exit a
a: queued #2
exit a
a: success #2
saw: queued #1
`},
		{"a stop in that time drops the successor", serve, `
start
run a
event r
a follows
event s
a does not follow
exit a 0
a: stopped #1 stopped_by_rule
saw: queued #1
`},
		{"a restart while it is being stopped is its successor", serve, `
start
run a
event s
event r
exit a 0
a: queued #2
saw: waiting
`},
		{"a retry that waits gives way at once", serve, `
start
exit a 1
a: retrying #1.1
event r
a: queued #2.1
saw: waiting
`},
		{"a second try that waits for a slot gives way at once", serve, `
start
exit a 1
in 1m
a: queued #1.2
event r
a: queued #2.1
saw: waiting
`},
		{"what has not started a process yet and cannot take the new event fails", `
tasks:
  a: {bash: "true", start: {event: e, busy: restart}, if: event.data > 0}
`, `
start
event e 1
a: queued #1
event e x
a: failed #1 expression
run: failed expression
`},
		{"with none alive it starts", serve, `
start
exit a
event r
said a fired start
a: queued #2
`},
		{"a failure while it is restarted is not retried", serve, `
start
run a
event r
exit a 1
a: queued #2.1
`},
	})
}

func TestRestartTakesTheNewestEvent(t *testing.T) {
	for name, script := range map[string]string{
		"before its process": "start\nevent r 1\nevent r 2",
		"while it stops":     "start\nrun a\nevent r 1\nevent r 2\nexit a",
	} {
		t.Run(name, func(t *testing.T) {
			w := play(t, `
tasks:
  a: {bash: "true", restart: {event: r}, env: {V: "${{ event.value }}"}}
`, script)
			x := w.latest("a")
			if got := x.Call.Env[0][1]; got != "2" || x.Event().Value != "2" {
				t.Errorf("the environment has %q, the execution event %v", got, x.Event())
			}
		})
	}
}

func TestCommands(t *testing.T) {
	const two = `
ends: never
tasks:
  a: {bash: "true", restart: {event: r}}
  b: {bash: "true", after: a}
`
	playAll(t, []story{
		{"start of what is not alive", two, `
start
exit a
task start a
a: queued #2
task start a
refused
`},
		{"stop", two, `
start
run a
task stop a
a: stopping
exit a 0
a: stopped #1 stopped_by_person
b: waiting
task stop a
refused
`},
		{"stop of what waits for a slot", two, `
start
task stop a
a: stopped #1 stopped_by_person
`},
		{"restart", two, `
start
run a
task restart a
a: stopping
exit a 0
a: queued #2
b: waiting
task restart b
b: queued #1
`},
		{"restart by a person of what waits for its retry", `
tasks:
  a: {bash: "true", retries: 1}
`, `
start
exit a 1
task restart a
a: queued #2
`},
		{"an unknown task, and a run that is not running", two, `
start
task start nobody
refused
run a
stop run
run: stopping
task start b
refused
exit a
run: stopped stopped_by_person
`},
		{"a queued run takes no commands to tasks", two, `
start queued
task start a
refused
`},
	})
}

func TestExecutions(t *testing.T) {
	playAll(t, []story{
		{"retries: further tries after the first, 30s apart", `
tasks:
  a: {bash: "true", retries: 2}
  b: {bash: "true", start: {status: {a: ended}}}
`, `
start
exit a 1
a: retrying #1.1 exit
b: waiting
in 29s
a: retrying
in 1s
a: queued #1.2
exit a 1
in 30s
a: queued #1.3
exit a 1
a: failed #1.3 exit
b: queued #1
exit b
run: failed exit
`},
		{"backoff and max_delay", `
tasks:
  a: {bash: "true", retries: {limit: 4, delay: 10s, backoff: 3, max_delay: 1m}}
`, `
start
exit a 1
in 10s
a: queued #1.2
exit a 1
in 29s
a: retrying
in 1s
a: queued #1.3
exit a 1
in 59s
a: retrying
in 1s
a: queued #1.4
exit a 1
in 1m
a: queued #1.5
exit a 1
a: failed
`},
		{"on: other reasons are not retried", `
tasks:
  a: {bash: "true", retries: {limit: 1, on: lost}}
  b: {bash: "true", retries: {limit: 1, on: lost}}
  c: {bash: "true", retries: 1}
`, `
start
exit a 1
a: failed
lost b
b: retrying lost
unstartable c
c: failed start_failed
`},
		{"on_exit", `
tasks:
  a: {bash: "true", retries: {limit: 3, on_exit: [75, 76]}}
`, `
start
exit a 76
a: retrying
in 30s
exit a 1
a: failed #1.2
`},
		{"a retry is alive while it waits", `
tasks:
  a: {bash: "true", retries: 1}
  b: {bash: "true"}
`, `
start
exit a 1
exit b
run: running
in 30s
exit a
run: success
`},
		{"timeout is per try, from the start of the process", `
tasks:
  a: {bash: "true", timeout: 10s, stop_grace: 4s, retries: {limit: 1, delay: 1s}}
`, `
start
claim a
in 1h
a: queued #1.1
run a
in 9s
a: running
in 1s
a: stopping
stopping a 4s
exit a 0
a: retrying #1.1 timeout
in 1s
run a
in 10s
exit a 143
a: failed #1.2 timeout
run: failed timeout
`},
		{"a time-out that comes too late does nothing", `
tasks:
  a: {bash: "true", timeout: 10s}
  b: {bash: "true"}
`, `
start
run a
in 10s
a: stopping
exit a
a: failed timeout
in 1h
a: failed
`},
		{"timeout: none switches a default off", `
defaults: {timeout: 1s}
tasks:
  a: {bash: "true", timeout: none}
  b: {bash: "true", long_running: true}
  c: {bash: "true"}
`, `
start
run a
run b
run c
in 2s
a: running
b: running
c: stopping
`},
		{"asked to stop it ends stopped whatever its exit code", `
tasks:
  a: {bash: "true", stop: {event: s}, retries: 1}
`, `
start
run a
event s
exit a 1
a: stopped stopped_by_rule
run: success
`},
		{"also while it waits for a retry", `
tasks:
  a: {bash: "true", stop: {event: s}, retries: 1}
`, `
start
exit a 1
event s
a: stopped #1.1 stopped_by_rule
in 1h
a: stopped #1.1
run: success
`},
		{"a stop that comes after its time-out wins, and nothing is tried again", `
tasks:
  a: {bash: "true", timeout: 1s, retries: 1, stop: {event: s}}
`, `
start
run a
in 1s
a: stopping
event s
exit a 143
a: stopped #1.1 stopped_by_rule
`},
		{"declared outputs are required", `
tasks:
  a: {bash: "true", outputs: {rows: integer}, retries: 1}
  b: {bash: "true", outputs: {rows: integer}}
  c: {bash: "true", outputs: {rows: integer}}
`, `
start
exit a 0
a: failed outputs
exit b 0 rows=many
b: failed outputs
exit c 0 rows=3
c: success
`},
		{"an expression over an output that does not exist fails the start", `
tasks:
  a: {bash: "true"}
  b: {bash: "true", after: a, env: {R: "${{ tasks.a.outputs.rows }}"}, retries: 2}
`, `
start
exit a
b: failed #1.1 expression
`},
		{"seq counts the starts, try the processes of one start", `
ends: never
tasks:
  a: {bash: "true", start: {event: e, busy: queue}, retries: {limit: 1, delay: 1s}}
`, `
start
event e
exit a 1
in 1s
exit a 0
a: success #1.2
event e
a: queued #2.1
`},
	})
}

func TestExitCodeIsKept(t *testing.T) {
	w := play(t, `
tasks:
  a: {bash: "true", stop: {event: s}}
`, "start\nrun a\nevent s\nexit a 7")
	if x := w.latest("a"); !x.HasExit || x.ExitCode != 7 {
		t.Errorf("the exit code of a stopped execution: %v %d, want 7", x.HasExit, x.ExitCode)
	}
}

func TestStaleReports(t *testing.T) {
	w := play(t, `
tasks:
  a: {bash: "true", retries: {limit: 1, delay: 1s}}
`, "start\nrun a")
	first := *w.latest("a")
	for _, stale := range []struct {
		name   string
		change func(p *Process)
	}{
		{"an older epoch", func(p *Process) { p.Epoch-- }},
		{"another start", func(p *Process) { p.Seq++ }},
		{"another try", func(p *Process) { p.Try++ }},
		{"another task", func(p *Process) { p.Task = "zz" }},
	} {
		w.report(Ended, &first, stale.change)
		w.drain()
		if got := w.latest("a").Status; got != "running" {
			t.Fatalf("a report of %s ended it: %s", stale.name, got)
		}
	}
	w.report(Ended, &first, func(p *Process) { p.ExitCode = 1 })
	w.report(Ended, &first, nil) // once more, saying something else
	w.drain()
	if err := w.line("a: retrying #1.1 exit"); err != nil {
		t.Fatal(err)
	}
	if err := w.line("in 1s"); err != nil {
		t.Fatal(err)
	}
	w.report(Ended, &first, nil)
	w.drain()
	if err := w.line("a: queued #1.2"); err != nil {
		t.Fatal(err)
	}
}
