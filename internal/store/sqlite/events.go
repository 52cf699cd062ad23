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
	var found []*freshet.Event
	err := s.read(ctx, "read an event", func(c *conn) (err error) {
		found, err = query(ctx, c, scanEvent, "event_rows", encodeIDs([]int64{offset}))
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || namespace != "" && found[0].Namespace != namespace {
		return nil, freshet.Errorf(freshet.NotFound, "there is no event %d", offset).
			WithHint("`event list` shows the newest events")
	}
	return found[0], nil
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
// filter consists of: of a run's events, of a sender's in each namespace, all
// or of each key, of each key there, or of all there.
func eventRanges[T any](ctx context.Context, c *conn, f store.EventFilter, form string, scan func(*sql.Rows) (T, error)) ([]T, error) {
	after, before, err := bounds(ctx, c, f)
	if err != nil {
		return nil, err
	}
	var keys, sender any
	if len(f.Keys) > 0 {
		if keys, err = encodeList(f.Keys); err != nil {
			return nil, err
		}
	}
	if f.HasSender || f.Sender != "" {
		sender = f.Sender
	}
	if f.Run != 0 {
		return query(ctx, c, scan, "event_run"+form, f.Namespace, f.Run, after, before, sender, all(f.Limit), keys)
	}
	namespaces := []string{f.Namespace}
	if f.Namespace == "" {
		if namespaces, err = query(ctx, c, column[string], "event_namespaces"); err != nil {
			return nil, err
		}
	}
	var ranges [][]any // arguments of the statement
	statement := "event_namespace" + form
	for _, namespace := range namespaces {
		switch {
		case f.Sender != "" && len(f.Keys) > 0:
			statement = "event_sender_key" + form
			for _, key := range slices.Compact(slices.Sorted(slices.Values(f.Keys))) {
				ranges = append(ranges, []any{namespace, f.Sender, after, before, key, all(f.Limit)})
			}
		case f.Sender != "":
			statement = "event_sender" + form
			ranges = append(ranges, []any{namespace, f.Sender, after, before, all(f.Limit)})
		case len(f.Keys) > 0:
			statement = "event_key" + form
			for _, key := range slices.Compact(slices.Sorted(slices.Values(f.Keys))) {
				ranges = append(ranges, []any{namespace, key, after, before, sender, all(f.Limit)})
			}
		default:
			ranges = append(ranges, []any{namespace, "", after, before, sender, all(f.Limit)})
		}
	}
	var list []T
	for _, args := range ranges {
		part, err := query(ctx, c, scan, statement, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
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
