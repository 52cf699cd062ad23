package machine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func TestForeach(t *testing.T) {
	for _, c := range []struct{ name, source, script string }{
		{"one execution per item; rules see the task", `
tasks:
  a: {foreach: [x, y, z], bash: run, env: {V: "${{ item }}${{ index }}"}}
  b: {after: a, expr: {n: "tasks.a.outputs.v"}}`, `
			start
			a: running #1
			a[0]: queued
			a[2]: queued
			exit a[1] v=1
			exit a[0] v=0
			a: running #1
			b: waiting
			exit a[2] v=2
			a: success #1
			a[2]: success
			b: success
			run: success`},
		{"outputs come in order, null where an item has none", `
tasks:
  a: {foreach: "[1, 2, 3]", expr: {double: item * 2}}
  b: {after: a, expr: {sum: "tasks.a.outputs.double[0] + tasks.a.outputs.double[2]"}}`, `
			start
			b: success
			run: success`},
		{"an empty list is a success", `
tasks: {a: {foreach: "[]", bash: x}, b: {after: a, bash: x}}`, `
			start
			a: success #1
			b: queued`},
		{"max_parallel", `
tasks: {a: {foreach: [1, 2, 3], max_parallel: 2, bash: x}}`, `
			start
			a[1]: queued
			a[2]: waiting
			exit a[0]
			a[2]: queued
			exit a[1]
			exit a[2]
			run: success`},
		{"fail_fast: no further one starts, live ones are stopped", `
tasks: {a: {foreach: [1, 2, 3, 4], max_parallel: 2, bash: x}}`, `
			start
			run a[0]
			run a[1]
			exit a[0] 3
			a: running #1
			a[1]: stopping
			a[2]: skipped
			a[3]: skipped upstream
			exit a[1] 143
			a[1]: stopped
			a: failed #1 exit
			run: failed exit`},
		{"without fail_fast all run, and one failure fails the task", `
tasks: {a: {foreach: [1, 2, 3], fail_fast: false, bash: x}}`, `
			start
			exit a[0] 3
			exit a[1]
			a: running
			exit a[2]
			a: failed exit
			run: failed exit`},
		{"retries are per item", `
tasks: {a: {foreach: [1, 2], retries: {limit: 1, delay: 10s}, bash: x}}`, `
			start
			exit a[0] 3
			a[0]: retrying
			exit a[1]
			a: running #1
			in 10s
			a[0]: queued #1.2
			exit a[0]
			a: success #1`},
		{"a time-out is per item", `
tasks: {a: {foreach: [1, 2], timeout: 1m, fail_fast: false, bash: x}}`, `
			start
			run a[0]
			in 30s
			run a[1]
			in 30s
			a[0]: stopping
			a[1]: running
			exit a[0] 143
			exit a[1]
			a: failed timeout`},
		{"its if is asked once, before it", `
tasks: {a: {foreach: "[1 / 0]", if: "false", bash: x}}`, `
			start
			a: skipped if
			run: success`},
		{"a list that cannot be computed", `
tasks: {a: {foreach: "params", bash: x}}`, `
			start
			a: failed expression
			run: failed expression`},
		{"a stop ends all, and what has not begun does not", `
tasks: {a: {foreach: [1, 2, 3], max_parallel: 2, bash: x}}`, `
			start
			run a[0]
			task stop a
			a: stopping
			a[1]: stopped
			exit a[0] 143
			a: stopped stopped_by_person
			a[2]: skipped
			run: success`},
		{"a restart begins all anew", `
tasks: {a: {foreach: [1, 2], bash: x, restart: {event: e}}}`, `
			start
			run a[0]
			event e
			exit a[0] 143
			a: running #2
			a[1]: queued #2
			exit a[0]
			exit a[1]
			run: success`},
		{"emit sends per item", `
tasks: {a: {foreach: [x, y], bash: x, emit: {key: done, value: "${{ item }}"}}}`, `
			start
			exit a[1]
			sent done y
			exit a[0]
			sent done x
			run: success`},
		{"every combination, the last changing first", `
tasks: {a: {foreach: {n: [1, 2], s: [x, y]}, expr: {v: "item.s + string(item.n) + string(index)"}}, b: {after: a, expr: {ok: 'tasks.a.outputs.v == ["x10", "y11", "x22", "y23"]'}, emit: {key: ok, value: "${{ tasks.b.outputs.ok }}"}}}`, `
			start
			sent ok true
			run: success`},
		{"the run's stop", `
tasks: {a: {foreach: [1, 2], bash: x}}`, `
			start
			run a[0]
			stop run
			a[1]: stopped stopped_with_run
			exit a[0] 143
			run: stopped stopped_by_person`},
		{"an approval asks for each item", `
tasks: {a: {foreach: [x, y], approval: "deploy ${{ item }}?"}}`, `
			start
			answer a approve
			refused
			answer a[1] approve
			answer a[0] approve
			run: success`},
		{"an item that fails as it starts", `
tasks: {a: {foreach: [1, 0], fail_fast: false, bash: x, env: {V: "${{ 1 / item }}"}}}`, `
			start
			a[1]: failed expression
			exit a[0]
			a: failed expression`},
	} {
		t.Run(c.name, func(t *testing.T) { play(t, c.source, c.script) })
	}
}

// Ten thousand items are many small decisions, and what they give is the same.
func TestManyItems(t *testing.T) {
	w := newWorld(t, parse(t, `
parameters: {list: {type: array}}
tasks: {a: {foreach: "params.list", expr: {v: item + 1}}}`))
	list, want := make([]any, 3000), make([]any, 3000)
	for i := range list {
		list[i], want[i] = int64(i), int64(i+1)
	}
	w.st.Parameters, w.row.Parameters = map[string]any{"list": list}, map[string]any{"list": list}
	largest := 0
	w.hook = func(_ *Entry, d *Decision) { largest = max(largest, len(d.Executions)) }
	if err := w.line("start"); err != nil {
		t.Fatal(err)
	}
	x := w.latest("a")
	if diff := cmp.Diff(any(want), x.Outputs["v"]); x.Status != freshet.Success || diff != "" {
		t.Fatalf("%s %s: %s", x.Status, x.Reason, diff)
	}
	if largest > 2*usual.rows {
		t.Errorf("a decision has %d rows", largest)
	}
	if n := fmt.Sprint(w.st.Status); n != "success" {
		t.Errorf("the run is %s", n)
	}
}
