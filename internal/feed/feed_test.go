package feed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/machine"
)

// journal is a list of entries that were committed.
type journal struct {
	mu      sync.Mutex
	entries []machine.Entry
	reads   int
}

func (j *journal) commit(entries ...machine.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(slices.Clone(j.entries), entries...)
}

func (j *journal) Journal(_ context.Context, after int64, limit int) ([]machine.Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reads++
	i := slices.IndexFunc(j.entries, func(e machine.Entry) bool { return e.Offset > after })
	if i < 0 {
		return nil, nil
	}
	return j.entries[i:min(len(j.entries), i+limit)], nil
}

func event(offset int64, key string, bytes int) machine.Entry {
	return machine.Entry{Offset: offset, Namespace: "default", Kind: machine.EventHappened,
		Event: &freshet.Event{Offset: offset, Key: key, Value: string(make([]byte, bytes))}}
}

var errEnough = errors.New("enough")

// collect follows a feed until it has seen n messages.
func collect(f *feed.Feed, after int64, n int, got *[]int64) error {
	if n == 0 {
		return errEnough
	}
	return f.Follow(context.Background(), after, feed.Filter{}, func(m freshet.Message) error {
		if *got = append(*got, m.Offset); len(*got) == n {
			return errEnough
		}
		return nil
	}, nil)
}

// TestNothingMissedNothingTwice lets readers begin anywhere, before and while
// entries are committed in batches of any size, with gaps between offsets and
// with values so large that memory forgets.
func TestNothingMissedNothingTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			j := &journal{}
			offset := int64(0)
			next := func() machine.Entry {
				offset += rapid.Int64Range(1, 3).Draw(rt, "step")
				return event(offset, "k", rapid.SampledFrom([]int{0, 10, 1 << 20}).Draw(rt, "size"))
			}
			for range rapid.IntRange(0, 20).Draw(rt, "before") {
				j.entries = append(j.entries, next())
			}
			f := feed.New(j)
			f.Publish(offset, nil)
			batches := make([][]machine.Entry, rapid.IntRange(1, 8).Draw(rt, "batches"))
			for i := range batches {
				for range rapid.IntRange(1, 12).Draw(rt, "batch") {
					batches[i] = append(batches[i], next())
				}
			}
			all := slices.Clone(j.entries)
			for _, b := range batches {
				all = append(all, b...)
			}
			type reader struct {
				want, got []int64
				err       error
			}
			readers := make([]*reader, 4)
			for i := range readers {
				after := rapid.Int64Range(0, offset).Draw(rt, "after")
				r := &reader{}
				for _, e := range all {
					if e.Offset > after {
						r.want = append(r.want, e.Offset)
					}
				}
				readers[i] = r
				go func() { r.err = collect(f, after, len(r.want), &r.got) }()
			}
			for _, b := range batches {
				if rapid.Bool().Draw(rt, "wait") {
					synctest.Wait()
				}
				j.commit(b...)
				f.Publish(b[len(b)-1].Offset, b)
			}
			synctest.Wait()
			for i, r := range readers {
				if r.err != errEnough || !slices.Equal(r.got, r.want) {
					rt.Errorf("reader %d: %v\n got %v\nwant %v", i, r.err, r.got, r.want)
				}
			}
		})
	})
}

func TestReadersThatKeepUpCostNoQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		f := feed.New(j)
		first := event(1, "k", 0)
		j.entries = append(j.entries, first)
		f.Publish(1, []machine.Entry{first})
		for range 50 {
			var got []int64
			go collect(f, 1, 100, &got)
		}
		synctest.Wait()
		before := j.reads
		for o := int64(2); o <= 101; o++ {
			e := event(o, "k", 0)
			j.commit(e)
			f.Publish(o, []machine.Entry{e})
			synctest.Wait()
		}
		if j.reads != before {
			t.Errorf("%d queries for readers that were up to date", j.reads-before)
		}
	})
}

// TestCommitThatNobodyToldOf: what a failed commit left on disk all the same
// is told once the feed hears where the journal stands.
func TestCommitThatNobodyToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		f := feed.New(j)
		commit := func(offset int64, told bool) {
			e := event(offset, "k", 0)
			j.commit(e)
			if told {
				f.Publish(offset, []machine.Entry{e})
			}
		}
		commit(1, true)
		var got []int64
		done := make(chan error, 1)
		go func() { done <- collect(f, 0, 4, &got) }()
		synctest.Wait()
		commit(2, false)
		commit(3, false)
		f.Publish(3, nil)
		synctest.Wait()
		commit(4, true)
		if err := <-done; err != errEnough || !slices.Equal(got, []int64{1, 2, 3, 4}) {
			t.Errorf("the reader has %v, %v", got, err)
		}
	})
}

func TestFilter(t *testing.T) {
	entries := []machine.Entry{
		event(1, "a", 0),
		{Offset: 2, Namespace: "default", Kind: machine.Started, Run: 7, Body: machine.Body{Process: &machine.Process{Task: "t", Seq: 1, Try: 1}}},
		{Offset: 3, Namespace: "other", Kind: machine.EventHappened, Event: &freshet.Event{Key: "a"}},
		{Offset: 4, Namespace: "default", Kind: machine.RunEnded, Run: 8, Body: machine.Body{Status: freshet.Success}},
		event(5, "b", 0),
	}
	for name, c := range map[string]struct {
		filter feed.Filter
		want   string
	}{
		"all":       {feed.Filter{}, "[1 2 3 4 5]"},
		"namespace": {feed.Filter{Namespace: "default"}, "[1 2 4 5]"},
		"run":       {feed.Filter{Namespace: "default", Run: 7}, "[1 2 5]"},
		"kind":      {feed.Filter{Kinds: []string{"run_ended"}}, "[4]"},
		"key":       {feed.Filter{Keys: []string{"b"}}, "[5]"},
	} {
		t.Run(name, func(t *testing.T) {
			f := feed.New(&journal{entries: entries})
			ctx, cancel := context.WithCancel(t.Context())
			var got []int64
			f.Publish(5, nil)
			err := f.Follow(ctx, 0, c.filter, func(m freshet.Message) error {
				if got = append(got, m.Offset); fmt.Sprint(got) == c.want {
					cancel()
				}
				return nil
			}, nil)
			if !errors.Is(err, context.Canceled) || fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s (%v)", got, c.want, err)
			}
		})
	}
}

func TestCursors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := rapid.Int64Min(0).Draw(t, "offset")
		if back, err := feed.ParseCursor(feed.Cursor(o)); err != nil || back != o {
			t.Fatalf("%d came back as %d, %v", o, back, err)
		}
	})
	for _, bad := range []string{"", "x", "17", "MTo", feed.Cursor(-1)} {
		if _, err := feed.ParseCursor(bad); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%q is taken for a cursor", bad)
		}
	}
}
