package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func TestEvents(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	replies, err := w.client.SendEvents(ctx, "default", []freshet.EventRequest{
		{Key: "a", Value: "1", ID: "x"}, {Key: ""}, {Key: "b", Sender: "s"}, {Key: "a", Value: "1", ID: "x"}, {Key: "a", Value: "2", ID: "x"},
		{Key: "c", RunID: 99},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range replies {
		line := fmt.Sprint(r.Offset, " ", r.Known)
		if r.Error != nil {
			line = string(r.Error.Code)
		}
		got = append(got, line)
	}
	if want := []string{"1 false", "invalid", "2 false", "1 true", "conflict", "not_found"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if _, err := w.client.SendEvents(ctx, "nowhere", []freshet.EventRequest{{Key: "a"}}); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("unknown namespace: %v", err)
	}
	keys := func(q client.EventQuery) string {
		t.Helper()
		list, err := w.client.Events(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, e := range list {
			keys = append(keys, e.Key)
		}
		return strings.Join(keys, " ")
	}
	now := time.Now()
	for want, q := range map[string]client.EventQuery{
		"a b": {}, "a": {Keys: []string{"a", "none"}}, "b": {Limit: 1}, "a ": {Limit: 1, Oldest: true}, "b ": {Sender: "s"}, "a  ": {HasSender: true},
		"b  ": {After: 1, Namespace: "default"}, "a   ": {Before: 2}, "": {Since: now.Add(time.Hour)}, " ": {Till: now.Add(-time.Hour)},
	} {
		if got := keys(q); got != strings.TrimRight(want, " ") {
			t.Errorf("%+v: %q", q, got)
		}
	}
	n, err := w.client.CountEvents(ctx, client.EventQuery{Namespace: "default"})
	if want := (freshet.EventCount{Count: 2, Senders: []freshet.SenderCount{{Sender: "", Count: 1}, {Sender: "s", Count: 1}}}); err != nil || !cmp.Equal(n, want) {
		t.Error(cmp.Diff(want, n), err)
	}
}

func TestEventValue(t *testing.T) {
	w := newWorld(t)
	send := func(value string) func(*http.Request) {
		return func(r *http.Request) {
			body(value)(r)
			r.Header.Set("Content-Type", "text/csv")
			r.Header.Set("Idempotency-Key", "id-1")
		}
	}
	path := "/api/v1/namespaces/default/events/sensor%2Fa%2F%2Fb?sender=probe"
	for range 2 {
		if resp := w.call("POST", path, send("1,2\n\"x\"")); resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status)
		}
	}
	refused(t, w.call("POST", path, send("other")), freshet.Conflict, 409, "used before")
	refused(t, w.call("POST", path, send("\xff")), freshet.Invalid, 422, "UTF-8")
	refused(t, w.call("POST", path, send(strings.Repeat("x", freshet.MaxEventBytes+1))), freshet.TooLarge, 413, "at most 1048576 bytes")
	refused(t, w.call("POST", path, send(strings.Repeat("x", 9<<20))), freshet.TooLarge, 413, "too large")
	list, err := w.client.Events(t.Context(), client.EventQuery{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	want := freshet.Event{Offset: 1, ID: "id-1", Namespace: "default", Key: "sensor/a//b", Value: "1,2\n\"x\"", Sender: "probe", Time: list[0].Time}
	if !cmp.Equal(list[0], want) {
		t.Error(cmp.Diff(want, list[0]))
	}
}

// TestEventBodyTypes: whatever a body says it is, it is the value.
func TestEventBodyTypes(t *testing.T) {
	w := newWorld(t)
	values := map[string]string{ // by content type
		"": "none", "application/json": `{"a":  1}`, "application/x-www-form-urlencoded": "a=1&b=2", "multipart/form-data; boundary=x": "--x\r\n",
		"application/octet-stream": "\x00\x01", "text/plain; charset=utf-16": "text", "nonsense": "\"", "application/cloudevents+json": "{",
		"application/xml": "",
	}
	for kind, value := range values {
		if resp := w.call("POST", "/api/v1/namespaces/default/events/k?sender="+url.QueryEscape("by "+kind), cloud(kind, value)); resp.StatusCode != http.StatusOK {
			t.Errorf("%q: %s", kind, resp.Status)
		}
	}
	got := map[string]string{}
	for _, e := range w.events(client.EventQuery{}) {
		got[strings.TrimPrefix(e.Sender, "by ")] = e.Value
	}
	if !cmp.Equal(got, values) {
		t.Error(cmp.Diff(values, got))
	}
}

func TestLargestEvent(t *testing.T) {
	w := newWorld(t)
	value := strings.Repeat("\x01", freshet.MaxEventBytes) // six bytes each in JSON
	if _, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "k", Value: value}); err != nil {
		t.Fatal(err)
	}
	list, err := w.client.Events(t.Context(), client.EventQuery{})
	if err != nil || len(list) != 1 || list[0].Value != value {
		t.Errorf("%d events, %v", len(list), err)
	}
	_, err = w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "k", Value: value + "x"})
	if freshet.CodeOf(err) != freshet.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
}

func TestManyEvents(t *testing.T) {
	w := newWorld(t)
	events := make([]freshet.EventRequest, 2500)
	for i := range events {
		events[i] = freshet.EventRequest{Key: "k"}
	}
	replies, err := w.client.SendEvents(t.Context(), "default", events)
	if err != nil || len(replies) != len(events) {
		t.Fatalf("%d answers, %v", len(replies), err)
	}
	for i, r := range replies {
		if r.Offset != int64(i+1) {
			t.Fatalf("event %d is at %d", i, r.Offset)
		}
	}
}

func TestEventBodies(t *testing.T) {
	w := newWorld(t)
	for text, words := range map[string]string{
		"":                                  "body",
		"[":                                 "it ends too early",
		"[]":                                "no event in it",
		"{}":                                "it is of type object",
		`[{"key": 1}]`:                      "key cannot be of type number",
		`[{"key": "k", "value": {"a": 1}}]`: "value cannot be of type object",
		`[{"key": "k", "vlaue": "x"}]`:      `unknown field "vlaue"`,
		`[{"key": "k"}] x`:                  "something follows",
		`[{"key": "k", "run_id": -1}]`:      "run_id",
		"[{\"key\": \"\xff\"}]":             "not valid UTF-8",
		"not json":                          "invalid character",
	} {
		refused(t, w.call("POST", "/api/v1/namespaces/default/events", body(text)), freshet.Invalid, 422, words)
	}
	refused(t, w.call("POST", "/api/v1/namespaces/default/events", body("["+strings.Repeat(`{"key":"k"},`, 1000)+`{"key":"k"}]`)),
		freshet.TooLarge, 413, "at most 1000 events")
	if n, err := w.client.CountEvents(t.Context(), client.EventQuery{}); err != nil || n.Count != 0 {
		t.Errorf("%+v %v", n, err)
	}
}

func BenchmarkEvents(b *testing.B) {
	w := newWorld(b)
	events := make([]freshet.EventRequest, 100)
	for i := range events {
		events[i] = freshet.EventRequest{Key: "measured", Value: `{"rows": 3, "path": "data/2012.csv"}`}
	}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.client.SendEvents(b.Context(), "default", events); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "events/s")
}
