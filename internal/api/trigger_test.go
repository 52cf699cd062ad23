package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

const report = `
name: report
timezone: Europe/Paris
parameters:
  rows: {type: integer, default: 1}
  label: {type: string, default: x}
  on_sale: {type: boolean, default: false}
on:
  - {event: from_file, name: filed}
tasks:
  a: {bash: "true"}
`

// refuses checks the code and words of a client's error.
func refuses(t *testing.T, err error, code freshet.ErrorCode, words string) {
	t.Helper()
	var e *freshet.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, words) {
		t.Errorf("%v; want %s %q", err, code, words)
	}
}

func TestAddTrigger(t *testing.T) {
	w := newWorld(t)
	w.upload(report)
	for name, c := range map[string]struct {
		r    freshet.TriggerRequest
		want freshet.Trigger // of the fields that the request decides
		text []string        // that stand in the entry
	}{
		"event": {
			freshet.TriggerRequest{Event: "sales", If: "event.data.n > 3", Name: "big"},
			freshet.Trigger{Name: "big", Kind: freshet.OnEvent, Timezone: "Europe/Paris", Catchup: "none"},
			[]string{"event: sales", "event.data.n > 3"},
		},
		"schedule keeps the workflow's zone": {
			freshet.TriggerRequest{Schedule: "0 6  * * 1-5", Catchup: "7d"},
			freshet.Trigger{Kind: freshet.OnSchedule, Expression: "0 6 * * 1-5", Timezone: "Europe/Paris", Catchup: "7d"},
			[]string{"timezone: Europe/Paris", "catchup: 7d"},
		},
		"schedule with a zone": {
			freshet.TriggerRequest{Schedule: "@daily", Timezone: "America/New_York", Catchup: "latest"},
			freshet.Trigger{Kind: freshet.OnSchedule, Timezone: "America/New_York", Catchup: "latest"},
			[]string{"timezone: America/New_York"},
		},
		"interval": {
			freshet.TriggerRequest{Schedule: "every 90m"},
			freshet.Trigger{Kind: freshet.OnSchedule, Expression: "every 90m", Timezone: "Europe/Paris", Catchup: "none"},
			nil,
		},
		"parameters": {
			freshet.TriggerRequest{Event: "k", With: map[string]any{"on_sale": true}, Texts: map[string]string{"rows": "12", "label": "12"}},
			freshet.Trigger{Kind: freshet.OnEvent, Timezone: "Europe/Paris", Catchup: "none"},
			[]string{"rows: 12", `label: "12"`, "on_sale: true"},
		},
		"computed parameters": {
			freshet.TriggerRequest{Event: "k", Texts: map[string]string{"rows": "${{ event.data.rows }}"}},
			freshet.Trigger{Kind: freshet.OnEvent, Timezone: "Europe/Paris", Catchup: "none"},
			[]string{"${{ event.data.rows }}"},
		},
		"entry": {
			freshet.TriggerRequest{Entry: "all: [{event: a}, {event: b}]\nwithin: day\nwith:\n  rows: 3\n"},
			freshet.Trigger{Kind: freshet.OnCondition, Timezone: "Europe/Paris", Catchup: "none"},
			[]string{"within: day", "timezone: Europe/Paris", "rows: 3"},
		},
		"entry with a zone": {
			freshet.TriggerRequest{Entry: "{schedule: 0 6 * * *, timezone: Asia/Tokyo}"},
			freshet.Trigger{Kind: freshet.OnSchedule, Expression: "0 6 * * *", Timezone: "Asia/Tokyo", Catchup: "none"},
			[]string{"timezone: Asia/Tokyo"},
		},
		"entry without a clock": {
			freshet.TriggerRequest{Entry: "workflow: {other: failed}"},
			freshet.Trigger{Kind: freshet.OnWorkflow, Timezone: "Europe/Paris", Catchup: "none"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.r.Workflow = "report"
			got, err := w.client.AddTrigger(t.Context(), "default", c.r)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range c.text {
				if !strings.Contains(got.Entry, text) {
					t.Errorf("%q does not stand in %s", text, got.Entry)
				}
			}
			if zoned := strings.Contains(got.Entry, "timezone"); !zoned && got.NextAt != nil {
				t.Errorf("%s has no zone of its own", got.Entry)
			}
			want := c.want
			want.ID, want.Namespace, want.Workflow, want.Source, want.Enabled = got.ID, "default", "report", freshet.Added, true
			want.Entry, want.NextAt, want.CreatedAt = got.Entry, got.NextAt, got.CreatedAt
			if want.Expression == "" {
				want.Expression = got.Expression
			}
			if got.ID == 0 || got.Expression == "" || (got.Kind == freshet.OnSchedule) != (got.NextAt != nil) || !cmp.Equal(got, want) {
				t.Error(cmp.Diff(want, got))
			}
			again, err := w.client.Trigger(t.Context(), got.ID)
			if err != nil || !cmp.Equal(again, got) {
				t.Error(cmp.Diff(got, again), err)
			}
		})
	}
}

