package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Event gives one event of a namespace.
func (s *Store) Event(ctx context.Context, namespace string, offset int64) (*freshet.Event, error) {
	var found *freshet.Event
	err := s.read(ctx, "read an event", func(c *conn) error {
		ev, err := readEvents(ctx, c, []int64{offset})
		found = ev[offset]
		return err
	})
	if err != nil {
		return nil, err
	}
	if found == nil || namespace != "" && found.Namespace != namespace {
		return nil, freshet.Errorf(freshet.NotFound, "there is no event %d", offset).
			WithHint("`event list` shows the newest events")
	}
	return found, nil
}

// Events lists events. Whatever the filter, a list is the merge of a few
// ranges of an index, each read no further than the page needs.
func (s *Store) Events(ctx context.Context, f store.EventFilter) ([]freshet.Event, error) {
	list := []freshet.Event{}
	err := s.read(ctx, "list events", func(c *conn) error {
		order := "_asc"
		if f.Newest {
			order = "_desc"
		}
		offsets, err := eventRanges(ctx, c, f, order, column[int64])
		if err != nil {
			return err
		}
		slices.Sort(offsets)
		if n := len(offsets); f.Limit > 0 && n > f.Limit {
			if f.Newest {
				offsets = offsets[n-f.Limit:]
			} else {
				offsets = offsets[:f.Limit]
			}
		}
		if len(offsets) == 0 {
			return nil
		}
		found, err := query(ctx, c, scanEvent, "event_rows", encodeIDs(offsets))
		for _, e := range found {
			list = append(list, *e)
		}
		return err
	})
	return list, err
}

// CountEvents counts events by sender, the busiest first.
func (s *Store) CountEvents(ctx context.Context, f store.EventFilter) ([]store.SenderCount, error) {
	sum := map[string]int64{}
	err := s.read(ctx, "count events", func(c *conn) error {
		f.Limit = 0
		counts, err := eventRanges(ctx, c, f, "_count", func(rows *sql.Rows) (n store.SenderCount, err error) {
			err = rows.Scan(&n.Sender, &n.Count)
			return n, err
		})
		for _, n := range counts {
			sum[n.Sender] += n.Count
		}
		return err
	})
	list := []store.SenderCount{}
	for sender, n := range sum {
		list = append(list, store.SenderCount{Sender: sender, Count: n})
	}
	slices.SortFunc(list, func(a, b store.SenderCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Sender, b.Sender))
	})
	return list, err
}

// eventRanges runs one of the event_… statements on each range that the
// filter consists of.
func eventRanges[T any](ctx context.Context, c *conn, f store.EventFilter, form string, scan func(*sql.Rows) (T, error)) ([]T, error) {
	after, before, err := bounds(ctx, c, f)
	if err != nil {
		return nil, err
	}
	var sender any
	if f.HasSender || f.Sender != "" {
		sender = f.Sender
	}
	if f.Run != 0 {
		keys, err := encodeList(f.Keys)
		if err != nil {
			return nil, err
		}
		return query(ctx, c, scan, "event_run"+form, f.Namespace, f.Run, after, before, sender, all(f.Limit), keys)
	}
	namespaces := []string{f.Namespace}
	if f.Namespace == "" {
		if namespaces, err = query(ctx, c, column[string], "event_namespaces"); err != nil {
			return nil, err
		}
	}
	statement, keys := "event_key"+form, slices.Compact(slices.Sorted(slices.Values(f.Keys)))
	if len(keys) == 0 {
		statement, keys = "event_namespace"+form, []string{""}
	}
	var list []T
	for _, namespace := range namespaces {
		for _, key := range keys {
			part, err := query(ctx, c, scan, statement, namespace, key, after, before, sender, all(f.Limit))
			if err != nil {
				return nil, err
			}
			list = append(list, part...)
		}
	}
	return list, nil
}

// bounds are the offsets between which a filter looks, both excluded. Journal
// time never goes backward, so a time is an offset.
func bounds(ctx context.Context, c *conn, f store.EventFilter) (after, before int64, err error) {
	after, before = f.After, f.Before
	if before <= 0 {
		before = math.MaxInt64
	}
	if !f.Since.IsZero() {
		first, err := firstAt(ctx, c, f.Since)
		if err != nil {
			return 0, 0, err
		}
		after = max(after, first-1)
	}
	if !f.Till.IsZero() {
		first, err := firstAt(ctx, c, f.Till)
		if err != nil {
			return 0, 0, err
		}
		before = min(before, first)
	}
	return after, before, nil
}

// firstAt is an offset below which all entries are older than t, and above or
// at which none is.
func firstAt(ctx context.Context, c *conn, t time.Time) (int64, error) {
	last, err := query(ctx, c, column[int64], "journal_last")
	if err != nil {
		return 0, err
	}
	n := sort.Search(int(last[0])+1, func(i int) bool {
		if err != nil {
			return true
		}
		var at []moment
		at, err = query(ctx, c, column[moment], "journal_from", i)
		return len(at) == 0 || !at[0].Before(t)
	})
	return int64(n), err
}

// encodeIDs is what json_each takes apart.
func encodeIDs(ids []int64) string {
	b, err := json.Marshal(ids)
	if err != nil {
		panic(err) // numbers
	}
	return string(b)
}
