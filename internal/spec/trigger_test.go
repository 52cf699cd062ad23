package spec

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet/internal/tick"
)

// What a trigger tells of itself, for every form of an entry.
func TestTriggers(t *testing.T) {
	ws, ds := Parse("triggers.yaml", read(t, "testdata/good/triggers.yaml"))
	if len(ws) != 2 {
		t.Fatal(ds)
	}
	var got []string
	hashes := map[string]bool{}
	for i, on := range ws[1].On {
		if on.ID != i || on.Task != NoTask || on.Action != Start || on.StatesOnly {
			t.Errorf("entry %d: %+v", i, on.Rule)
		}
		if hashes[on.Hash] || len(on.Hash) != 64 {
			t.Errorf("entry %d has the hash %q", i, on.Hash)
		}
		hashes[on.Hash] = true
		got = append(got, strings.Join([]string{on.Kind, on.Expression, strings.Join(on.Events, ","),
			strings.Join(on.Workflows, ","), strings.Join(on.Unfiltered, ","), on.Catchup.String(), on.Zone.String()}, " | "))
	}
	want := []string{
		"event | event go | go |  | go | none | America/New_York",
		`event | event go if event.data.n > 3 && events.go.key == "go" | go |  |  | none | America/New_York`,
		"event | event go | go |  | go | none | America/New_York",
		"event | event go | go |  | go | none | America/New_York",
		"event | count of num reaches 100 within 1h if event.data > 1 | num |  |  | none | America/New_York",
		"event | sum of event.data.amount over paid reaches 99.5 within day | paid |  |  | none | America/New_York",
		`condition | event heartbeat missing for 2h if event.sender == "x" | heartbeat |  |  | none | America/New_York`,
		"condition | workflow daily_etl: success, every_form: success or failed missing for 26h |  | daily_etl,every_form |  | none | America/New_York",
		"schedule | every 90m |  |  |  | latest | America/New_York",
		"schedule | */5 8-18 * * mon-fri |  |  |  | all | Asia/Tokyo",
		"schedule | @daily |  |  |  | none | America/New_York",
		"workflow | workflow *: failed or stopped, daily_etl: success |  | *,daily_etl | end * failed,end * stopped,end daily_etl success | none | America/New_York",
		"workflow | workflow daily_etl: success or failed or stopped |  | daily_etl | end daily_etl failed,end daily_etl stopped,end daily_etl success | none | America/New_York",
		"condition | all of: event a; event b; within 1h | a,b |  |  | none | America/New_York",
		"condition | all of: event a; count of b reaches 3 within day; (any of: sum of 1 over c reaches 2 within 5m; (all of: 0 9 * * *; event d; within 10m)); within day; not before 08:00; deadline 12:00 | a,b,c,d |  |  | 1d | America/New_York",
		"condition | any of: event x; event w if event.data == 1; (any of: event z; count of y reaches 1) | w,x,y,z |  | x,y,z | none | America/New_York",
		"event | event shared | shared |  | shared | none | America/New_York",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("triggers (-want +got):\n%s", diff)
	}
	day := ws[1].On[14]
	if diff := cmp.Diff([]any{&tick.Clock{Hour: 8}, &tick.Clock{Hour: 12}, Window{Day: true}, Catchup{CatchupSpan, 24 * time.Hour}},
		[]any{day.When.NotBefore, day.When.Deadline, day.When.Within, day.Catchup}); diff != "" {
		t.Errorf("an entry with a deadline (-want +got):\n%s", diff)
	}
	if zone := ws[1].On[9].When.Ticks.Zone().String(); zone != "Asia/Tokyo" {
		t.Errorf("the ticks of an entry with a zone of its own are in %s", zone)
	}
	if diff := cmp.Diff([]string{"also", "done"}, ws[1].Emits()); diff != "" {
		t.Errorf("emits (-want +got):\n%s", diff)
	}
	if ws[1].Timeout != 2*time.Hour || ws[1].Ends != Settled || len(ws[1].Outputs) != 5 || ws[1].Outputs[0].Name != "rows" {
		t.Errorf("time-out %s, ends %s, outputs %v", ws[1].Timeout, ws[1].Ends, ws[1].Outputs)
	}
}

