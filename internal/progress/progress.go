// Package progress knows how far the attempts that run have come: the last
// value of each, in memory. It is no part of the journal and decides nothing;
// a server that starts again hears of it with the next value.
package progress

import (
	"sync"

	"github.com/freshet/freshet"
)

// Board holds the last value of each attempt.
type Board struct {
	mu   sync.Mutex
	last map[freshet.Key]freshet.Progress
}

// New makes an empty board.
func New() *Board { return &Board{last: map[freshet.Key]freshet.Progress{}} }

// Set replaces the value of an attempt that runs.
func (b *Board) Set(k freshet.Key, p freshet.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last[k] = p
}

// Forget drops the values of attempts that have ended.
func (b *Board) Forget(keys []freshet.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		delete(b.last, k)
	}
}

// Len counts the attempts whose values it holds.
func (b *Board) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.last)
}

// Fill gives those executions their progress that run and have told it.
func (b *Board) Fill(list []freshet.Execution) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.last) == 0 {
		return
	}
	for i := range list {
		x := &list[i]
		if x.Status != freshet.Running && x.Status != freshet.Stopping {
			continue
		}
		k := freshet.Key{Run: x.RunID, Task: x.Task, Item: freshet.NoItem, Seq: x.Seq, Try: x.Try}
		if x.Item != nil {
			k.Item = *x.Item
		}
		if p, ok := b.last[k]; ok {
			x.Progress = &p
		}
	}
}
