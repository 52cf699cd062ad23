package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

func runPages(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	statuses := []freshet.Status{freshet.Running, freshet.Success, freshet.Failed, freshet.Queued}
	for id := int64(1); id <= 40; id++ {
		r := run(id, []string{"a", "b", "c"}[id%3], []string{"w", "x"}[id%2], nil)
		r.Status = statuses[id%4]
		if r.Status.Final() {
			r = over(r, r.Status)
		}
		b.Runs = append(b.Runs, r)
	}
	s.commit(&b)
	s.crash()
	for _, f := range []store.RunFilter{
		{}, {Limit: 7}, {Namespace: "a"}, {Namespace: "a", Limit: 3}, {Namespace: "a", Workflow: "w", Limit: 2}, {Workflow: "x", Limit: 3},
		{Status: []freshet.Status{freshet.Failed}, Limit: 4}, {Status: []freshet.Status{freshet.Queued, freshet.Running}, Limit: 4},
		{Namespace: "b", Workflow: "x", Status: []freshet.Status{freshet.Success}}, {Since: at(20), Limit: 5}, {Since: at(38)},
		{Namespace: "nowhere"},
	} {
		var want, got []int64
		for id := int64(40); id >= 1; id-- {
			if keeps(f, &b.Runs[id-1]) {
				want = append(want, id)
			}
		}
		for page := f; ; {
			list := must[[]freshet.Run](t)(s.Runs(t.Context(), page))
			for _, r := range list {
				got = append(got, r.ID)
				same(t, "run", r, *must[*freshet.Run](t)(s.Run(t.Context(), r.ID)))
			}
			if f.Limit == 0 || len(list) < f.Limit {
				break
			}
			page.Before = list[len(list)-1].ID
		}
		same(t, fmt.Sprintf("%+v", f), got, want)
	}
}

func eventPages(t *testing.T, open Opener) {
	s := lead(t, open)
	var b store.Batch
	for i := range 60 {
		e := s.event([]string{"a", "b"}[i%2], []string{"k", "l", "m"}[i%3], []string{"", "x"}[i/2%2], int64(i%4))
		b.Entries = append(b.Entries, e)
		s.offset++ // an entry between that is no event
		b.Entries = append(b.Entries, machine.Entry{Offset: s.offset, Namespace: "a", Kind: machine.Settle, Time: at(s.offset), Run: 1})
	}
	s.commit(&b)
	s.crash()
	for _, f := range []store.EventFilter{
		{}, {Limit: 7}, {Namespace: "a"}, {Namespace: "a", Limit: 4}, {Namespace: "b", Keys: []string{"k"}}, {Namespace: "b", Keys: []string{"m", "k"}, Limit: 3},
		{Keys: []string{"l"}, Limit: 5}, {Sender: "x", Limit: 6}, {HasSender: true, Limit: 6}, {Run: 2}, {Run: 3, Namespace: "a"},
		{Run: 3, Keys: []string{"k", "k"}, Limit: 2}, {Since: at(30), Till: at(77), Limit: 3}, {Since: at(1000)}, {Till: at(5)},
		{After: 20, Before: 40, Namespace: "a"}, {Namespace: "nowhere"}, {Sender: "x", Namespace: "b", Keys: []string{"l", "k"}, Limit: 2},
		{Sender: "x", Keys: []string{"m"}, Since: at(20), Till: at(90), After: 30, Limit: 1}, {HasSender: true, Keys: []string{"m"}, Since: at(20), Limit: 2},
		{Sender: "x", Run: 2, Keys: []string{"k", "m"}, Since: at(10), Before: 100, Limit: 2}, {Sender: "nobody"}, {Keys: []string{}, Run: 1},
	} {
		var want []freshet.Event
		count := map[string]int64{}
		for i := range b.Entries {
			if picks(f, &b.Entries[i]) {
				want = append(want, *b.Entries[i].Event)
				count[b.Entries[i].Event.Sender]++
			}
		}
		what := fmt.Sprintf("%+v", f)
		got := []freshet.Event(nil)
		for page := f; ; {
			list := must[[]freshet.Event](t)(s.Events(t.Context(), page))
			got = append(got, list...)
			if f.Limit == 0 || len(list) < f.Limit {
				break
			}
			page.After = list[len(list)-1].Offset
		}
		same(t, what, got, want)

		f.Newest = true
		if n := len(want); f.Limit > 0 && n > f.Limit {
			want = want[n-f.Limit:]
		}
		same(t, "newest "+what, must[[]freshet.Event](t)(s.Events(t.Context(), f)), want)
		counted := map[string]int64{}
		for _, c := range must[[]store.SenderCount](t)(s.CountEvents(t.Context(), f)) {
			counted[c.Sender] = c.Count
		}
		same(t, "count "+what, counted, count)
	}
	one := must[*freshet.Event](t)(s.Event(t.Context(), "a", 1))
	same(t, "event", one, b.Entries[0].Event)
	_, err := s.Event(t.Context(), "b", 1)
	code(t, "an event of another namespace", err, freshet.NotFound)
	_, err = s.Event(t.Context(), "a", 2)
	code(t, "an entry that is no event", err, freshet.NotFound)
}