// The text of a trigger is read again as the same trigger.
func TestTextOfTriggers(t *testing.T) {
	ws, _ := Parse("triggers.yaml", read(t, "testdata/good/triggers.yaml"))
	for _, w := range ws {
		for i, on := range w.On {
			again, ds := ParseTrigger([]byte(on.Text), w)
			if len(ds) > 0 {
				t.Errorf("%s\n%s", on.Text, ds)
				continue
			}
			opts := cmp.Options{sameTree, cmpopts.IgnoreFields(Rule{}, "ID")}
			if i == 3 { // the same as the one above it
				opts = append(opts, cmpopts.IgnoreFields(Trigger{}, "Hash"))
			}
			if diff := cmp.Diff(on, again, opts); diff != "" {
				t.Errorf("%s (-file +again):\n%s", on.Text, diff)
			}
		}
	}
	const want = `{name: second, event: go, if: "event.data.n > 3 && events.go.key == \"go\"", ` +
		`with: {any: {deep: ["${{ event.data.x }}", 1]}, n: "${{ event.data.n }}", text: "${{ event.value }} at ${{ run.scheduled_at }}"}}`
	if diff := cmp.Diff(want, ws[1].On[1].Text); diff != "" {
		t.Errorf("text of an entry (-want +got):\n%s", diff)
	}
}

// Whatever a text or a key holds, it is written so that it is read again.
func TestTextOfOddTriggers(t *testing.T) {
	for _, source := range []string{
		`{event: "a\x7f\u2028\n\t\"\\é😀\ufeff #: {"}`,
		`{event: "true"}`, `{event: "7d"}`, `{event: 7d}`, `{event: "null"}`, `{event: "1e3"}`, `{event: "2026-01-31"}`, `{event: 2026-01-31}`, `{event: "- x"}`,
		`{event: e, with: {a: {` + strings.Repeat("k", 3000) + `: 1, "": ~, 0x10: 0x10, yes: 1_0, on: .5e1, "${": "}}"}}}`,
		"event: e\nif: |\n  event.data > 1 &&\n    event.data < 3\n",
		"event: e\nif: >-\n  true\n",
		`{event: e, if: true}`,
	} {
		on, ds := ParseTrigger([]byte(source), nil)
		if on == nil {
			t.Errorf("%s\n%s", source, ds)
			continue
		}
		sameTrigger(t, on, nil)
	}
}

// Comments, formatting and the order of keys make no other trigger; all else
// does.
func TestHashOfTriggers(t *testing.T) {
	hash := func(source string) string {
		t.Helper()
		on, ds := ParseTrigger([]byte(source), nil)
		if on == nil {
			t.Fatalf("%s\n%s", source, ds)
		}
		return on.Hash
	}
	one := hash("schedule: '0 6 * * *' # at six\ntimezone: Europe/Paris\nwith:\n  b: {y: 1, x: [2]}\n  a: \"two\"\n")
	for _, same := range []string{
		`{"with": {"a": "two", "b": {"x": [2], "y": 1}}, "schedule": "0 6 * * *", "timezone": "Europe/Paris"}`,
		"{schedule: 0 6 * * *, with: {b: {x: [2], y: 1}, a: two}, timezone: Europe/Paris}",
	} {
		if hash(same) != one {
			t.Errorf("another hash: %s", same)
		}
	}
	for _, other := range []string{
		`{schedule: "0 7 * * *", timezone: Europe/Paris, with: {a: two, b: {x: [2], y: 1}}}`,
		`{schedule: "0 6 * * *", with: {a: two, b: {x: [2], y: 1}}}`,
		`{schedule: "0 6 * * *", timezone: Europe/Paris, with: {a: two, b: {x: [2], y: "1"}}}`,
		`{schedule: "0 6 * * *", timezone: Europe/Paris, with: {a: two, b: {x: [2], y: 1}}, catchup: all}`,
		`{schedule: "0 6 * * *", timezone: Europe/Paris, with: {a: two, b: {x: [2], y: 1}}, name: n}`,
	} {
		if hash(other) == one {
			t.Errorf("the same hash: %s", other)
		}
	}
	tokyo, _ := time.LoadLocation("Asia/Tokyo")
	on, _ := ParseTrigger([]byte("event: go"), &Workflow{Timezone: tokyo})
	if on.Hash == hash("event: go") || on.Zone != tokyo {
		t.Error("the zone of the workflow makes no difference")
	}
}

