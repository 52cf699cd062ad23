package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// road lets requests to a server pass, with the token that it wants; answer
// may change what comes back.
type road struct {
	http.RoundTripper
	token  string
	answer func(*http.Response) (*http.Response, error)
}

func (r *road) RoundTrip(req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := r.RoundTripper.RoundTrip(req)
	if err == nil && r.answer != nil {
		return r.answer(resp)
	}
	return resp, err
}

func (w *world) cloud(namespace string, r *road) cloudevents.Client {
	w.t.Helper()
	if r.RoundTripper = w.http.Transport; r.token == "" {
		r.token = token
	}
	c, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(w.URL+"/api/v1/namespaces/"+namespace+"/cloudevents"),
		cloudevents.WithRoundTripper(r))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) events(q client.EventQuery) []freshet.Event {
	w.t.Helper()
	list, err := w.client.Events(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestCloudEventsSDK sends with the CloudEvents SDK, in both of its modes.
func TestCloudEventsSDK(t *testing.T) {
	for mode, in := range map[string]func(context.Context) context.Context{
		"structured": cloudevents.WithEncodingStructured, "binary": cloudevents.WithEncodingBinary,
	} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			e := cloudevents.NewEvent()
			e.SetID("order 17/ä")
			e.SetSource("https://shop.example/orders?a=b c")
			e.SetType("com.example.order.paid")
			e.SetSubject("order \"17\" – bezahlt 100%")
			e.SetTime(time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC))
			e.SetDataSchema("https://shop.example/schema")
			e.SetExtension("traceparent", "00-ab-cd-01")
			e.SetExtension("attempt", 3)
			if err := e.SetData(cloudevents.ApplicationJSON, map[string]any{"id": 9007199254740993, "total": 12.5, "name": "<ä>"}); err != nil {
				t.Fatal(err)
			}
			if result := w.cloud("default", &road{}).Send(in(t.Context()), e); !cloudevents.IsACK(result) {
				t.Fatal(result)
			}
			list := w.events(client.EventQuery{})
			if len(list) != 1 || list[0].ID != e.ID() || list[0].Sender != e.Source() || list[0].Key != e.Type() || list[0].RunID != 0 {
				t.Fatalf("%+v", list)
			}
			if want := string(e.Data()); list[0].Value != want || !strings.Contains(want, "9007199254740993") {
				t.Errorf("%s instead of %s", list[0].Value, want)
			}
			var context map[string]any
			if err := json.Unmarshal([]byte(list[0].Context), &context); err != nil {
				t.Fatal(err)
			}
			if attempt := fmt.Sprint(context["attempt"]); attempt != "3" { // a header has text only
				t.Errorf("attempt %s", attempt)
			}
			delete(context, "attempt")
			if want := map[string]any{"specversion": "1.0", "subject": e.Subject(), "time": "2026-11-21T06:00:00Z", "datacontenttype": "application/json",
				"dataschema": "https://shop.example/schema", "traceparent": "00-ab-cd-01"}; !cmp.Equal(context, want) {
				t.Error(cmp.Diff(want, context))
			}
		})
	}
}

// TestCloudEventsRetry: an answer that is lost makes the SDK send again, and
// the event is one all the same.
func TestCloudEventsRetry(t *testing.T) {
	w := newWorld(t)
	calls := 0
	lossy := &road{answer: func(resp *http.Response) (*http.Response, error) {
		if calls++; calls <= 2 {
			resp.StatusCode, resp.Status = http.StatusServiceUnavailable, "503 Service Unavailable"
		}
		return resp, nil
	}}
	e := cloudevents.NewEvent()
	e.SetID("1")
	e.SetSource("/lossy")
	e.SetType("k")
	ctx := cloudevents.ContextWithRetriesLinearBackoff(t.Context(), time.Millisecond, 5)
	if result := w.cloud("default", lossy).Send(ctx, e); !cloudevents.IsACK(result) || calls != 3 {
		t.Errorf("%d calls, %v", calls, result)
	}
	if list := w.events(client.EventQuery{}); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	e.SetType("other")
	if result := w.cloud("default", &road{}).Send(t.Context(), e); cloudevents.IsACK(result) || !strings.Contains(result.Error(), "409") {
		t.Errorf("another event with this id: %v", result)
	}
}

