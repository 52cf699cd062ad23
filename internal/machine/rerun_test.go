package machine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func TestRerun(t *testing.T) {
	const source = `
tasks:
  a: {bash: x, outputs: {n: integer}}
  b: {after: a, bash: x, env: {N: "${{ tasks.a.outputs.n }}", V: "${{ event.value }}"}}
  c: {after: b, bash: x}
  d: {start: {event: e}, optional: true, bash: x}
  f: {after: {a: failed}, bash: x}
  g: {after: a, bash: x}
  h: {start: {all: [{event: e}, {event: o}]}, optional: true, bash: x, env: {E: "${{ events.e.value }}", O: "${{ events.o.value }}", V: "${{ event.value }}"}}
finally: {z: {bash: x}}`
	event := &freshet.Event{Offset: 1, Key: "e", Value: "old", Namespace: "default"}
	for _, c := range []struct {
		name    string
		rerun   Rerun
		outputs map[string]any
		script  string
	}{
		{"what failed starts again with its event, and sees what was kept", Rerun{Of: 7,
			Kept:  []Kept{{Task: "a", Status: freshet.Success}, {Task: "g", Status: freshet.Success}, {Task: "d", Status: freshet.Success}},
			Again: []AgainOn{{Task: "b", Event: event}}},
			map[string]any{"a": map[string]any{"n": int64(41)}}, `
			a: success #1
			b: queued #1
			c: waiting
			g: success #1
			exit b
			c: queued
			exit c
			z: queued
			exit z
			run: success`},
		{"with all events that took part", Rerun{Of: 7, Kept: []Kept{{Task: "a", Status: freshet.Success}, {Task: "d", Status: freshet.Success, Offset: 1}},
			Again: []AgainOn{{Task: "h", Earlier: []*freshet.Event{event}, Event: &freshet.Event{Offset: 3, Key: "o", Value: "other", Namespace: "default"}}}},
			map[string]any{"a": map[string]any{"n": int64(1)}}, `
			d: success #1
			h: queued #1`},
		{"what had never run though its condition holds starts", Rerun{Of: 7, Kept: []Kept{{Task: "a", Status: freshet.Success}}},
			map[string]any{"a": map[string]any{"n": int64(1)}}, `
			b: queued
			g: queued
			f: waiting`},
		{"what a newer version lacks is left out", Rerun{Of: 7, Kept: []Kept{{Task: "gone", Status: freshet.Success}}, Again: []AgainOn{{Task: "lost"}}},
			nil, `
			a: queued #1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, parse(t, source))
			w.put(Entry{Kind: StartRun, Body: Body{Outputs: c.outputs, Start: &RunStart{Rerun: &c.rerun}}})
			w.drain()
			if x := w.latest("b"); c.outputs != nil && x != nil && x.Call.Env[1][1] == "old" && x.Call.Env[0][1] != "41" {
				t.Errorf("its environment is %v", x.Call.Env)
			}
			if x := w.latest("h"); x != nil {
				want := [][2]string{{"E", "old"}, {"O", "other"}, {"V", "other"}}
				if diff := cmp.Diff(want, x.Call.Env); diff != "" || x.Offset != 3 || len(x.By) != 2 {
					t.Errorf("started by %d: %v\n%s", x.Offset, x.By, diff)
				}
				if d := w.latest("d"); d.Offset != 1 {
					t.Errorf("what was kept had been started by event %d", d.Offset)
				}
			}
			for line := range strings.Lines(c.script) {
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				if err := w.line(line); err != nil {
					t.Fatalf("%s: %v\n%s", line, err, w.show())
				}
			}
		})
	}
	t.Run("a queued one waits for its place", func(t *testing.T) {
		w := newWorld(t, parse(t, source))
		w.st.Status, w.row.Status = freshet.Queued, freshet.Queued
		w.put(Entry{Kind: StartRun, Body: Body{Start: &RunStart{Rerun: &Rerun{Of: 7, Kept: []Kept{{Task: "a", Status: freshet.Failed}}, Again: []AgainOn{{Task: "c"}}}}}})
		w.drain()
		for _, line := range []string{"c: waiting", "f: waiting", "admit", "c: queued", "f: queued", "b: waiting"} {
			if err := w.line(line); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, w.show())
			}
		}
	})
}