// A trigger that is added at run time is checked like one of a file.
func TestParseTrigger(t *testing.T) {
	w := must1(t, `{name: x, timezone: Europe/Paris, parameters: {day: {type: string}, n: {type: integer, default: 1}}, tasks: {a: {bash: x}}}`)
	for source, want := range map[string]string{
		`{event: go, with: {day: x}}`:                  "",
		`{"event": "go", "with": {"day": "${{ 1 }}"}}`: "trigger:1:33: error: parameter `day`: got number, want string [parameter-schema]\n",
		`{event: go}`:                               "trigger:1:1: error: the entry leaves the parameter `day` open, which is required [missing-key]\n  hint: say `with: {day: …}`, or give the parameter a default\n",
		`{workflow: {X: ended}, with: {day: x}}`:    "trigger:1:13: error: each end of a run of `x` would start the next one [loop]\n  hint: to run again and again, use `every` or `schedule`; to serve without end, `ends: never`\n",
		`{event: go, with: {day: "${{ run.id }}"}}`: "trigger:1:30: error: `run.id` is not known before there is a run [cannot-have-run]\n  hint: the run's tasks may look at run.id\n",
		`[{event: go}]`:                             "trigger:1:1: error: expected an entry of `on`, found a list [wrong-type]\n",
		``:                                          "trigger:1:1: error: a trigger is one entry of `on` [empty]\n  hint: for example {event: key} or {schedule: \"0 6 * * *\"}\n",
		"{event: a}\n---\n{event: b}":               "trigger:1:1: error: a trigger is one entry of `on` [empty]\n  hint: for example {event: key} or {schedule: \"0 6 * * *\"}\n",
		`{event: a`:                                 "trigger:1:1: error: this is not YAML: did not find expected ',' or '}', while parsing a flow mapping that begins in line 1 [yaml]\n",
		`[`:                                         "trigger:1:1: error: this is not YAML: did not find expected node content, while parsing a flow node that begins in line 1 [yaml]\n",
		"\xff":                                      "trigger:1:1: error: byte 0xff is no UTF-8 [encoding]\n  hint: save the file as UTF-8\n",
		`{event: go, with: &a {day: x, n: *a}}`:     "trigger:1:34: error: alias `*a` contains itself [yaml-alias]\n",
		`{schedule: "0 6 * *", with: {day: x}}`:     "trigger:1:12: error: a cron expression has five fields, `0 6 * *` has 4 [bad-value]\n  hint: the fields are minute, hour, day of month, month, day of week: `0 6 * * *` is every day at six\n",
	} {
		on, ds := ParseTrigger([]byte(source), w)
		if diff := cmp.Diff(want, ds.String()); diff != "" || (on == nil) != (want != "") {
			t.Errorf("%q: trigger %v, diagnostics (-want +got):\n%s", source, on, diff)
		}
	}
	two := must1(t, `{name: x, parameters: {a: {type: string}, b: {}}, tasks: {a: {bash: x}}}`)
	if _, ds := ParseTrigger([]byte("event: go"), two); len(ds) != 1 || ds[0].Message != "the entry leaves the parameters `a`, `b` open, which are required" {
		t.Errorf("two open parameters:\n%s", ds)
	}
	if on, ds := ParseTrigger([]byte(`{event: go, with: {anything: "${{ event.data }}"}}`), nil); on == nil || on.Zone != time.UTC {
		t.Errorf("without a workflow: %v\n%s", on, ds)
	}
}

// What an `all` remembers is bounded by the narrowest of the `all`s around it,
// and what is counted within a day's is the day's.
func TestWindows(t *testing.T) {
	w := must1(t, `
name: x
tasks:
  a:
    bash: x
    start:
      all:
        - event: a
        - any: [{count: {event: b, reaches: 2}}, {count: {event: c, reaches: 2}, within: 5m}]
        - {all: [{event: d}, {all: [{event: e}, {sum: {event: f, of: "1", reaches: 2}}], within: 2h}], within: 1h}
      within: day
      busy: ignore
  b: {bash: x, start: {all: [{count: {event: b, reaches: 2}}], within: 3h, busy: ignore}}
  c: {bash: x, start: {count: {event: b, reaches: 2}, within: day, busy: ignore}}
`)
	day, hour := Window{Day: true}, Window{Span: time.Hour, Day: true}
	want := [][][2]Window{{
		{{}, day}, {day, {}}, {day, {}}, {day, day}, {day, {Span: 5 * time.Minute}}, // all, a, any, b, c
		{day, {Span: time.Hour}}, {hour, {}}, {hour, {Span: 2 * time.Hour}}, {hour, {}}, {hour, day}, // all, d, all, e, f
	}, {
		{{}, {Span: 3 * time.Hour}}, {{Span: 3 * time.Hour}, {}},
	}, {
		{{}, day},
	}}
	var got [][][2]Window
	for _, r := range w.Rules {
		var windows [][2]Window
		for _, c := range r.Nodes {
			windows = append(windows, [2]Window{c.Keeps, c.Within})
		}
		got = append(got, windows)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is kept, within (-want +got):\n%s", diff)
	}
}

