package engine

import (
	"container/heap"

	"github.com/freshet/freshet"
)

// fair is the queue for slots: start-time fair between runs. Each waiting
// execution has a start tag, the later of the queue's virtual time and its
// run's last tag plus one; the smallest tag goes first. A run that queues a
// hundred executions holds up another run's first one by one start only.
type fair struct {
	slots   int
	used    map[freshet.Key]bool
	free    []freshet.Key // long running: take no slot
	waiting map[freshet.Key]bool
	heap    tags
	last    map[int64]float64 // run -> tag of its newest
	count   map[int64]int     // run -> how many wait
	now     float64
	order   int64
}

type tag struct {
	start float64
	order int64
	key   freshet.Key
}

type tags []tag

func (t tags) Len() int { return len(t) }
func (t tags) Less(i, j int) bool {
	if t[i].start != t[j].start {
		return t[i].start < t[j].start
	}
	return t[i].order < t[j].order
}
func (t tags) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *tags) Push(x any)   { *t = append(*t, x.(tag)) }
func (t *tags) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}

func newFair(slots int) *fair {
	return &fair{slots: slots, used: map[freshet.Key]bool{}, waiting: map[freshet.Key]bool{},
		last: map[int64]float64{}, count: map[int64]int{}}
}

// add lets an execution wait; free ones take no slot.
func (f *fair) add(k freshet.Key, free bool) {
	if f.waiting[k] {
		return
	}
	f.waiting[k] = true
	if free {
		f.free = append(f.free, k)
		return
	}
	start := f.now
	if last, ok := f.last[k.Run]; ok && last+1 > start {
		start = last + 1
	}
	f.last[k.Run] = start
	f.count[k.Run]++
	f.order++
	heap.Push(&f.heap, tag{start, f.order, k})
}

// remove forgets an execution that waits no longer; it is skipped when its
// turn comes.
func (f *fair) remove(k freshet.Key) { delete(f.waiting, k) }

// next takes the execution that may start now.
func (f *fair) next() (freshet.Key, bool) {
	for len(f.free) > 0 {
		k := f.free[0]
		f.free = f.free[1:]
		if f.waiting[k] {
			delete(f.waiting, k)
			return k, true
		}
	}
	for len(f.used) < f.slots && len(f.heap) > 0 {
		t := heap.Pop(&f.heap).(tag)
		if f.count[t.key.Run]--; f.count[t.key.Run] == 0 {
			delete(f.count, t.key.Run)
			delete(f.last, t.key.Run)
		}
		if !f.waiting[t.key] {
			continue
		}
		delete(f.waiting, t.key)
		f.now = t.start
		f.used[t.key] = true
		return t.key, true
	}
	return freshet.Key{}, false
}

// hold takes a slot for what runs already.
func (f *fair) hold(k freshet.Key) { f.used[k] = true }

// release gives a slot back.
func (f *fair) release(k freshet.Key) { delete(f.used, k) }
