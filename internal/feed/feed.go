// Package feed tells readers what has been committed: one message for each
// entry of the journal, in order, from wherever a reader wants to begin. It
// reads what is on disk, so a reader that was away misses nothing, and it can
// never write.
package feed

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// Journal is where the feed reads.
type Journal interface {
	Journal(ctx context.Context, after int64, limit int) ([]machine.Entry, error)
}

// Feed wakes its readers when something has been committed.
type Feed struct {
	journal Journal

	mu   sync.Mutex
	last int64
	wake chan struct{} // closed and replaced when last grows
}

// New makes a feed of a journal.
func New(j Journal) *Feed { return &Feed{journal: j, wake: make(chan struct{})} }

// Publish says that the journal has been committed up to an offset.
func (f *Feed) Publish(last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last > f.last {
		f.last = last
		close(f.wake)
		f.wake = make(chan struct{})
	}
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
// error, which it returns.
func (f *Feed) Follow(ctx context.Context, after int64, filter Filter, yield func(freshet.Message) error) error {
	for {
		f.mu.Lock()
		wake := f.wake
		f.mu.Unlock()
		entries, err := f.journal.Journal(ctx, after, page)
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
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
		if len(entries) == page {
			continue
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

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
