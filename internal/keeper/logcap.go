package keeper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/freshet/freshet/internal/logkey"
)

// DefaultLogLimit is how much of a log is kept where a Start does not say.
const DefaultLogLimit = 256 << 20

// Intervals between two looks at the logs: as long as one grows fast, and
// once none does.
const (
	shortLook = 250 * time.Millisecond
	longLook  = time.Second
)

// watchLogs holds the logs of what is alive to their limits. It sleeps while
// nothing is alive.
func (k *Keeper) watchLogs() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := shortLook
	sizes := map[*attempt]int64{}
	for {
		k.mu.Lock()
		live := make([]*attempt, 0, len(k.byPID))
		for _, a := range k.byPID {
			live = append(live, a)
		}
		k.mu.Unlock()
		var due <-chan time.Time
		first := k.grown
		if len(live) > 0 {
			pause = min(2*pause, longLook)
			if k.look(live, sizes) {
				pause = shortLook
			}
			timer.Reset(pause)
			due, first = timer.C, nil
		} else {
			clear(sizes)
		}
		select {
		case <-due:
		case <-first:
			pause = shortLook
		case <-k.done:
			return
		}
	}
}

// look trims what is too long and tells whether any log grows fast.
func (k *Keeper) look(live []*attempt, sizes map[*attempt]int64) (fast bool) {
	now := make(map[*attempt]int64, len(live))
	for _, a := range live {
		now[a] = k.trim(a)
		if now[a]-sizes[a] > a.logLimit/16 {
			fast = true
		}
	}
	clear(sizes)
	for a, n := range now {
		sizes[a] = n
	}
	return fast
}

// trim holds one log to its limit and returns its size.
func (k *Keeper) trim(a *attempt) int64 {
	st, err := os.Stat(a.Log)
	if err != nil {
		return 0
	}
	if st.Size() <= a.logLimit {
		return st.Size()
	}
	k.trimming.Lock()
	defer k.trimming.Unlock()
	size, err := cutMiddle(a.Log, a.logLimit, &a.removed)
	if err != nil {
		k.log.Warn("cannot cut a log", logkey.Log, a.Log, logkey.Error, err)
	}
	return size
}

// cutMiddle keeps the first half of limit and the newest quarter, with a line
// between them that says how much is gone, removed before included. The
// writer appends to the same file and goes on; what it writes in the
// microseconds between the last look at the size and the cut belongs to what
// is removed.
func cutMiddle(path string, limit int64, removed *int64) (int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size <= limit {
		return size, err
	}
	head, tail := limit/2, limit/4
	mark := func(n int64) []byte {
		return fmt.Appendf(nil, "\n[freshet: %d bytes removed from the middle of this log]\n", n)
	}
	from := size - tail
	gap := from - head
	line := mark(*removed + gap)
	if gap < int64(len(line))+64 {
		return size, nil // a tiny limit: nothing to win yet
	}
	old := int64(0)
	if *removed > 0 { // the line of the time before is in the gap
		old = int64(len(mark(*removed)))
	}
	line = mark(*removed + gap - old)
	if _, err := f.WriteAt(line, head); err != nil {
		return size, err
	}
	to := head + int64(len(line))
	buf := make([]byte, 256<<10)
	for {
		n, err := f.ReadAt(buf, from)
		if n > 0 {
			if _, err := f.WriteAt(buf[:n], to); err != nil {
				return size, err
			}
			from, to = from+int64(n), to+int64(n)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return size, err
		}
	}
	*removed += gap - old
	return to, f.Truncate(to)
}
