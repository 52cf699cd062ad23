package server_test

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// receiver is a collector: it speaks OTLP over HTTP and keeps what it is told.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	spans    []*pb.Span
	resource map[string]string
	header   http.Header
	status   int           // that it answers; 0: 200
	stuck    chan struct{} // it answers when this is closed; nil: at once
	asked    int           // requests
}

func receive(t *testing.T) *receiver {
	c := &receiver{t: t}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	raw, err := io.ReadAll(body)
	var m collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &m)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		c.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	c.mu.Lock()
	c.asked++
	status, stuck := c.status, c.stuck
	c.mu.Unlock()
	if stuck != nil {
		select {
		case <-stuck:
		case <-r.Context().Done():
			return
		}
	}
	if status != 0 {
		http.Error(w, "out of order", status)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = r.Header
	for _, rs := range m.ResourceSpans {
		c.resource = attributesOf(rs.Resource.Attributes)
		for _, ss := range rs.ScopeSpans {
			c.spans = append(c.spans, ss.Spans...)
		}
	}
}

// requests counts what has been asked of it.
func (c *receiver) requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// told waits until it has been told of n spans, and gives them by what they
// are about.
func (c *receiver) told(n int) map[string]*pb.Span {
	c.t.Helper()
	list := func() []*pb.Span {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.spans
	}
	soon(c.t, fmt.Sprintf("%d spans", n), func() bool { return len(list()) >= n })
	spans, ids := map[string]*pb.Span{}, map[string]bool{}
	for _, s := range list() {
		if spans[about(s)] != nil || ids[id(s)] {
			c.t.Errorf("told twice: %s", about(s))
		}
		spans[about(s)], ids[id(s)] = s, true
	}
	if len(spans) != n {
		c.t.Errorf("%d spans, not %d", len(spans), n)
	}
	return spans
}

func id(s *pb.Span) string { return hex.EncodeToString(s.SpanId) }

// about is a span as the tests call it: "1", "1 a", "1 a try 2", "1 a[0]".
func about(s *pb.Span) string {
	a := attributesOf(s.Attributes)
	name := a["freshet.run.id"]
	if task := a["freshet.task"]; task != "" {
		name += " " + task
	}
	if item, ok := a["freshet.item"]; ok {
		name += "[" + item + "]"
	}
	if try, ok := a["freshet.try"]; ok {
		name += " try " + try
	}
	return name
}

func attributesOf(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			m[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			m[a.Key] = fmt.Sprint(v.IntValue)
		}
	}
	return m
}

// tree says of each span in which one it lies.
func tree(spans map[string]*pb.Span) map[string]string {
	names := map[string]string{"": ""}
	for name, s := range spans {
		names[id(s)] = name
	}
	m := map[string]string{}
	for name, s := range spans {
		parent := hex.EncodeToString(s.ParentSpanId)
		if known, ok := names[parent]; ok {
			parent = known
		}
		m[name] = parent
	}
	return m
}

// sameTrace fails unless all spans are of one trace.
func sameTrace(t *testing.T, spans map[string]*pb.Span) (id string) {
	t.Helper()
	for name, s := range spans {
		if trace := hex.EncodeToString(s.TraceId); id == "" {
			id = trace
		} else if trace != id {
			t.Errorf("%s is of another trace", name)
		}
	}
	return id
}

// tracing is a server that sends its traces to a collector.
func tracing(t *testing.T, home, url string, env ...string) *process {
	cmd := command(home, "server", "start", "--listen", "127.0.0.1:0")
	cmd.Env = append(append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+url), env...)
	return serveCommand(t, home, cmd)
}

