package machine

import (
	"testing"

	"github.com/freshet/freshet"
)

func TestFinally(t *testing.T) {
	for _, c := range []struct{ name, source, script string }{
		{"after success, and the run is over when it is", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			exit a
			run: running
			z: queued
			exit z
			run: success`},
		{"after a failure, which it sees", `
tasks: {a: {bash: x}, b: {after: a, bash: x}}
finally:
  z: {if: 'run.status == "failed" && run.failed_tasks == ["a"] && tasks.b.status == "waiting"', bash: y}`, `
			start
			exit a 1
			run: running exit
			z: queued
			exit z
			run: failed exit`},
		{"a failure in it fails the run", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			exit a
			exit z 3
			run: failed exit`},
		{"unless it is allowed", `
tasks: {a: {bash: x}}
finally: {z: {bash: y, allow_failure: true}}`, `
			start
			exit a
			exit z 3
			run: success`},
		{"tasks of it follow each other, and are tried again", `
tasks: {a: {bash: x}}
finally: {y: {bash: y, retries: {limit: 1, delay: 10s}}, z: {after: y, bash: z}}`, `
			start
			exit a
			z: waiting
			exit y 1
			y: retrying #1.1 exit
			in 10s
			exit y
			exit z
			run: success`},
		{"one that is skipped, or decided here, ends it at once", `
tasks: {a: {bash: x}}
finally: {y: {if: 'run.status == "failed"', bash: y}, z: {expr: {x: "1"}}}`, `
			start
			exit a
			run: success
			y: skipped if`},
		{"after a stop the run is stopping until it is over", `
tasks: {a: {bash: x}}
finally: {z: {if: 'run.status == "stopped"', bash: y}}`, `
			start
			run a
			stop run
			exit a 143
			run: stopping stopped_by_person
			z: queued
			exit z
			run: stopped stopped_by_person`},
		{"a second stop before it: it does not run", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			run a
			stop run
			stop run
			exit a 143
			run: stopped stopped_by_person
			z: waiting`},
		{"a second stop ends it", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			run a
			stop run
			exit a 143
			run z
			stop run
			z: stopping
			exit z 143
			z: stopped stopped_with_run
			run: stopped stopped_by_person`},
		{"a stop in it stops the run", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}, zz: {after: z, bash: y}}`, `
			start
			exit a
			run z
			stop run
			exit z 143
			run: stopped stopped_by_person`},
		{"a failed run stays failed when its finally is stopped", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			exit a 1
			run z
			stop run
			exit z 143
			run: failed exit`},
		{"not for a run that was stopped before it started", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start queued
			stop run
			run: stopped stopped_by_person
			z: waiting`},
		{"rules act no more in it, and events come too late", `
tasks: {a: {bash: x}, b: {start: {event: e}, optional: true, bash: x}}
finally: {z: {bash: y}}`, `
			start
			exit a
			event e
			b: waiting
			said - expired ~ finally
			exit z
			run: success`},
		{"tasks take no commands in it, and it takes none before", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			task start z
			refused
			exit a
			task start a
			refused
			task stop z
			run: success`},
		{"a default time-out", `
tasks: {a: {bash: x}}
finally: {z: {bash: y}}`, `
			start
			exit a
			run z
			in 10m
			z: stopping
			exit z 143
			z: failed timeout
			run: failed timeout`},
		{"the run's own time-out: its tasks are stopped, finally runs, it has failed", `
timeout: 1h
tasks: {a: {bash: x}, b: {start: {event: e}, bash: x}}
finally: {z: {if: 'run.status == "failed"', bash: y}}`, `
			start
			run a
			in 1h
			a: stopping
			exit a 143
			a: stopped stopped_with_run
			run z
			in 5h
			exit z
			run: failed timeout`},
		{"a run that waits for its place has no time-out yet", `
timeout: 1h
tasks: {a: {bash: x}}`, `
			start queued
			in 3h
			run: queued
			admit
			in 59m
			run: running
			exit a
			run: success
			in 2h`},
	} {
		t.Run(c.name, func(t *testing.T) { play(t, c.source, c.script) })
	}
}

