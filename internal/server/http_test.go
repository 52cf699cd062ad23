package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

// A request that fails for a while is made again, one that is refused is not,
// and what the answer holds has its types.
func TestHTTPTask(t *testing.T) {
	var calls atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/items" && calls.Add(1) < 3:
			w.WriteHeader(500)
		case r.URL.Path == "/items":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"items": [{"id": 9007199254740993}], "sent": %s, "by": %q}`, body, r.Header.Get("X-By"))
		default:
			w.WriteHeader(404)
		}
	}))
	defer site.Close()
	p := serve(t, newHome(t))
	p.keep(`name: calls
parameters: {site: {type: string}}
tasks:
  call:
    retries: {limit: 5, delay: 1ms}
    http:
      method: POST
      url: "${{ params.site }}/items"
      headers: {X-By: "run ${{ run.id }} of ${{ run.workflow }}"}
      json: {n: "${{ 1 + 1 }}", text: "run ${{ run.id }}, ${{ [run.workflow] }}"}
  use:
    after: call
    expr:
      id: tasks.call.outputs.json.items[0].id + 1
      status: tasks.call.outputs.status / 100
      sent: tasks.call.outputs.json.sent
      by: tasks.call.outputs.json.by
      kind: tasks.call.outputs.headers["content-type"]
  lost:
    retries: {limit: 5, delay: 1ms}
    allow_failure: true
    http: {url: "${{ params.site }}/nowhere"}
outputs: {id: tasks.use.outputs.id}
`)
	r, err := p.StartRun(t.Context(), freshet.DefaultNamespace, "calls", "", freshet.RunRequest{Parameters: map[string]any{"site": site.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if r = p.wait(r.ID); r.Status != freshet.Success {
		t.Fatalf("the run ended %s: %s", r.Status, r.Reason)
	}
	want := map[string]any{"id": json.Number("9007199254740994"), "status": json.Number("2"), "kind": "application/json", "by": "run 1 of calls",
		"sent": map[string]any{"n": json.Number("2"), "text": `run 1, ["calls"]`}}
	got := p.latest(r.ID, "use").Outputs
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if x := p.latest(r.ID, "call"); x.Try != 3 {
		t.Errorf("it took %d tries, not 3: %+v", x.Try, x)
	}
	x := p.latest(r.ID, "lost")
	if x.Try != 1 || x.Status != freshet.Failed || x.Code != freshet.CodeExit || *x.ExitCode != 1 {
		t.Errorf("what is not there was asked for again: %+v", x)
	}
	log, err := os.ReadFile(x.Log)
	if err != nil || !strings.HasSuffix(string(log), "error: the answer is 404 Not Found, expected was 2xx\n") {
		t.Errorf("the log is %q, %v", log, err)
	}
}

// A stop ends a request that nobody answers at once; and what is asked stands
// nowhere where other accounts of the machine can read it.
func TestHTTPTaskIsStopped(t *testing.T) {
	asked := make(chan struct{}, 1)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer site.Close()
	home := newHome(t)
	p := serve(t, home)
	p.keep(fmt.Sprintf(`name: hangs
tasks:
  call:
    stop_grace: 10m
    http: {url: "%s/?key=enchantress", headers: {Authorization: enchantress}, timeout: none}
`, site.URL))
	run := p.start("hangs")
	select {
	case <-asked:
	case <-time.After(30 * time.Second):
		t.Fatalf("nobody asks\n%s", p.said())
	}
	children := childrenOf(keeperOf(home))
	if len(children) != 1 {
		t.Fatalf("the keeper holds %d processes", len(children))
	}
	for _, of := range []string{"cmdline", "environ"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", children[0], of))
		if err != nil || len(raw) == 0 || strings.Contains(string(raw), "enchantress") {
			t.Errorf("%s: %v\n%q", of, err, raw)
		}
	}
	if _, err := p.StopRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if r := p.wait(run); r.Status != freshet.Stopped {
		t.Errorf("the run ended %s: %s", r.Status, r.Reason)
	}
	if x := p.latest(run, "call"); x.ExitCode == nil || *x.ExitCode != 130 {
		t.Errorf("it did not end by itself: %+v", x)
	}
}
