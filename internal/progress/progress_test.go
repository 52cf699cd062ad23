package progress

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func TestBoard(t *testing.T) {
	b := New()
	two := 2
	first := freshet.Key{Run: 7, Task: "nb", Item: freshet.NoItem, Seq: 1, Try: 1}
	item := freshet.Key{Run: 7, Task: "each", Item: 2, Seq: 1, Try: 3}
	b.Set(first, freshet.Progress{Done: 1, Total: 4})
	b.Set(first, freshet.Progress{Done: 2, Total: 4, Text: "loading"})
	b.Set(item, freshet.Progress{Done: 9})
	list := []freshet.Execution{
		{RunID: 7, Task: "nb", Seq: 1, Try: 1, Status: freshet.Running},
		{RunID: 7, Task: "nb", Seq: 2, Try: 1, Status: freshet.Running},
		{RunID: 8, Task: "nb", Seq: 1, Try: 1, Status: freshet.Running},
		{RunID: 7, Task: "each", Item: &two, Seq: 1, Try: 3, Status: freshet.Stopping},
		{RunID: 7, Task: "each", Item: &two, Seq: 1, Try: 2, Status: freshet.Failed},
	}
	shown := func() (out []*freshet.Progress) {
		b.Fill(list)
		for i := range list {
			out, list[i].Progress = append(out, list[i].Progress), nil
		}
		return out
	}
	if d := cmp.Diff([]*freshet.Progress{{Done: 2, Total: 4, Text: "loading"}, nil, nil, {Done: 9}, nil}, shown()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	list[0].Status = freshet.Success // its end is known before the board hears of it
	if got := shown(); got[0] != nil {
		t.Errorf("what has ended has come as far as %v", got[0])
	}
	b.Forget([]freshet.Key{first, item})
	if b.Len() != 0 {
		t.Errorf("kept: %v", b.last)
	}
}
