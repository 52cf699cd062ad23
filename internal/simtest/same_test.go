package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// airflow#56750: what happens depends on the load. For random workflows with
// `ends: never` whose only rules are `start` on events with `busy: queue`, and
// whose `if` look at nothing but the event and the parameters: the same events
// sent from outside, slowly or a hundred times as fast, with one slot or a
// hundred, give the same executions, and each event has exactly one outcome
// per target.
func TestSameEventsGiveTheSameExecutions(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 11))
			source, events := plainWorkflow(rng), plainEvents(rng)
			var want []string
			for _, pace := range []time.Duration{time.Second, 10 * time.Millisecond} {
				for _, slots := range []int{1, 100} {
					got := replay(t, source, events, pace, slots, rand.New(rand.NewPCG(seed, 12)))
					if want == nil {
						want = got
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("an event each %v, %d slots (-first +now):\n%s%s", pace, slots, diff, source)
					}
				}
			}
			if len(want) < 10 {
				t.Errorf("only %d executions of %s", len(want), source)
			}
		})
	}
}

// plainWorkflow is what is promised to mean the same under any load, and one
// that its events start.
func plainWorkflow(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString("name: plain\nends: never\nparameters: {n: {type: integer, default: 2}}\ntasks:\n")
	rule := func() string {
		filter := []string{"", ", if: event.data > params.n", ", if: event.data <= 1 || event.sender == 's1'", ", if: event.data.kind == 'a'", ", if: params.n == 3", ", if: size(event.value) > 1"}
		return fmt.Sprintf("{event: %c%s, busy: queue}", 'e'+rune(rng.IntN(3)), filter[rng.IntN(len(filter))])
	}
	for i := range 2 + rng.IntN(3) {
		rules := []string{rule()}
		for range rng.IntN(3) {
			rules = append(rules, rule())
		}
		fmt.Fprintf(&b, "  %c: {bash: \"true\", start: [%s]}\n", 'a'+rune(i), strings.Join(rules, ", "))
	}
	b.WriteString("---\nname: started\non: [{event: e}, {event: f, if: event.data > 0}]\ntasks: {a: {bash: \"true\"}}")
	return b.String()
}

func plainEvents(rng *rand.Rand) []freshet.EventRequest {
	var list []freshet.EventRequest
	for i := range 40 {
		value := []string{"0", "1", "2", "3", "4", `{"kind": "a"}`, `{"kind": 1}`, "no JSON", ""}[rng.IntN(9)]
		list = append(list, freshet.EventRequest{ID: fmt.Sprint("id", i), Key: string(rune('e' + rng.IntN(4))), Value: value, Sender: fmt.Sprint("s", rng.IntN(3))})
	}
	return list
}

// replay plays the events at a pace, with processes that take their time, and
// lists all executions with what started them.
func replay(t *testing.T, source string, events []freshet.EventRequest, pace time.Duration, slots int, rng *rand.Rand) []string {
	var list []string
	inWorld(t, slots, source, func(t *testing.T, w *World) {
		for _, n := range []string{"2", "3"} {
			must[int64](t)(w.Start("plain", "", map[string]string{"n": n}))
		}
		h := &history{t: t, w: w, events: map[string]freshet.EventResult{}, values: map[string]string{}}
		for _, r := range events {
			h.acknowledged(r, must[freshet.EventResult](t)(w.Send(r)))
			time.Sleep(pace)
			if living := w.Room.Living(); len(living) > 0 && rng.IntN(3) == 0 {
				sortKeys(living)
				w.Room.End(living[0].Run, living[0].Task, executor.Report{ExitCode: rng.IntN(2)})
			}
		}
		for w.Settle(); exitAll(w); {
			w.Settle()
		}
		list = startedBy(t, w)
		a := must[*audit](t)(newAudit(w))
		a.events(h.events, h.values)
		a.triggers()
		for _, f := range a.faults {
			t.Error(f)
		}
	})
	return list
}

// startedBy lists the executions of all runs: task, seq, and the id of the
// event that started it. Runs that a trigger started are named by its id and
// their event's.
func startedBy(t *testing.T, w *World) []string {
	ids := map[int64]string{}
	for _, e := range must[[]machine.Entry](t)(w.Journal()) {
		if e.Kind == machine.EventHappened {
			ids[e.Offset] = e.Event.ID
		}
	}
	var list []string
	for _, r := range must[[]freshet.Run](t)(w.Runs()) {
		name := fmt.Sprintf("%s %v", r.Workflow, r.Parameters)
		if r.EventOffset != 0 {
			row := must[*store.RunSnapshot](t)(w.Disk.LoadRun(context.Background(), r.ID)).Row
			name = fmt.Sprintf("%s by %d on %s", r.Workflow, row.Trigger, ids[r.EventOffset])
		}
		for _, x := range must[[]freshet.Execution](t)(w.Executions(r.ID)) {
			list = append(list, fmt.Sprintf("%s: %s #%d by %s", name, x.Task, x.Seq, ids[x.EventOffset]))
		}
	}
	slices.Sort(list)
	return list
}