// Of more executions than are asked for, those come first that are no items,
// and then the items that have changed last.
func items(t *testing.T, open Opener) {
	s := lead(t, open)
	b := store.Batch{Runs: []machine.RunRow{run(1, "default", "w", nil)}, Executions: []*machine.Execution{execution(1, "each", 1, 1, freshet.Running)}}
	b.Executions[0].QueuedAt = at(10)
	for i := range 20 {
		x := execution(1, "each", 1, 1, freshet.Running)
		x.Key.Item, x.QueuedAt, x.StartedAt, x.EndedAt = i, at(10), time.Time{}, time.Time{}
		if i == 3 || i == 5 {
			x.StartedAt = at(int64(20 - i))
		}
		b.Executions = append(b.Executions, x)
	}
	s.commit(&b)
	var got []int
	for _, x := range must[[]freshet.Execution](t)(s.Executions(t.Context(), store.ExecutionFilter{Run: 1, Newest: true, Limit: 4})) {
		item := freshet.NoItem
		if x.Item != nil {
			item = *x.Item
		}
		got = append(got, item)
	}
	same(t, "newest items", got, []int{freshet.NoItem, 3, 5, 19})
}

func executions(t *testing.T, open Opener) {
	s := lead(t, open)
	b := store.Batch{Runs: []machine.RunRow{run(1, "default", "w", nil), run(2, "default", "w", nil)}}
	for seq := 1; seq <= 5; seq++ {
		for try := 1; try <= 2; try++ {
			x := execution(1, "loop", seq, try, freshet.Failed)
			x.ExitCode, x.Held = 1, false
			b.Executions = append(b.Executions, x)
		}
	}
	item := execution(1, "each", 1, 1, freshet.Success)
	item.Key.Item, item.QueuedAt, item.HasExit = 4, at(1000), false
	b.Executions = append(b.Executions, item, execution(2, "loop", 1, 1, freshet.Running))
	s.commit(&b)
	s.crash()
	show := func(f store.ExecutionFilter) (list []string) {
		for _, x := range must[[]freshet.Execution](t)(s.Executions(t.Context(), f)) {
			list = append(list, fmt.Sprintf("%s %d.%d", x.Task, x.Seq, x.Try))
			if (x.Item != nil) != (x.Task == "each") || (x.ExitCode != nil) != (x.Task == "loop" && x.RunID == 1) {
				t.Errorf("item or exit code of %+v", x)
			}
		}
		return list
	}
	same(t, "last tries", show(store.ExecutionFilter{Run: 1}), []string{"loop 1.2", "loop 2.2", "loop 3.2", "loop 4.2", "loop 5.2", "each 1.1"})
	same(t, "newest", show(store.ExecutionFilter{Run: 1, Newest: true, Limit: 2}), []string{"loop 4.2", "loop 5.2"})
	same(t, "newest, with items", show(store.ExecutionFilter{Run: 1, Newest: true, Limit: 6}), []string{"loop 1.2", "loop 2.2", "loop 3.2", "loop 4.2", "loop 5.2", "each 1.1"})
	four, none := 4, freshet.NoItem
	same(t, "one item", show(store.ExecutionFilter{Run: 1, Task: "each", Item: &four}), []string{"each 1.1"})
	same(t, "no item", show(store.ExecutionFilter{Run: 1, Task: "each", Item: &none}), []string(nil))
	same(t, "by status", show(store.ExecutionFilter{Run: 1, Status: []freshet.Status{freshet.Success, freshet.Running}}), []string{"each 1.1"})
	same(t, "oldest", show(store.ExecutionFilter{Run: 1, Limit: 2}), []string{"loop 1.2", "loop 2.2"})
	same(t, "of a task", show(store.ExecutionFilter{Run: 1, Task: "loop", Newest: true, Limit: 3, AllTries: true}), []string{"loop 4.2", "loop 5.1", "loop 5.2"})
	same(t, "of a start", show(store.ExecutionFilter{Run: 1, Task: "loop", Seq: 3, AllTries: true}), []string{"loop 3.1", "loop 3.2"})
	same(t, "of a seq", show(store.ExecutionFilter{Run: 1, Seq: 1}), []string{"loop 1.2", "each 1.1"})
	same(t, "of another run", show(store.ExecutionFilter{Run: 2}), []string{"loop 1.1"})
	same(t, "of none", show(store.ExecutionFilter{Run: 3}), []string(nil))
}
