package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Journal gives the entries after an offset.
func (s *Store) Journal(ctx context.Context, after int64, limit int) ([]machine.Entry, error) {
	var list []machine.Entry
	err := s.read(ctx, "read the journal", func(c *conn) error {
		stored, err := query(ctx, c, scanEntry, "journal_after", after, all(limit))
		if err == nil {
			list, err = entries(ctx, c, stored)
		}
		return err
	})
	return list, err
}

// Backlog gives the entries that follow what has been decided.
func (s *Store) Backlog(ctx context.Context, after int64, limit int) ([]machine.Entry, error) {
	return s.Journal(ctx, after, limit)
}

// Entry gives one entry.
func (s *Store) Entry(ctx context.Context, offset int64) (*machine.Entry, error) {
	var list []machine.Entry
	err := s.read(ctx, "read an entry", func(c *conn) error {
		stored, err := query(ctx, c, scanEntry, "journal_get", offset)
		if err == nil {
			list, err = entries(ctx, c, stored)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, freshet.Errorf(freshet.NotFound, "the journal has no entry %d", offset)
	}
	return &list[0], nil
}

// all is a limit as SQL takes it; 0 is no limit.
func all(limit int) int {
	if limit <= 0 {
		return -1
	}
	return limit
}

type storedEntry struct {
	machine.Entry
	event int64 // that it refers to
}

func scanEntry(rows *sql.Rows) (storedEntry, error) {
	var e storedEntry
	var at moment
	var key, value, sender sql.NullString
	var id, context, traceparent, body text
	var event sql.NullInt64
	err := rows.Scan(&e.Offset, &e.Namespace, &e.Kind, &at, &e.Run, &e.Depth, &e.Cause,
		&key, &value, &sender, &id, &context, &traceparent, &event, &body)
	if err != nil {
		return e, err
	}
	e.Time, e.event = at.Time, event.Int64
	if key.Valid {
		e.Event = &freshet.Event{Offset: e.Offset, ID: string(id), Namespace: e.Namespace, Key: key.String,
			Value: value.String, Sender: sender.String, Context: string(context), Time: e.Time, RunID: e.Run,
			Traceparent: string(traceparent)}
	}
	e.Body, err = decodeBody(body)
	return e, err
}

// entries joins the events that entries refer to.
func entries(ctx context.Context, c *conn, stored []storedEntry) ([]machine.Entry, error) {
	var offsets []int64
	for i := range stored {
		if at := stored[i].event; at != 0 {
			offsets = append(offsets, at)
		}
	}
	ev, err := readEvents(ctx, c, offsets)
	if err != nil {
		return nil, err
	}
	list := make([]machine.Entry, len(stored))
	for i := range stored {
		list[i] = stored[i].Entry
		if at := stored[i].event; at != 0 {
			list[i].Event = ev[at]
		}
	}
	return list, nil
}

// readEvents finds by their offsets what rows refer to: events, and ends of
// runs, which are events to a `workflow:` condition only.
func readEvents(ctx context.Context, c *conn, offsets []int64) (events, error) {
	if len(offsets) == 0 {
		return nil, nil
	}
	slices.Sort(offsets)
	list, err := query(ctx, c, scanEntry, "event_refs", encodeIDs(slices.Compact(offsets)))
	if err != nil {
		return nil, err
	}
	ev := make(events, len(list))
	for i := range list {
		e := &list[i].Entry
		if e.Kind == machine.RunEnded {
			e.Event = machine.EndEvent(e)
		}
		ev[e.Offset] = e.Event
	}
	return ev, nil
}

func scanEvent(rows *sql.Rows) (*freshet.Event, error) {
	var e freshet.Event
	var at moment
	var id, context, traceparent text
	err := rows.Scan(&e.Offset, &e.Namespace, &at, &e.RunID, &e.Key, &e.Value, &e.Sender, &id, &context, &traceparent)
	e.Time, e.ID, e.Context, e.Traceparent = at.Time, string(id), string(context), string(traceparent)
	return &e, err
}

// Known finds the events that were accepted before. Ids without a text are
// never known.
func (s *Store) Known(ctx context.Context, ids []store.EventID) (map[store.EventID]*freshet.Event, error) {
	var asked []any
	for _, id := range ids {
		if id.ID != "" {
			asked = append(asked, []any{id.Namespace, id.Sender, id.ID})
		}
	}
	known := map[store.EventID]*freshet.Event{}
	if len(asked) == 0 {
		return known, nil
	}
	j, err := appendJSON(nil, asked)
	if err != nil {
		return nil, fmt.Errorf("look for known events: %w", err)
	}
	err = s.read(ctx, "look for known events", func(c *conn) error {
		list, err := query(ctx, c, scanEvent, "event_known", string(j))
		for _, e := range list {
			known[store.EventID{Namespace: e.Namespace, Sender: e.Sender, ID: e.ID}] = e
		}
		return err
	})
	return known, err
}
