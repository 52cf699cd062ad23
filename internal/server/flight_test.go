package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// flight is one of each kind of run, each in the middle of something.
type flight struct {
	home   string
	asked  atomic.Int32  // requests that the task of kind http has made
	answer chan struct{} // closed: they are answered
	site   *httptest.Server

	fan, caller, callee, asks, web, counts int64
	first, second, again, tidy             int64
}

// untilGo waits for a file beside the items, or in the run's directory.
const untilGo = `until test -e %s; do read -t 0.02 <> <(:) || :; done`

// takeOff starts a run of each and waits until it is in the middle.
func takeOff(t *testing.T, p *process) *flight {
	t.Helper()
	f := &flight{home: p.home, answer: make(chan struct{})}
	f.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.Add(1)
		<-f.answer
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"rows": 3}`)
	}))
	t.Cleanup(f.site.Close)
	p.keep(`name: fan
tasks:
  each:
    foreach: [a, b, c, d, e]
    max_parallel: 2
    env: {ITEM: "${{ item }}"}
    bash: 'echo "$ITEM" >> begun; `+fmt.Sprintf(untilGo, "go")+`; echo "of=$ITEM" >> "$FRESHET_OUTPUT"'
  then: {after: each, expr: {all: tasks.each.outputs.of}}
outputs: {all: tasks.then.outputs.all}
`, `name: callee
parameters: {n: {type: integer}}
tasks:
  t: {bash: '`+fmt.Sprintf(untilGo, "go")+`'}
outputs: {n: params.n + 1}
`, `name: caller
tasks:
  call: {workflow: callee, with: {n: 41}}
  then: {after: call, expr: {n: tasks.call.outputs.n}}
outputs: {n: tasks.then.outputs.n}
`, `name: asks
tasks:
  ok: {approval: "go?"}
  then: {after: ok, bash: "true"}
`, `name: web
tasks:
  get: {http: {url: "`+f.site.URL+`"}}
  then: {after: get, expr: {rows: tasks.get.outputs.json.rows}}
outputs: {rows: tasks.then.outputs.rows}
`, `name: counts
tasks:
  third: {start: {count: {event: tick, reaches: 3}}, bash: "true"}
`, `name: served
on:
  - all: [{event: left}, {event: right}]
tasks:
  t: {expr: {x: 1}}
`, `name: line
concurrency: 1
tasks:
  t: {bash: 'echo x >> begun; `+fmt.Sprintf(untilGo, "go")+`'}
`, `name: again
tasks:
  t: {retries: {limit: 1, delay: 4s}, bash: 'echo "$FRESHET_TRY" >> begun; test "$FRESHET_TRY" = 2'}
  then: {after: t, expr: {x: 1}}
`, `name: tidy
tasks:
  t: {bash: 'echo t >> begun'}
finally:
  clean: {bash: 'echo clean >> begun; `+fmt.Sprintf(untilGo, "go")+`'}
