package machine

import (
	"slices"
	"strings"
	"testing"

	"github.com/freshet/freshet"
)

func TestSubWorkflow(t *testing.T) {
	const source = `
tasks:
  a: {workflow: other, with: {n: "${{ 1 + 1 }}"}, retries: {limit: 1, delay: 10s}, timeout: 1h}
  b: {after: a, expr: {v: tasks.a.outputs.v}}`
	for _, c := range []struct{ name, script string }{
		{"its result and its outputs are the task's", `
			start
			a: running #1
			called a 7
			child a success v=9
			a: success #1
			b: success #1
			run: success`},
		{"its failure is the task's, and is tried again", `
			start
			called a 7
			child a failed
			a: retrying #1.1 exit
			in 10s
			a: running #1.2
			called a 8
			child a failed
			a: failed #1.2 exit
			run: failed exit`},
		{"one that cannot start", `
			start
			child a failed
			a: failed #1 start_failed
			run: failed start_failed`},
		{"stopping the task stops its run", `
			start
			called a 7
			task stop a
			a: stopping
			asked 7 stopped_by_caller
			child a stopped
			a: stopped stopped_by_person`},
		{"also when it is not known yet which run that is", `
			start
			task stop a
			a: stopping
			asked nobody
			called a 7
			asked 7 stopped_by_caller
			child a stopped
			a: stopped stopped_by_person`},
		{"a run that is stopped stops the task", `
			start
			called a 7
			child a stopped
			a: stopped stopped_by_person
			run: success`},
		{"its time-out", `
			start
			called a 7
			in 1h
			a: stopping
			asked 7 stopped_by_caller
			child a stopped
			a: retrying #1.1 timeout`},
		{"the run's stop", `
			start
			called a 7
			stop run
			asked 7 stopped_by_caller
			child a stopped
			run: stopped stopped_by_person`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, parse(t, source))
			var asked []string
			w.hook = func(_ *Entry, d *Decision) {
				for _, e := range d.Emit {
					if e.Kind == StopRun {
						asked = append(asked, strings.Join([]string{"7", string(e.Body.Stop.Code)}, " "))
					}
				}
			}
			w.elsewhere = func(e *Entry) bool {
				return e.Kind == StartRun && e.Body.Start.Caller != nil || e.Kind == StopRun && e.Run != 1
			}
			for line := range strings.Lines(c.script) {
				line = strings.TrimSpace(line)
				if want, ok := strings.CutPrefix(line, "asked "); ok {
					if want == "nobody" && asked != nil || want != "nobody" && !slices.Equal(asked, []string{want}) {
						t.Fatalf("%s: %v", line, asked)
					}
					continue
				}
				if line == "" {
					continue
				}
				if err := w.line(line); err != nil {
					t.Fatalf("%s: %v\n%s", line, err, w.show())
				}
			}
		})
	}
}

// The namespace resolves a call: the newest version, checked parameters, a
// bounded depth; and it tells the caller.
func TestCallsAreResolved(t *testing.T) {
	b := newBureau(t, "parameters: {n: {type: integer}}")
	caller := freshet.Key{Run: 5, Task: "a", Item: freshet.NoItem, Seq: 1, Try: 1}
	call := func(depth int, params map[string]any) *Child {
		b.sent = nil
		b.decide(Entry{Kind: StartRun, Run: 9, Depth: depth, Body: Body{Start: &RunStart{Workflow: "test", Parameters: params, Caller: &caller}}})
		return b.sent[0].Body.Child
	}
	if c := call(0, map[string]any{"n": int64(2)}); c.Run != 9 || c.Status != "" {
		t.Errorf("a call: %+v", c)
	}
	for _, c := range []*Child{call(0, nil), call(0, map[string]any{"n": "x"}), call(freshet.MaxDepth, map[string]any{"n": int64(2)})} {
		if c.Status != freshet.Failed || c.Reason == "" || c.Run != 0 {
			t.Errorf("a call that cannot be: %+v", c)
		}
	}
	b.line("disable test")
	if c := call(0, map[string]any{"n": int64(2)}); c.Status != freshet.Failed || !strings.Contains(c.Reason, "disabled") {
		t.Errorf("a call of what is disabled: %+v", c)
	}
}

func TestApproval(t *testing.T) {
	for _, c := range []struct{ name, source, script string }{
		{"it runs without a slot until somebody approves", `
tasks: {a: {approval: "deploy ${{ 1 + 1 }}?"}, b: {after: a, expr: {c: tasks.a.outputs.comment}}}`, `
			start
			a: running #1
			sent approval_requested {"run_id":1,"workflow":"test","task":"a","seq":1,"message":"deploy 2?"}
			answer a approve fine by me
			a: success
			b: success
			run: success`},
		{"a rejection is a failure that is not tried again", `
tasks: {a: {approval: "deploy?"}, b: {after: {a: failed}, bash: x}}`, `
			start
			answer a reject
			a: failed #1.1 rejected
			b: queued`},
		{"no answer in time", `
tasks: {a: {approval: {message: "deploy?", timeout: 2h}}}`, `
			start
			in 2h
			a: failed rejected
			run: failed rejected`},
		{"no answer in time, approved", `
tasks: {a: {approval: {message: "deploy?", timeout: 2h, on_timeout: approve}}}`, `
			start
			in 2h
			a: success
			run: success`},
		{"it is stopped at once", `
tasks: {a: {approval: "deploy?"}}`, `
			start
			task stop a
			a: stopped stopped_by_person
			run: success`},
		{"a restart asks again", `
tasks: {a: {approval: "deploy?", restart: {event: again}}}`, `
			start
			event again
			a: running #2
			answer a approve
			run: success`},
		{"only an approval that waits takes an answer", `
tasks: {a: {approval: "deploy?"}, b: {bash: x}, c: {approval: "x", start: {event: e}, optional: true}}`, `
			start
			answer b approve
			refused`},
	} {
		t.Run(c.name, func(t *testing.T) { play(t, c.source, c.script) })
	}
}

// A reason that comes through many runs says what went wrong, and stays short.
func TestReasonsArePassedOn(t *testing.T) {
	reason := "there is no workflow default.nothing"
	if passedOn(reason) != reason {
		t.Errorf("a short one is %q", passedOn(reason))
	}
	for i := range 64 {
		reason = "task again failed: run " + strings.Repeat("9", i%5+1) + " failed: " + passedOn(reason)
	}
	if len(reason) > 250 || !strings.HasSuffix(reason, "there is no workflow default.nothing") {
		t.Errorf("a long one is %q", reason)
	}
}