func TestAddTriggerRefused(t *testing.T) {
	w := newWorld(t)
	w.upload(report + `
---
name: strict
parameters: {day: {type: string}}
tasks:
  a: {bash: "true"}
`)
	event := freshet.TriggerRequest{Workflow: "report", Event: "k"}
	with := func(change func(*freshet.TriggerRequest)) freshet.TriggerRequest {
		r := event
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		r     freshet.TriggerRequest
		code  freshet.ErrorCode
		words string
	}{
		"no workflow":         {freshet.TriggerRequest{Event: "k"}, freshet.Invalid, "needs a workflow"},
		"unknown workflow":    {freshet.TriggerRequest{Workflow: "none", Event: "k"}, freshet.NotFound, "no workflow default.none"},
		"neither":             {freshet.TriggerRequest{Workflow: "report"}, freshet.Invalid, "an event or a schedule"},
		"both":                {with(func(r *freshet.TriggerRequest) { r.Schedule = "@daily" }), freshet.Invalid, "not by both"},
		"if of a schedule":    {freshet.TriggerRequest{Workflow: "report", Schedule: "@daily", If: "true"}, freshet.Invalid, "`if` looks at an event"},
		"catchup of an event": {with(func(r *freshet.TriggerRequest) { r.Catchup = "all" }), freshet.Invalid, "`catchup` is for ticks"},
		"entry and a field":   {with(func(r *freshet.TriggerRequest) { r.Entry = "{event: k}" }), freshet.Invalid, "`event` is given beside it"},
		"impossible date":     {freshet.TriggerRequest{Workflow: "report", Schedule: "0 0 30 2 *"}, freshet.Invalid, "never due"},
		"four fields":         {freshet.TriggerRequest{Workflow: "report", Schedule: "0 0 1 2"}, freshet.Invalid, "five"},
		"every without":       {freshet.TriggerRequest{Workflow: "report", Schedule: "every"}, freshet.Invalid, "interval"},
		"negative interval":   {freshet.TriggerRequest{Workflow: "report", Schedule: "every -5m"}, freshet.Invalid, "-5m"},
		"unknown zone":        {freshet.TriggerRequest{Workflow: "report", Schedule: "@daily", Timezone: "Europe/Pariss"}, freshet.Invalid, "Europe/Pariss"},
		"bad expression":      {with(func(r *freshet.TriggerRequest) { r.If = "event.data >" }), freshet.Invalid, ""},
		"bad name":            {with(func(r *freshet.TriggerRequest) { r.Name = "a b" }), freshet.Invalid, "a b"},
		"bad catchup":         {freshet.TriggerRequest{Workflow: "report", Schedule: "@daily", Catchup: "some"}, freshet.Invalid, "some"},
		"unknown parameter":   {with(func(r *freshet.TriggerRequest) { r.Texts = map[string]string{"row": "1"} }), freshet.Invalid, "row"},
		"parameter's type":    {with(func(r *freshet.TriggerRequest) { r.Texts = map[string]string{"rows": "many"} }), freshet.Invalid, "rows"},
		"typed parameter":     {with(func(r *freshet.TriggerRequest) { r.With = map[string]any{"rows": "many"} }), freshet.Invalid, "rows"},
		"given twice": {with(func(r *freshet.TriggerRequest) {
			r.With, r.Texts = map[string]any{"rows": 1}, map[string]string{"rows": "1"}
		}), freshet.Invalid, "twice"},
		"required parameter":    {freshet.TriggerRequest{Workflow: "strict", Event: "k"}, freshet.Invalid, "day"},
		"entry that is no YAML": {freshet.TriggerRequest{Workflow: "report", Entry: "{event"}, freshet.Invalid, "trigger:1"},
		"entry of a task":       {freshet.TriggerRequest{Workflow: "report", Entry: "status: {a: failed}"}, freshet.Invalid, "status"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.AddTrigger(t.Context(), "default", c.r)
			refuses(t, err, c.code, c.words)
			var e *freshet.Error
			if c.r.Entry != "" && c.r.Event == "" && errors.As(err, &e) && len(e.Diagnostics) == 0 {
				t.Errorf("no places of what is wrong: %+v", e)
			}
		})
	}
	_, err := w.client.AddTrigger(t.Context(), "nowhere", event)
	refuses(t, err, freshet.NotFound, "no workflow nowhere.report")
	if page, err := w.client.Triggers(t.Context(), client.TriggerQuery{}); err != nil || len(page.Items) != 1 {
		t.Errorf("what was refused has left something: %+v %v", page, err)
	}
}