func TestTicksOfTasks(t *testing.T) {
	for _, c := range []struct{ name, source, script string }{
		{"every: with the run and at each tick; one that finds it alive is ignored", `
tasks: {a: {every: 10m, bash: x}}`, `
			start
			a: queued #1
			run a
			in 10m
			a: running #1
			said a fired ~ alive
			exit a
			run: running
			in 10m
			a: queued #2`},
		{"busy: restart asks for the kill", `
tasks: {a: {start: {every: 10m, busy: restart}, bash: x}}`, `
			start
			a: waiting
			in 10m
			run a
			in 10m
			a: stopping #1
			exit a 143
			a: queued #2`},
		{"schedule: at ticks only", `
tasks: {a: {schedule: "0 * * * *", bash: x}}`, `
			start
			a: waiting
			in 1h
			a: queued #1
			run: running`},
		{"restart at a tick", `
tasks: {a: {bash: x, restart: {every: 1h}}}`, `
			start
			run a
			in 1h
			a: stopping #1
			exit a 143
			a: queued #2`},
		{"beside after, a tick starts by itself", `
tasks: {a: {bash: x}, b: {after: a, every: 1h, bash: x}}`, `
			start
			b: waiting
			in 1h
			b: queued #1`},
		{"the run's own stop at a tick", `
tasks: {a: {bash: x}}
stop: {every: 1h}`, `
			start
			run a
			in 1h
			a: stopping
			exit a 143
			run: success`},
		{"an absence starts a task, and holds no run open", `
tasks: {a: {bash: x}, b: {start: {missing: {event: beat, for: 5m}}, bash: y}}`, `
			start
			run a
			in 4m
			event beat
			in 4m
			b: waiting
			in 1m
			b: queued #1
			exit b
			in 10m
			b: success #1
			exit a
			run: success`},
		{"in a run that waits for its place nothing waits for a time", `
tasks: {a: {bash: x, restart: {missing: {event: beat, for: 1m}}}}`, `
			start queued
			event beat
			in 10m
			run: queued
			admit
			a: queued #1
			run a
			in 1m
			a: stopping`},
		{"an absence that never came", `
tasks: {a: {bash: x}, b: {start: {missing: {event: beat, for: 5m}}, bash: y}}`, `
			start
			exit a
			run: success`},
		{"ends: settled with a tick: a task that has not run is waited for, one that has is not", `
ends: settled
tasks: {a: {every: 10m, bash: x}, b: {schedule: "0 * * * *", bash: x}}`, `
			start
			exit a
			run: running
			in 1h
			run: running
			exit b
			exit a
			run: success`},
		{"no tick after the stop", `
tasks: {a: {every: 10m, bash: x}}`, `
			start
			run a
			stop run
			in 1h
			a: stopping #1
			exit a 143
			run: stopped stopped_by_person`},
	} {
		t.Run(c.name, func(t *testing.T) { play(t, c.source, c.script) })
	}
}

func TestOutputsOfWorkflow(t *testing.T) {
	w := play(t, `
outputs: {total: "tasks.a.outputs.n + 1"}
tasks: {a: {expr: {n: "41"}}}`, "start\nrun: success")
	if got := w.row.Outputs["total"]; got != int64(42) {
		t.Errorf("total = %v", got)
	}
	if got := w.ended[0].Body.Outputs["total"]; got != int64(42) {
		t.Errorf("what others are told: %v", got)
	}
	w = play(t, `
outputs: {total: "tasks.a.outputs.n + 1"}
tasks: {a: {bash: x}}
finally: {z: {if: 'run.status == "failed"', bash: y}}`, "start\nexit a\nz: queued\nexit z\nrun: failed expression")
	if w.row.Outputs != nil || w.row.Code != freshet.CodeExpression {
		t.Errorf("%+v", w.row)
	}
}