// TestTraces: a chain, a task that is tried again, items, a called workflow
// and what is skipped, as a collector sees them.
func TestTraces(t *testing.T) {
	c := receive(t)
	p := tracing(t, newHome(t), c.URL, "OTEL_SERVICE_NAME=orders", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test",
		"OTEL_EXPORTER_OTLP_HEADERS=x-key=hidden", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip")
	p.keep("name: child\ntasks:\n  inner: {expr: {y: 2}}\n", `name: parent
parameters: {word: {type: string, default: hunter2}}
tasks:
  a: {env: {W: '${{ params.word }}'}, bash: 'echo "context=$TRACEPARENT" >> $FRESHET_OUTPUT'}
  b: {after: a, retries: {limit: 1, delay: 10ms}, bash: 'exit $((3 * (FRESHET_TRY == 1)))'}
  c: {after: b, foreach: [x, y], bash: 'exit 0'}
  d: {after: c, workflow: child}
  e: {after: d, if: 'false', bash: 'exit 0'}
  f: {after: d, expr: {x: 'params.word.substring(100)'}}
`)
	run := p.start("parent")
	if r := p.wait(run); r.Status != freshet.Failed {
		t.Fatalf("%s: %s", r.Status, r.Reason)
	}
	spans := c.told(18)
	want := map[string]string{"1": "", "1 a": "1", "1 a try 1": "1 a", "1 b": "1", "1 b try 1": "1 b", "1 b try 2": "1 b",
		"1 c": "1", "1 c[0]": "1 c", "1 c[1]": "1 c", "1 c[0] try 1": "1 c[0]", "1 c[1] try 1": "1 c[1]",
		"1 d": "1", "1 d try 1": "1 d", "2": "1 d try 1", "2 inner": "2", "2 inner try 1": "2 inner", "1 e": "1", "1 f": "1"}
	if diff := cmp.Diff(want, tree(spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	trace := sameTrace(t, spans)
	for name, s := range spans {
		if s.StartTimeUnixNano > s.EndTimeUnixNano || s.EndTimeUnixNano == 0 {
			t.Errorf("%s takes from %d to %d", name, s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
		if strings.Contains(s.String(), "hunter2") {
			t.Errorf("a value is told: %s", s)
		}
	}
	for name, attributes := range map[string]map[string]string{
		"1": {"freshet.run.type": "manual", "freshet.namespace": "default", "freshet.workflow": "parent", "freshet.status": "failed", "freshet.code": "expression", "error.type": "expression"},
		"2": {"freshet.run.type": "workflow", "freshet.workflow": "child", "freshet.status": "success"},
		"1 b try 1": {"freshet.task": "b", "freshet.seq": "1", "freshet.try": "1", "freshet.status": "failed", "freshet.code": "exit", "error.type": "exit",
			"process.exit.code": "3"},
		"1 b try 2": {"freshet.try": "2", "freshet.status": "success", "process.exit.code": "0"},
		"1 c[1]":    {"freshet.item": "1", "freshet.status": "success"},
		"1 e":       {"freshet.status": "skipped", "freshet.code": "if"},
	} {
		got := attributesOf(spans[name].GetAttributes())
		for key, text := range attributes {
			if got[key] != text {
				t.Errorf("%s has %s=%q, not %q", name, key, got[key], text)
			}
		}
	}
	for name, want := range map[string]*pb.Status{
		"1 b try 1": {Code: pb.Status_STATUS_CODE_ERROR, Message: "exit code 3"}, "1 b": nil, "1 e": nil,
		"1": {Code: pb.Status_STATUS_CODE_ERROR, Message: "expression"},
	} {
		if got := spans[name].GetStatus(); !proto.Equal(got, want) {
			t.Errorf("%s has the status %v, not %v", name, got, want)
		}
	}
	if b, first := spans["1 b"], spans["1 b try 1"]; b.StartTimeUnixNano > first.StartTimeUnixNano || b.EndTimeUnixNano != spans["1 b try 2"].EndTimeUnixNano {
		t.Error("an execution does not take from its first try to the end of its last")
	}
	if got, want := p.latest(run, "a").Outputs["context"], "00-"+trace+"-"+id(spans["1 a try 1"])+"-01"; got != want {
		t.Errorf("the process was told %v, not %s", got, want)
	}
	c.mu.Lock()
	resource, key := c.resource, c.header.Get("X-Key")
	c.mu.Unlock()
	if resource["service.name"] != "orders" || resource["deployment.environment.name"] != "test" || resource["service.version"] != "test" || key != "hidden" {
		t.Errorf("resource %v, key %q", resource, key)
	}
	told := map[string]bool{}
	for _, s := range spans {
		for key := range attributesOf(s.Attributes) {
			told[key] = true
		}
	}
	if diff := cmp.Diff(promised(t), slices.Sorted(maps.Keys(told))); diff != "" {
		t.Errorf("attributes (-docs/operations.md +told):\n%s", diff)
	}
	if m := p.scrape(); value(m, "freshet_spans_sent_total") != 18 || value(m, "freshet_spans_dropped_total") != 0 {
		t.Errorf("sent %v, dropped %v", value(m, "freshet_spans_sent_total"), value(m, "freshet_spans_dropped_total"))
	}
}

// promised are the attributes that docs/operations.md lists.
func promised(t *testing.T) (keys []string) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "<!-- trace attributes -->")
	section, _, closed := strings.Cut(after, "<!-- end -->")
	if !found || !closed {
		t.Fatal("docs/operations.md has no list of attributes")
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)`").FindAllStringSubmatch(section, -1) {
		keys = append(keys, m[1])
	}
	slices.Sort(keys)
	return keys
}

// TestTracesOfWhatIsStopped: a task that waits for its next try has ended when
// its run is stopped, and has no further try; what never began has no try.
func TestTracesOfWhatIsStopped(t *testing.T) {
	c := receive(t)
	p := tracing(t, newHome(t), c.URL)
	p.keep("name: one\ntasks:\n  a: {retries: {limit: 1, delay: 1h}, bash: 'exit 3'}\n  b: {bash: 'sleep 600'}\n  missing: {command: [no-such-program-here]}\n")
	run := p.start("one")
	p.started(run, "b")
	soon(t, "a waits for its next try", func() bool { return p.latest(run, "a").Status == freshet.Retrying })
	c.told(3) // the first try of a, and what cannot start
	if _, err := p.StopRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	p.wait(run)
	spans := c.told(7)
	for name, want := range map[string]string{"1 a try 1": "failed", "1 a": "stopped", "1 b try 1": "stopped", "1 b": "stopped",
		"1 missing try 1": "failed", "1 missing": "failed"} {
		if got := attributesOf(spans[name].GetAttributes())["freshet.status"]; got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}

// TestTraceGoesOn: a trace that somebody else began goes through events that a
// process sends, events that a task emits, and ends of runs.
func TestTraceGoesOn(t *testing.T) {
	c := receive(t)
	p := tracing(t, newHome(t), c.URL)
	p.keep("name: one\non: {event: begin}\ntasks:\n  send: {bash: 'freshet event send go'}\n",
		"name: two\non: {event: go}\ntasks:\n  tell: {expr: {x: 1}, emit: {key: on}}\n",
		"name: three\non: {event: on}\ntasks:\n  last: {expr: {x: 1}}\n",
		"name: four\non: {workflow: {three: success}}\ntasks:\n  last: {expr: {x: 1}}\n")
	const far = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	if _, err := p.SendEvent(t.Context(), freshet.DefaultNamespace, freshet.EventRequest{Key: "begin", Traceparent: far}); err != nil {
		t.Fatal(err)
	}
	spans := c.told(12)
	if got := sameTrace(t, spans); got != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("trace %s", got)
	}
	in := tree(spans)
	want := map[string]string{"1": "00f067aa0ba902b7", "2": "1 send try 1", "3": "2 tell try 1", "4": "3"}
	for name, parent := range want {
		if in[name] != parent {
			t.Errorf("%s lies in %q, not in %q", name, in[name], parent)
		}
	}
	events, err := p.Events(t.Context(), eventsNamed("begin", "go"))
	if err != nil || len(events) != 2 || events[0].Traceparent != far || !strings.HasSuffix(events[1].Traceparent, id(spans["1 send try 1"])+"-01") {
		t.Errorf("events %+v: %v", events, err)
	}
}

// TestTraceOfRequests: how a trace comes in, and what is no trace context is
// no error.
func TestTraceOfRequests(t *testing.T) {
	c := receive(t)
	p := tracing(t, newHome(t), c.URL)
	p.keep("name: one\non: {event: begin}\ntasks: {a: {expr: {x: 1}}}\n")
	const far, other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-11111111111111111111111111111111-2222222222222222-01"
	event := `"specversion": "1.0", "type": "begin", "source": "s", "id": `
	const base, cloud = "/api/v1/namespaces/default/", "/api/v1/namespaces/default/cloudevents"
	requests := []struct{ path, header, kind, body, parent string }{
		{base + "workflows/one/runs", far, "application/json", "{}", "00f067aa0ba902b7"},
		{base + "events/begin", far, "text/plain", "x", "00f067aa0ba902b7"},
		{base + "events", far, "application/json", `[{"key": "begin"}]`, "00f067aa0ba902b7"},
		{base + "events", far, "application/json", `[{"key": "begin", "traceparent": "` + other + `"}]`, "2222222222222222"},
		{cloud, far, "application/cloudevents+json", `{` + event + `"1"}`, "00f067aa0ba902b7"},
		{cloud, far, "application/cloudevents+json", `{"traceparent": "` + other + `", ` + event + `"2"}`, "2222222222222222"},
		{cloud, "", "application/cloudevents-batch+json", `[{"traceparent": "` + other + `", ` + event + `"3"}]`, "2222222222222222"},
		{base + "events", "00-nonsense", "application/json", `[{"key": "begin", "traceparent": "x"}]`, ""},
		{base + "workflows/one/runs", strings.ToUpper(far), "application/json", "{}", ""},
		{"/api/v1/runs/1/rerun", far, "application/json", "{}", "00f067aa0ba902b7"},
	}
	for i, r := range requests {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+r.path, strings.NewReader(r.body))
		req.Header = http.Header{"Authorization": {"Bearer " + p.token}, "Content-Type": {r.kind}}
		if r.header != "" {
			req.Header.Set("Traceparent", r.header)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			t.Fatalf("%s: %s: %s", r.path, resp.Status, said)
		}
		p.wait(int64(i + 1))
	}
	spans := c.told(3 * len(requests))
	for i, r := range requests {
		run := spans[itoa(i+1)]
		if got := hex.EncodeToString(run.GetParentSpanId()); got != r.parent {
			t.Errorf("%s %s: the run lies in %q, not in %q", r.path, r.body, got, r.parent)
		}
		if links := run.GetLinks(); r.path == "/api/v1/runs/1/rerun" && (len(links) != 1 || hex.EncodeToString(links[0].SpanId) != id(spans["1"])) {
			t.Errorf("a new go at a run has the links %v", links)
		}
	}
}

// TestTraceOfExec: a run without a server of its own tells all before it is
// over, as a part of what the shell is about.
func TestTraceOfExec(t *testing.T) {
	c := receive(t)
	file := filepath.Join(t.TempDir(), "one.yaml")
	if err := os.WriteFile(file, []byte("name: one\ntasks: {a: {bash: 'exit 0'}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(newHome(t), "exec", file)
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+c.URL+"/v1/traces", "TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	c.mu.Lock()
	n := len(c.spans)
	c.mu.Unlock()
	if n != 3 {
		t.Fatalf("%d spans when it was over", n)
	}
	if in := tree(c.told(3)); in["1"] != "00f067aa0ba902b7" {
		t.Errorf("the run lies in %q", in["1"])
	}
}

// TestNotSampled: who began a trace and does not want it is not told of it.
func TestNotSampled(t *testing.T) {
	c := receive(t)
	p := tracing(t, newHome(t), c.URL)
	p.keep("name: one\non: {event: begin}\ntasks: {a: {bash: 'echo c=$TRACEPARENT >> $FRESHET_OUTPUT'}}\n")
	if _, err := p.SendEvent(t.Context(), freshet.DefaultNamespace, freshet.EventRequest{Key: "begin",
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"}); err != nil {
		t.Fatal(err)
	}
	p.wait(p.start("one")) // the second run
	p.wait(1)
	for name := range c.told(3) {
		if !strings.HasPrefix(name, "2") {
			t.Errorf("told of %s", name)
		}
	}
	if got, _ := p.latest(1, "a").Outputs["c"].(string); !strings.HasSuffix(got, "-00") {
		t.Errorf("the process was told %q", got)
	}
}

// TestNoTraces: without a word in the environment nothing is made, sent or
// stored; a context that comes with an event is carried on.
func TestNoTraces(t *testing.T) {
	c := receive(t)
	home := newHome(t)
	for _, env := range [][]string{nil, {"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_SDK_DISABLED=true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_TRACES_EXPORTER=none"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}} {
		cmd := command(home, "server", "start", "--listen", "127.0.0.1:0")
		cmd.Env = append(cmd.Env, env...)
		p := serveCommand(t, home, cmd)
		p.keep("name: one\ntasks:\n  a: {bash: 'echo c=$TRACEPARENT >> $FRESHET_OUTPUT'}\n  b: {after: a, expr: {x: 1}, emit: {key: out}}\n")
		run := p.start("one")
		if r := p.wait(run); r.Status != freshet.Success {
			t.Fatal(r.Reason)
		}
		if got := p.latest(run, "a").Outputs["c"]; got != "" {
			t.Errorf("%v: the process was told %v", env, got)
		}
		events, err := p.Events(t.Context(), eventsNamed("out"))
		if err != nil || len(events) == 0 || events[len(events)-1].Traceparent != "" {
			t.Errorf("%v: events %+v: %v", env, events, err)
		}
		p.end()
	}
	if n := c.requests(); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// TestTracesAfterARestart: what is alive when a server is killed has its place
// in its trace afterwards, and nothing is told twice.
func TestTracesAfterARestart(t *testing.T) {
	c := receive(t)
	home := newHome(t)
	p := tracing(t, home, c.URL)
	stop := filepath.Join(t.TempDir(), "stop")
	p.keep("name: long\ntasks:\n  a: {expr: {x: 1}}\n  b: {after: a, bash: 'while [ ! -e " + stop + " ]; do sleep 0.05; done'}\n  c: {after: b, expr: {x: 1}}\n")
	run := p.start("long")
	p.started(run, "b")
	c.told(2) // a and its try
	p.kill()
	p = tracing(t, home, c.URL)
	p.end()
	p = tracing(t, home, c.URL)
	if err := os.WriteFile(stop, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.wait(run); r.Status != freshet.Success {
		t.Fatal(r.Reason)
	}
	spans := c.told(7)
	sameTrace(t, spans)
	want := map[string]string{"1": "", "1 a": "1", "1 a try 1": "1 a", "1 b": "1", "1 b try 1": "1 b", "1 c": "1", "1 c try 1": "1 c"}
	if diff := cmp.Diff(want, tree(spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// TestCollectorInTrouble: whatever ails the collector, runs do not wait for
// it, the server ends, and what was not taken is counted.
func TestCollectorInTrouble(t *testing.T) {
	for name, spoil := range map[string]func(c *receiver){
		"stuck": func(c *receiver) { c.stuck = make(chan struct{}) },
		"500":   func(c *receiver) { c.status = http.StatusInternalServerError },
		"gone":  func(c *receiver) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			c := receive(t)
			spoil(c)
			p := tracing(t, newHome(t), c.URL)
			p.keep("name: one\ntasks: {a: {expr: {x: 1}}}\n", "name: wide\ntasks: {a: {foreach: 'lists.range(3000)', expr: {x: 1}}}\n")
			begin := time.Now()
			for range 20 {
				if r := p.wait(p.start("one")); r.Status != freshet.Success {
					t.Fatal(r.Reason)
				}
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("20 runs took %s", took)
			}
			switch name {
			case "stuck":
				soon(t, "a request", func() bool { return c.requests() > 0 })
				for range 4 {
					p.wait(p.start("wide"))
				}
				if n := value(p.scrape(), "freshet_spans_dropped_total"); n <= 0 {
					t.Errorf("%v spans were dropped of more than there is room for", n)
				}
			default:
				soon(t, "60 spans are dropped", func() bool { return value(p.scrape(), "freshet_spans_dropped_total") == 60 })
			}
			begin = time.Now()
			p.end()
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("the server took %s to end", took)
			}
			if n := strings.Count(p.said(), "the collector of traces does not take them"); n != 1 {
				t.Errorf("said %d times:\n%s", n, p.said())
			}
		})
	}
}

func eventsNamed(keys ...string) client.EventQuery {
	return client.EventQuery{Keys: keys, Oldest: true}
}