func TestTriggers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(report)
	w.upload("name: other\nnamespace: elsewhere\non: {schedule: '@daily'}\ntasks:\n  a: {bash: 'true'}\n")
	var added []int64
	for _, r := range []freshet.TriggerRequest{{Event: "a"}, {Schedule: "every 1h"}, {Event: "b"}} {
		r.Workflow = "report"
		got, err := w.client.AddTrigger(ctx, "default", r)
		if err != nil {
			t.Fatal(err)
		}
		added = append(added, got.ID)
	}
	list := func(q client.TriggerQuery) (ids []int64) {
		t.Helper()
		for {
			page, err := w.client.Triggers(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				ids = append(ids, item.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return ids
			}
		}
	}
	filed, foreign := added[0]-2, added[0]-1 // in the order of uploads
	for _, c := range []struct {
		q    client.TriggerQuery
		want []int64
	}{
		{client.TriggerQuery{}, []int64{added[2], added[1], added[0], foreign, filed}},
		{client.TriggerQuery{Limit: 2}, []int64{added[2], added[1], added[0], foreign, filed}},
		{client.TriggerQuery{Limit: 2, Before: added[2]}, []int64{added[1], added[0], foreign, filed}},
		{client.TriggerQuery{Namespace: "default"}, []int64{added[2], added[1], added[0], filed}},
		{client.TriggerQuery{Namespace: "default", Workflow: "report", Kind: freshet.OnEvent, Limit: 1}, []int64{added[2], added[0], filed}},
		{client.TriggerQuery{Kind: freshet.OnSchedule}, []int64{added[1], foreign}},
		{client.TriggerQuery{Kind: freshet.OnSchedule, Before: added[1]}, []int64{foreign}},
		{client.TriggerQuery{Namespace: "nowhere"}, nil},
	} {
		if got := list(c.q); !cmp.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.q, got, c.want)
		}
	}

	tick := added[1]
	for i, c := range []struct {
		action freshet.TriggerAction
		paused bool
	}{{freshet.PauseTrigger, true}, {freshet.PauseTrigger, true}, {freshet.ResumeTrigger, false}, {freshet.ResumeTrigger, false}} {
		got, err := w.client.ChangeTrigger(ctx, tick, c.action)
		if err != nil || got.Paused != c.paused || (got.NextAt == nil) != c.paused {
			t.Errorf("%d. %s: %+v %v", i, c.action, got, err)
		}
	}
	if got, err := w.client.ChangeTrigger(ctx, filed, freshet.PauseTrigger); err != nil || !got.Paused || got.Source != freshet.FromFile || got.Name != "filed" {
		t.Errorf("%+v %v", got, err)
	}
	_, err := w.client.ChangeTrigger(ctx, filed, freshet.DeleteTrigger)
	refuses(t, err, freshet.Conflict, "stands in the file of report")
	if got, err := w.client.ChangeTrigger(ctx, tick, freshet.DeleteTrigger); err != nil || got.ID != tick || got.Expression != "every 1h" {
		t.Errorf("as it was: %+v %v", got, err)
	}
	for _, action := range []freshet.TriggerAction{freshet.PauseTrigger, freshet.ResumeTrigger, freshet.DeleteTrigger} {
		_, err := w.client.ChangeTrigger(ctx, tick, action)
		refuses(t, err, freshet.NotFound, "no trigger")
	}
	_, err = w.client.Trigger(ctx, tick)
	refuses(t, err, freshet.NotFound, "no trigger")

	if ids, err := w.client.DeleteTriggers(ctx, "default", "report", freshet.OnSchedule); err != nil || len(ids) != 0 {
		t.Errorf("%v %v", ids, err)
	}
	if ids, err := w.client.DeleteTriggers(ctx, "default", "report", ""); err != nil || !cmp.Equal(ids, []int64{added[0], added[2]}) {
		t.Errorf("%v %v", ids, err)
	}
	_, err = w.client.DeleteTriggers(ctx, "default", "none", "")
	refuses(t, err, freshet.NotFound, "no workflow")
	if got := list(client.TriggerQuery{}); !cmp.Equal(got, []int64{foreign, filed}) {
		t.Errorf("what stays: %v", got)
	}
}

