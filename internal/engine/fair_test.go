package engine

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
)

func waiting(run int64, n int) freshet.Key {
	return freshet.Key{Run: run, Task: fmt.Sprint("t", n), Item: freshet.NoItem, Seq: 1, Try: 1}
}

// TestOneRunDoesNotHoldUpAnother: with a hundred executions of one run
// waiting, the first of another starts within slots + 1 starts, wherever the
// hundred have got to.
func TestOneRunDoesNotHoldUpAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 20).Draw(t, "slots")
		f := newFair(slots)
		for i := range 100 {
			f.add(waiting(1, i), false)
		}
		var running []freshet.Key
		start := func() freshet.Key {
			if len(running) == slots {
				i := rapid.IntRange(0, slots-1).Draw(t, "ends")
				f.release(running[i])
				running = append(running[:i], running[i+1:]...)
			}
			k, ok := f.next()
			if !ok {
				t.Fatal("a slot is free, executions wait, and none starts")
			}
			running = append(running, k)
			return k
		}
		for range rapid.IntRange(0, 60).Draw(t, "started before") {
			start()
		}
		f.add(waiting(2, 0), false)
		for i := range slots + 1 {
			if start().Run == 2 {
				return
			}
			_ = i
		}
		t.Fatalf("run 2 did not start within %d starts", slots+1)
	})
}

// TestFairQueue compares with what must hold after any history: nothing
// starts twice or without waiting, slots are never exceeded, and what waits
// starts when there is room.
func TestFairQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 4).Draw(t, "slots")
		f := newFair(slots)
		wait := map[freshet.Key]bool{} // key -> takes no slot
		held := map[freshet.Key]bool{}
		n := 0
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				n++
				k := waiting(rapid.Int64Range(1, 3).Draw(t, "run"), n)
				wait[k] = rapid.Bool().Draw(t, "free")
				f.add(k, wait[k])
				f.add(k, wait[k]) // twice is once
			},
			"remove": func(t *rapid.T) {
				for k := range wait {
					f.remove(k)
					delete(wait, k)
					return
				}
			},
			"release": func(t *rapid.T) {
				for k := range held {
					f.release(k)
					delete(held, k)
					return
				}
			},
			"next": func(t *rapid.T) {
				k, ok := f.next()
				free, waited := wait[k]
				switch {
				case !ok:
					for k, free := range wait {
						if free || len(held) < slots {
							t.Fatalf("%v could start", k)
						}
					}
				case !waited:
					t.Fatalf("%v starts and did not wait", k)
				case !free:
					held[k] = true
				}
				delete(wait, k)
				if len(held) > slots || len(f.used) != len(held) {
					t.Fatalf("%d of %d slots are taken, %d by the queue's count", len(held), slots, len(f.used))
				}
			},
		})
	})
}