// TestCloudEventsOfTasks: a task sends with its own token, and its run goes
// with the event.
func TestCloudEventsOfTasks(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	run := w.run("two")
	s := w.next()
	w.report(s, "started", 0)
	own := w.Issuer.Issue(s.Execution.Key, s.Execution.Epoch, "default")
	e := cloudevents.NewEvent()
	e.SetID("1")
	e.SetSource("/sensor")
	e.SetType("k")
	if result := w.cloud("default", &road{token: own}).Send(t.Context(), e); !cloudevents.IsACK(result) {
		t.Fatal(result)
	}
	if list := w.events(client.EventQuery{}); len(list) != 1 || list[0].RunID != run.ID || list[0].Sender != "/sensor" {
		t.Errorf("%+v", list)
	}
	if result := w.cloud("other", &road{token: own}).Send(t.Context(), e); cloudevents.IsACK(result) || !strings.Contains(result.Error(), "403") {
		t.Errorf("another namespace: %v", result)
	}
	resp := w.call("POST", "/api/v1/namespaces/default/events/raw", func(r *http.Request) {
		body("text")(r)
		r.Header.Set("Authorization", "Bearer "+own)
	})
	if resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
	if list := w.events(client.EventQuery{Keys: []string{"raw"}}); len(list) != 1 || list[0].RunID != run.ID || list[0].Sender != "first" || list[0].Value != "text" {
		t.Errorf("%+v", list)
	}
}

const cloudHead = `"specversion": "1.0", "type": "k", "source": "/s", "id": "1"`