// TestTriggerStarts: an event starts a run with the parameters that the
// trigger computes, once, and only while nothing keeps it from it.
func TestTriggerStarts(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(report)
	w.upload(two)
	added, err := w.client.AddTrigger(ctx, "default", freshet.TriggerRequest{Workflow: "report", Event: "k", If: "event.data.rows > 1",
		Texts: map[string]string{"rows": "${{ event.data.rows }}", "label": "7"}})
	if err != nil {
		t.Fatal(err)
	}
	send := func(value string) int64 {
		t.Helper()
		r, err := w.client.SendEvent(ctx, "default", freshet.EventRequest{Key: "k", Value: value})
		if err != nil {
			t.Fatal(err)
		}
		w.run("two") // when that is answered, all before it has been decided
		return r.Offset
	}
	send(`{"rows": 1}`)
	offset := send(`{"rows": 5}`)
	if _, err := w.client.ChangeTrigger(ctx, added.ID, freshet.PauseTrigger); err != nil {
		t.Fatal(err)
	}
	send(`{"rows": 6}`)
	if _, err := w.client.ChangeTrigger(ctx, added.ID, freshet.ResumeTrigger); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.SetEnabled(ctx, "default", "report", false); err != nil {
		t.Fatal(err)
	}
	send(`{"rows": 7}`)
	if shown, err := w.client.Trigger(ctx, added.ID); err != nil || shown.Enabled || shown.Paused {
		t.Errorf("%+v %v", shown, err)
	}
	page, err := w.client.Runs(ctx, client.RunQuery{Workflow: "report"})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	r := page.Items[0]
	want := map[string]any{"rows": json.Number("5"), "label": "7", "on_sale": false}
	if r.Type != freshet.ByEvent || r.Trigger != added.ID || r.EventOffset != offset || r.Missing == nil || !cmp.Equal(r.Parameters, want) {
		t.Errorf("%+v", r)
	}
}

