// Package feed tells readers what has been committed: one message for each
// entry of the journal, in order, from wherever a reader wants to begin. It
// reads what is on disk, so a reader that was away misses nothing, and it can
// never write.
package feed

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// Journal is where the feed reads.
type Journal interface {
	Journal(ctx context.Context, after int64, limit int) ([]machine.Entry, error)
}

// Feed wakes its readers when something has been committed. What was
// committed lately it keeps in memory, so that readers who keep up cost no
// query each.
type Feed struct {
	journal Journal
	readers atomic.Int64

	mu     sync.Mutex
	last   int64
	wake   chan struct{}   // closed and replaced when last grows
	recent []machine.Entry // every entry above floor, in order
	floor  int64
	bytes  int // of the values in recent
}

// What is kept in memory at most.
const (
	recentEntries = 4096
	recentBytes   = 4 << 20
)

// New makes a feed of a journal.
func New(j Journal) *Feed { return &Feed{journal: j, wake: make(chan struct{})} }

// Publish says that the journal has been committed up to an offset, and with
// which entries. Without entries it says where the journal stands: at the
// start, and when it is not known any more what was committed; readers that
// have not come so far find it on disk.
func (f *Feed) Publish(last int64, entries []machine.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(entries) == 0 {
		f.recent, f.bytes, f.floor = nil, 0, max(last, f.last)
	} else if last <= f.last {
		return
	}
	f.last = max(last, f.last)
	f.recent = append(f.recent, entries...)
	for i := range entries {
		f.bytes += size(&entries[i])
	}
	for len(f.recent) > recentEntries || f.bytes > recentBytes && len(f.recent) > 0 {
		f.forget(max(1, len(f.recent)/2))
	}
	close(f.wake)
	f.wake = make(chan struct{})
}

// forget drops the oldest entries from memory.
func (f *Feed) forget(n int) {
	for i := range f.recent[:n] {
		f.bytes -= size(&f.recent[i])
	}
	f.floor = f.recent[n-1].Offset
	f.recent = slices.Clone(f.recent[n:])
}

func size(e *machine.Entry) int {
	if e.Event == nil {
		return 0
	}
	return len(e.Event.Value) + len(e.Event.Context)
}

// after gives entries after an offset: from memory, or from disk for readers
// who are far behind. More tells whether there may be more of them already,
// and wake is closed when there is.
func (f *Feed) after(ctx context.Context, offset int64) (entries []machine.Entry, more bool, wake chan struct{}, err error) {
	f.mu.Lock()
	wake = f.wake
	if offset >= f.floor && f.last > 0 {
		i, _ := slices.BinarySearchFunc(f.recent, offset+1, func(e machine.Entry, o int64) int { return cmp.Compare(e.Offset, o) })
		entries = f.recent[i:len(f.recent):len(f.recent)] // never changed in place
		f.mu.Unlock()
		return entries, false, wake, nil
	}
	f.mu.Unlock()
	if entries, err = f.journal.Journal(ctx, offset, page); err != nil {
		return nil, false, nil, fmt.Errorf("read the journal: %w", err)
	}
	return entries, len(entries) == page, wake, nil
}

// Filter selects messages; an empty field selects all.
type Filter struct {
	Namespace string
	Run       int64    // entries about the run, and events that every run hears
	Kinds     []string // event, started, …
	Keys      []string // of events
}

func (f Filter) match(e *machine.Entry) bool {
	if f.Namespace != "" && e.Namespace != f.Namespace {
		return false
	}
	if f.Run != 0 && e.Run != f.Run && (e.Run != 0 || e.Kind != machine.EventHappened) {
		return false
	}
	if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, string(e.Kind)) {
		return false
	}
	return len(f.Keys) == 0 || e.Event != nil && slices.Contains(f.Keys, e.Event.Key)
}

// page is how many entries are read at once.
const page = 500

// Follow calls yield with each message after an offset that the filter
// selects, and goes on with those to come, until ctx ends or yield returns an
// error, which it returns. Now and then it calls looked, which may be nil, with
// the offset up to which there is no more to yield.
func (f *Feed) Follow(ctx context.Context, after int64, filter Filter, yield func(freshet.Message) error, looked func(offset int64)) error {
	f.readers.Add(1)
	defer f.readers.Add(-1)
	for {
		entries, more, wake, err := f.after(ctx, after)
		if err != nil {
			return err
		}
		for i := range entries {
			after = entries[i].Offset
			if !filter.match(&entries[i]) {
				continue
			}
			if err := yield(message(&entries[i])); err != nil {
				return err
			}
		}
		if looked != nil {
			looked(after)
		}
		if more {
			continue
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Subscribers are those who follow at the moment.
func (f *Feed) Subscribers() int64 { return f.readers.Load() }

// Last is the newest offset that has been published.
func (f *Feed) Last() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func message(e *machine.Entry) freshet.Message {
	m := freshet.Message{Cursor: Cursor(e.Offset), Offset: e.Offset, Namespace: e.Namespace, Kind: string(e.Kind),
		Time: e.Time, RunID: e.Run, Event: e.Event, Task: e.Body.Task, Status: e.Body.Status, Workflow: e.Body.Workflow}
	switch b := e.Body; {
	case b.Process != nil:
		m.Task, m.Seq, m.Try = b.Process.Task, b.Process.Seq, b.Process.Try
	case b.Timer != nil:
		m.Task, m.Seq, m.Try = b.Timer.Key.Task, b.Timer.Key.Seq, b.Timer.Key.Try
	case b.Start != nil:
		m.Workflow = b.Start.Workflow
	}
	return m
}

// Cursor is an offset as readers hold it: opaque, so that it may come to say
// more.
func Cursor(offset int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("1:" + strconv.FormatInt(offset, 10)))
}

// ParseCursor reads a cursor back.
func ParseCursor(cursor string) (int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	text, found := strings.CutPrefix(string(raw), "1:")
	offset, bad := strconv.ParseInt(text, 10, 64)
	if err != nil || !found || bad != nil || offset < 0 {
		return 0, freshet.Errorf(freshet.Invalid, "%q is no cursor of this server", cursor).
			WithHint("begin again without a cursor")
	}
	return offset, nil
}