`)
	f.fan, f.caller, f.asks, f.web, f.counts = p.start("fan"), p.start("caller"), p.start("asks"), p.start("web"), p.start("counts")
	f.first, f.second, f.tidy = p.start("line"), p.start("line"), p.start("tidy")
	ctx := t.Context()
	for range 2 {
		if _, err := p.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "tick"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "left"}); err != nil {
		t.Fatal(err)
	}
	p.started(f.web, "get")
	p.started(f.first, "t")
	p.started(f.tidy, "clean")
	soon(t, "two items, the call and the request are under way", func() bool {
		runs, err := p.Runs(ctx, client.RunQuery{Namespace: freshet.DefaultNamespace, Workflow: "callee"})
		if err != nil || len(runs.Items) == 0 {
			return false
		}
		f.callee = runs.Items[0].ID
		_, err = os.Stat(filepath.Join(f.home, "work", "default", "callee", itoa(int(f.callee))))
		return err == nil && len(strings.Fields(f.begun("fan", f.fan))) == 2 && f.asked.Load() == 1 &&
			p.latest(f.asks, "ok").Status == freshet.Running && f.begun("line", f.first) == "x" && f.begun("tidy", f.tidy) == "t clean"
	})
	if r, err := p.Run(ctx, f.second); err != nil || r.Status != freshet.Queued {
		t.Fatalf("the run behind another is %s (%v)", r.Status, err)
	}
	f.again = p.start("again") // the last: its next try is near
	soon(t, "a task waits for its next try", func() bool {
		list, err := p.Task(ctx, f.again, "t")
		return err == nil && len(list) == 1 && list[0].Status == freshet.Retrying
	})
	return f
}

// begun is what the tasks of a run have noted as they began.
func (f *flight) begun(workflow string, run int64) string {
	text, _ := os.ReadFile(filepath.Join(f.home, "work", "default", workflow, itoa(int(run)), "begun"))
	return strings.Join(strings.Fields(string(text)), " ")
}

// land lets all of it end, and tells whether each happened once and as if
// nothing had been between.
func (f *flight) land(t *testing.T, p *process) {
	t.Helper()
	ctx := t.Context()
	close(f.answer)
	letGoOf(t, f.home, "fan", f.fan)
	letGoOf(t, f.home, "callee", f.callee)
	letGoOf(t, f.home, "tidy", f.tidy)
	if r, err := p.Run(ctx, f.second); err != nil || r.Status != freshet.Queued {
		t.Errorf("the run behind another is %s (%v)", r.Status, err)
	}
	letGoOf(t, f.home, "line", f.first)
	p.started(f.second, "t")
	letGoOf(t, f.home, "line", f.second)
	if _, err := p.AnswerTask(ctx, f.asks, "ok", true, "seen"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"tick", "right"} {
		if _, err := p.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	p.until(client.FeedQuery{Namespace: freshet.DefaultNamespace, Kinds: []string{"run_ended"}}, func(m freshet.Message) bool { return m.Workflow == "served" })
	for name, want := range map[int64]string{f.fan: "map[all:[a b c d e]]", f.caller: "map[n:42]", f.asks: "map[]", f.web: "map[rows:3]", f.counts: "map[]",
		f.first: "map[]", f.second: "map[]", f.again: "map[]", f.tidy: "map[]"} {
		if r := p.wait(name); r.Status != freshet.Success || fmt.Sprint(r.Outputs) != want {
			t.Errorf("run %d of %s: %s %s, %v, want %s", r.ID, r.Workflow, r.Status, r.Reason, r.Outputs, want)
		}
	}
	if begun := f.begun("fan", f.fan); len(strings.Fields(begun)) != 5 {
		t.Errorf("items that began: %s", begun)
	}
	for _, r := range []struct {
		workflow string
		run      int64
		want     string
	}{{"line", f.first, "x"}, {"line", f.second, "x"}, {"tidy", f.tidy, "t clean"}, {"again", f.again, "1 2"}} {
		if begun := f.begun(r.workflow, r.run); begun != r.want {
			t.Errorf("of run %d of %s began %q, want %q", r.run, r.workflow, begun, r.want)
		}
	}
	if n := f.asked.Load(); n != 1 {
		t.Errorf("%d requests were made", n)
	}
	runs, err := p.Runs(ctx, client.RunQuery{Namespace: freshet.DefaultNamespace, Limit: 100})
	if err != nil || len(runs.Items) != 11 {
		t.Errorf("%d runs instead of 11 (%v)", len(runs.Items), err)
	}
	if exit, found := diagnose(t, f.home); exit != 0 {
		t.Errorf("the doctor finds %v", found)
	}
}

// TestInFlight: a server that is killed loses and repeats nothing of what is
// in the middle: items, a call, a question, a request, a count, a trigger, a
// run that waits for its place, a try that waits for its time, a `finally`.
func TestInFlight(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	f := takeOff(t, p)
	for range 3 {
		if exit, found := diagnose(t, home); exit != 0 {
			t.Errorf("the doctor finds %v", found)
		}
		p.kill()
		p = serve(t, home)
	}
	f.land(t, p)
}

// TestUpgradeInFlight: what an older program left in the middle goes on under
// this one. `make upgrade` builds the older program.
func TestUpgradeInFlight(t *testing.T) {
	older := os.Getenv("FRESHET_OLDER")
	if older == "" {
		t.Skip("FRESHET_OLDER names no older program; `make upgrade` builds the previous commit's")
	}
	home := newHome(t)
	newer := binary
	binary = older
	defer func() { binary = newer }()
	p := serve(t, home)
	f := takeOff(t, p)
	p.kill()
	binary = newer
	f.land(t, serve(t, home))
}