func TestTriggerErrors(t *testing.T) {
	w := newWorld(t)
	w.upload(report)
	for _, c := range []struct {
		method, path, body string
		code               freshet.ErrorCode
		status             int
		words              string
	}{
		{"POST", "/api/v1/namespaces/default/triggers", "", freshet.Invalid, 422, "body"},
		{"POST", "/api/v1/namespaces/default/triggers", "{", freshet.Invalid, 422, "does not add a trigger: it ends too early"},
		{"POST", "/api/v1/namespaces/default/triggers", `{"workflow": "report", "evnt": "k"}`, freshet.Invalid, 422, `unknown field "evnt"`},
		{"POST", "/api/v1/namespaces/default/triggers", `{"workflow": "report", "event": 1}`, freshet.Invalid, 422, "event cannot be of type number"},
		{"GET", "/api/v1/triggers?kind=cat", "", freshet.Invalid, 422, "query.kind"},
		{"GET", "/api/v1/triggers?limit=0", "", freshet.Invalid, 422, "query.limit"},
		{"GET", "/api/v1/triggers?cursor=cnVuczoz", "", freshet.Invalid, 422, "no cursor of this list"}, // one of runs
		{"GET", "/api/v1/triggers/0", "", freshet.Invalid, 422, "path.id"},
		{"GET", "/api/v1/triggers/77", "", freshet.NotFound, 404, "no trigger 77"},
		{"POST", "/api/v1/triggers/77/pause", "", freshet.NotFound, 404, "no trigger 77"},
		{"POST", "/api/v1/triggers/1/delete", "", freshet.NotFound, 404, "nothing at"},
		{"DELETE", "/api/v1/namespaces/default/workflows/none/triggers", "", freshet.NotFound, 404, "no workflow default.none"},
		{"POST", "/api/v1/namespaces/default/workflows/none/disable", "", freshet.NotFound, 404, "no workflow default.none"},
		{"DELETE", "/api/v1/namespaces/default/workflows/none", "", freshet.NotFound, 404, "no workflow default.none"},
		{"POST", "/api/v1/namespaces", `{"name": "a b"}`, freshet.Invalid, 422, `"a b" is not a name`},
		{"POST", "/api/v1/namespaces", `{}`, freshet.Invalid, 422, "needs a name"},
		{"POST", "/api/v1/namespaces", `{"name": "x", "properties": 3}`, freshet.Invalid, 422, "does not add a namespace: properties"},
		{"PATCH", "/api/v1/namespaces/default", `{"name": "other"}`, freshet.Invalid, 422, "keeps its name"},
		{"PATCH", "/api/v1/namespaces/none", `{}`, freshet.NotFound, 404, "no namespace none"},
		{"DELETE", "/api/v1/namespaces/none", "", freshet.NotFound, 404, "no namespace none"},
		{"DELETE", "/api/v1/namespaces/default", "", freshet.Conflict, 409, "always there"},
		{"GET", "/api/v1/namespaces/none", "", freshet.NotFound, 404, "no namespace none"},
		{"GET", "/api/v1/schedule/preview", "", freshet.Invalid, 422, "query.expression"},
		{"GET", "/api/v1/schedule/preview?expression=61+*+*+*+*", "", freshet.Invalid, 422, "61"},
		{"GET", "/api/v1/schedule/preview?expression=0+0+30+2+*", "", freshet.Invalid, 422, "never due"},
		{"GET", "/api/v1/schedule/preview?expression=@daily&timezone=Mars/Base", "", freshet.Invalid, 422, "Mars/Base"},
		{"GET", "/api/v1/schedule/preview?expression=@daily&count=0", "", freshet.Invalid, 422, "query.count"},
		{"GET", "/api/v1/schedule/preview?expression=@daily&from=noon", "", freshet.Invalid, 422, "query.from"},
		{"POST", "/api/v1/namespaces/default/workflows/report/runs", `{"at": "tomorrow"}`, freshet.Invalid, 422, "does not start a run"},
		{"POST", "/api/v1/namespaces/a%20b/workflows", `{"documents": [{"name": "w", "source": "name: w\ntasks: {a: {bash: x}}"}]}`, freshet.Invalid, 422, `"a b" is not a name`},
		{"POST", "/api/v1/namespaces/DEFAULT/workflows", `{"documents": [{"name": "w", "source": "name: w\ntasks: {a: {bash: x}}"}]}`, freshet.Conflict, 409, "differ in case only"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			refused(t, w.call(c.method, c.path, body(c.body)), c.code, c.status, c.words)
		})
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	from := time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)
	ticks, err := w.client.Preview(t.Context(), client.PreviewQuery{Expression: "30 2 * * *", Timezone: "Europe/Paris", From: from, Count: 3})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tick := range ticks {
		got = append(got, tick.Time.Format(time.RFC3339)+" "+tick.Local)
	}
	want := []string{ // the second is the night that has this hour twice
		"2026-10-25T00:30:00Z 2026-10-25T02:30:00+02:00",
		"2026-10-26T01:30:00Z 2026-10-26T02:30:00+01:00",
		"2026-10-27T01:30:00Z 2026-10-27T02:30:00+01:00",
	}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	ticks, err = w.client.Preview(t.Context(), client.PreviewQuery{Expression: "every 10m", From: from})
	if err != nil || len(ticks) != 10 || !ticks[9].Time.Equal(from.Add(100*time.Minute)) {
		t.Errorf("%+v %v", ticks, err)
	}
	if resp := w.call(http.MethodGet, "/api/v1/schedule/preview?expression=@hourly", nil); resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
}