func cloud(kind, text string, headers ...string) func(*http.Request) {
	return func(r *http.Request) {
		body(text)(r)
		r.Header.Set("Content-Type", kind)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
}

// TestCloudEventValues: what of an event's data becomes its value.
func TestCloudEventValues(t *testing.T) {
	required := []string{"ce-specversion", "1.0", "ce-type", "k", "ce-source", "/s", "ce-id", "1"}
	structured := func(rest string) func(*http.Request) {
		return cloud("application/cloudevents+json; charset=utf-8", "{"+cloudHead+rest+"}")
	}
	for name, c := range map[string]struct {
		send           func(*http.Request)
		value, context string
	}{
		"object as it stands":   {structured(`, "data": {"a":  1.0, "b": "\u00e4"}`), `{"a":  1.0, "b": "\u00e4"}`, `{"specversion":"1.0"}`},
		"string that is JSON":   {structured(`, "data": "x"`), `"x"`, `{"specversion":"1.0"}`},
		"string that is JSON 2": {structured(`, "data": "x", "datacontenttype": "text/json"`), `"x"`, `{"datacontenttype":"text/json","specversion":"1.0"}`},
		"text":                  {structured(`, "data": "a\nb", "datacontenttype": "text/plain"`), "a\nb", `{"datacontenttype":"text/plain","specversion":"1.0"}`},
		"XML":                   {structured(`, "data": "<a/>", "datacontenttype": "application/xml"`), "<a/>", `{"datacontenttype":"application/xml","specversion":"1.0"}`},
		"no data":               {structured(``), "", `{"specversion":"1.0"}`},
		"null":                  {structured(`, "data": null`), "null", `{"specversion":"1.0"}`},
		"base64 of text":        {structured(`, "data_base64": "aGVsbG8="`), "hello", `{"specversion":"1.0"}`},
		"base64 of bytes":       {structured(`, "data_base64": "/wA="`), "/wA=", `{"datacontentencoding":"base64","specversion":"1.0"}`},
		"attributes":            {structured(`, "flag": true, "n": 3, "none": null, "subject": "<x>"`), "", `{"flag":true,"n":3,"specversion":"1.0","subject":"<x>"}`},
		"binary text":           {cloud("text/csv", "1,2\n", required...), "1,2\n", `{"datacontenttype":"text/csv","specversion":"1.0"}`},
		"binary bytes":          {cloud("image/png", "\xff\x00", required...), "/wA=", `{"datacontentencoding":"base64","datacontenttype":"image/png","specversion":"1.0"}`},
		"binary encoded": {cloud("text/plain", "", append([]string{"ce-subject", "%22a%22%20%E2%82%AC", "ce-quoted", `"a \"b\""`}, required...)...),
			"", `{"datacontenttype":"text/plain","quoted":"a \"b\"","specversion":"1.0","subject":"\"a\" €"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			resp := w.call("POST", "/api/v1/namespaces/default/cloudevents", c.send)
			var result freshet.EventResult
			if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(text, &result) != nil || result.Offset != 1 || result.Known {
				t.Fatalf("%s %s %v", resp.Status, text, err)
			}
			list := w.events(client.EventQuery{})
			want := freshet.Event{Offset: 1, ID: "1", Namespace: "default", Key: "k", Value: c.value, Sender: "/s", Context: c.context, Time: list[0].Time}
			if !cmp.Equal(list[0], want) {
				t.Error(cmp.Diff(want, list[0]))
			}
		})
	}
}

func TestCloudEventBatch(t *testing.T) {
	w := newWorld(t)
	const kind = "application/cloudevents-batch+json"
	one := func(id, value string) string {
		return fmt.Sprintf(`{"specversion": "1.0", "type": "k", "source": "/s", "id": %q, "data": %s}`, id, value)
	}
	resp := w.call("POST", "/api/v1/namespaces/default/cloudevents", cloud(kind, "["+one("a", "1")+","+one("b", "2")+","+one("a", "1")+","+one("a", "3")+"]"))
	var replies []freshet.EventReply
	if err := json.NewDecoder(resp.Body).Decode(&replies); err != nil || len(replies) != 4 {
		t.Fatalf("%s %+v %v", resp.Status, replies, err)
	}
	if replies[1].Offset != 2 || !replies[2].Known || replies[2].Offset != 1 || replies[3].Error == nil || replies[3].Error.Code != freshet.Conflict {
		t.Errorf("%+v", replies)
	}
	for text, words := range map[string]string{
		"[]":                                     "at least one",
		"{}":                                     "no JSON array",
		"[" + one("c", "1") + `, {"type": "k"}]`: "event 1 of the batch",
		"[" + strings.Repeat("{},", 1000) + "{}]": "at most 1000",
	} {
		e := refused(t, w.call("POST", "/api/v1/namespaces/default/cloudevents", cloud(kind, text)), map[bool]freshet.ErrorCode{
			true: freshet.TooLarge, false: freshet.Invalid}[len(text) > 1000], map[bool]int{true: 413, false: 422}[len(text) > 1000], words)
		if e.Hint == "" {
			t.Errorf("%q does not say what to do", e.Message)
		}
	}
	if list := w.events(client.EventQuery{}); len(list) != 2 {
		t.Errorf("a batch that was refused has left something: %+v", list)
	}
}

func TestCloudEventsRefused(t *testing.T) {
	w := newWorld(t)
	const structured = "application/cloudevents+json"
	for name, c := range map[string]struct {
		send  func(*http.Request)
		words string
	}{
		"no JSON":             {cloud(structured, "hello"), "no JSON object"},
		"a list":              {cloud(structured, "[]"), "no JSON object"},
		"null":                {cloud(structured, "null"), "no JSON object"},
		"not UTF-8":           {cloud(structured, "{"+cloudHead+`, "data": "`+"\xff"+`"}`), "UTF-8"},
		"no specversion":      {cloud(structured, `{"type": "k", "source": "/s", "id": "1"}`), "`specversion` is missing"},
		"another specversion": {cloud(structured, `{"specversion": "0.3", "type": "k", "source": "/s", "id": "1"}`), "0.3"},
		"no type":             {cloud(structured, `{"specversion": "1.0", "source": "/s", "id": "1"}`), "`type` is missing"},
		"no source":           {cloud(structured, `{"specversion": "1.0", "type": "k", "id": "1"}`), "`source` is missing"},
		"empty id":            {cloud(structured, `{"specversion": "1.0", "type": "k", "source": "/s", "id": ""}`), "`id` is empty"},
		"id of a number":      {cloud(structured, `{"specversion": "1.0", "type": "k", "source": "/s", "id": 1}`), "`id` is to be text"},
		"bad time":            {cloud(structured, "{"+cloudHead+`, "time": "noon"}`), "`time`"},
		"attribute object":    {cloud(structured, "{"+cloudHead+`, "extra": {}}`), "`extra`"},
		"attribute's name":    {cloud(structured, "{"+cloudHead+`, "Extra": "x"}`), `"Extra"`},
		"both data":           {cloud(structured, "{"+cloudHead+`, "data": 1, "data_base64": "aGk="}`), "`data` and `data_base64`"},
		"no base64":           {cloud(structured, "{"+cloudHead+`, "data_base64": "?"}`), "base64"},
		"another format":      {cloud("application/cloudevents+avro", ""), "application/cloudevents+avro"},
		"plain JSON":          {cloud("application/json", "{"+cloudHead+"}"), "`specversion` is missing"},
		"binary, no id":       {cloud("text/plain", "", "ce-specversion", "1.0", "ce-type", "k", "ce-source", "/s"), "`id` is missing"},
		"said twice":          {cloud("text/plain", "", "ce-datacontenttype", "text/plain"), "Content-Type"},
	} {
		t.Run(name, func(t *testing.T) {
			if e := refused(t, w.call("POST", "/api/v1/namespaces/default/cloudevents", c.send), freshet.Invalid, 422, c.words); e.Hint == "" {
				t.Errorf("%q does not say what to do", e.Message)
			}
		})
	}
	refused(t, w.call("POST", "/api/v1/namespaces/default/cloudevents", cloud("text/plain", strings.Repeat("x", freshet.MaxEventBytes+1),
		"ce-specversion", "1.0", "ce-type", "k", "ce-source", "/s", "ce-id", "1")), freshet.TooLarge, 413, "at most 1048576 bytes")
	refused(t, w.call("POST", "/api/v1/namespaces/nowhere/cloudevents", cloud(structured, "{"+cloudHead+"}")), freshet.NotFound, 404, "no namespace nowhere")
	if list := w.events(client.EventQuery{}); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