// A periodic task has a start rule of its own, and keeps its run open.
func TestPeriodicTasks(t *testing.T) {
	ws, ds := Parse("rules.yaml", read(t, "testdata/good/rules.yaml"))
	if len(ws) != 4 {
		t.Fatal(ds)
	}
	var ends []Ends
	for _, w := range ws {
		ends = append(ends, w.Ends)
	}
	if diff := cmp.Diff([]Ends{Settled, Never, Idle, Settled}, ends); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
	w := ws[1]
	var got []string
	for _, r := range w.Rules {
		text := "after"
		if c := r.When; c.Tick() || c.Kind == EventIs {
			text = c.text()
		}
		got = append(got, strings.Join([]string{w.Tasks[r.Task].Name, string(r.Action), string(r.Busy), text, r.Zone.String()}, " "))
	}
	want := []string{
		"task1 start ignore every 10m UTC", "task2 start ignore */1 * * * * UTC", "task3 start ignore after UTC",
		"task4 start ignore after UTC", "task4 start ignore every 1h UTC", "task4 start ignore @hourly UTC",
		"task5 start queue event go UTC", "task5 start ignore every 1s UTC",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for i, want := range [][2]bool{{true, false}, {false, false}, {false, false}, {false, false}, {false, true}} {
		if got := [2]bool{w.Tasks[i].WithRun, w.Tasks[i].HasStart}; got != want {
			t.Errorf("%s: with the run, has start = %v, want %v", w.Tasks[i].Name, got, want)
		}
	}
	if n := len(w.Timed()); n != 5 {
		t.Errorf("%d rules wait for a time", n)
	}
	timed := ws[2]
	if n := len(timed.Timed()); n != 7 || timed.Timed()[6] != timed.Stop {
		t.Errorf("%d rules wait for a time", n)
	}
	if n := len(timed.Listeners("beat")); n != 2 || timed.Rules[0].Zone.String() != "Europe/Paris" {
		t.Errorf("%d listeners of a missing event, zone %s", n, timed.Rules[0].Zone)
	}
}

// The tasks of `finally` stand behind the others, and wait for their like.
func TestFinally(t *testing.T) {
	ws, _ := Parse("triggers.yaml", read(t, "testdata/good/triggers.yaml"))
	w := ws[0]
	var got []string
	for i, task := range w.Tasks {
		if task.Index != i || task.Finally != (i >= w.Finally) || task.Finally && task.WithRun {
			t.Errorf("task %d: %+v", i, task)
		}
		got = append(got, task.Name+" "+task.Timeout.String())
	}
	if diff := cmp.Diff([]string{"extract 1h0m0s", "publish 1h0m0s", "slack 10m0s", "tidy 1m0s", "sums 10m0s"}, got); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	if w.Finally != 2 || w.Tasks[3].Rules[0].When.Wants[0].Task != 2 || w.Tasks[2].Retries.Limit != 2 {
		t.Errorf("finally begins at %d, %+v", w.Finally, w.Tasks[3].Rules[0].When)
	}
	none := must1(t, `{name: x, tasks: {a: {bash: x}, b: {bash: x}}}`)
	if none.Finally != 2 {
		t.Errorf("without `finally` it begins at %d", none.Finally)
	}
}

// What is wrong with an entry that an alias repeats, or beyond the problems
// that are listed, is said once or not at all, but the entry is no trigger.
func TestWrongTriggersAgain(t *testing.T) {
	for _, wrong := range []string{"{every: 0s}", "{sum: {event: e, of: nope, reaches: 1}}", "{all: [{schedule: x}]}", "{missing: {for: 1h}}", "{count: {event: e}}"} {
		for _, source := range []string{"name: x\non: [&a " + wrong + ", *a]\ntasks: {a: {bash: x}}\n",
			"name: x\non:\n" + strings.Repeat("  - "+wrong+"\n", maxDiagnostics+10) + "tasks: {a: {bash: x}}\n"} {
			if ws, ds := Parse("f", []byte(source)); len(ws) > 0 || !ds.HasErrors() {
				t.Errorf("%s is accepted", wrong)
			}
		}
	}
}
