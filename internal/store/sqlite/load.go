package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Load takes the shard over and gives what is alive in it, as of one moment.
// It costs what is alive, whatever has ended before.
func (s *Store) Load(ctx context.Context) (*store.Snapshot, error) {
	if err := s.there(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writer.open(ctx); err != nil {
		return nil, fault("load", err)
	}
	var snap *store.Snapshot
	err := s.writer.within(ctx, "begin", func() error {
		if _, err := s.writer.exec(ctx, "shard_lead"); err != nil {
			return err
		}
		var err error
		snap, err = load(ctx, s.writer)
		return err
	})
	return snap, fault("load", err)
}

func load(ctx context.Context, c *conn) (*store.Snapshot, error) {
	heads, err := query(ctx, c, scanShard, "shard_get")
	if err != nil {
		return nil, err
	}
	if len(heads) != 1 {
		return nil, fmt.Errorf("the shard has %d rows", len(heads))
	}
	snap := &heads[0]
	if snap.Workflows, err = query(ctx, c, scanWorkflow, "workflow_all"); err != nil {
		return nil, err
	}
	if snap.Spaces, err = query(ctx, c, scanSpace, "namespace_all"); err != nil {
		return nil, err
	}
	if snap.Triggers, err = allTriggers(ctx, c); err != nil {
		return nil, err
	}
	if snap.Places, err = query(ctx, c, scanPlace, "place_all"); err != nil {
		return nil, err
	}
	var l loaded
	if err = l.alive(ctx, c); err == nil {
		snap.Runs, err = l.snapshots(ctx, c)
	}
	return snap, err
}

// LoadRun gives one run as of one moment.
func (s *Store) LoadRun(ctx context.Context, id int64) (*store.RunSnapshot, error) {
	return s.loadRun(ctx, "load run", id, func(c *conn) ([]storedExecution, error) {
		return query(ctx, c, scanExecution, "execution_held", id)
	})
}

func (s *Store) loadRun(ctx context.Context, what string, id int64, executions func(c *conn) ([]storedExecution, error)) (*store.RunSnapshot, error) {
	var found []store.RunSnapshot
	err := s.read(ctx, what, func(c *conn) error {
		return c.within(ctx, "look", func() error {
			var l loaded
			err := l.one(ctx, c, id, executions)
			if err == nil {
				found, err = l.snapshots(ctx, c)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noRun(id)
	}
	return &found[0], nil
}

func noRun(id int64) error {
	return freshet.Errorf(freshet.NotFound, "there is no run %d", id).
		WithHint("`run list` shows the newest runs; one that has ended is kept for a time only, see `retention`")
}

// loaded is what has been read of some runs, ordered by run, with their
// events still as offsets.
type loaded struct {
	runs       []storedRun
	executions []storedExecution
	waits      []storedWait
	memory     memory
}

func (l *loaded) alive(ctx context.Context, c *conn) (err error) {
	if l.runs, err = query(ctx, c, scanRun, "run_alive"); err != nil {
		return err
	}
	if l.executions, err = query(ctx, c, scanExecution, "execution_alive"); err != nil {
		return err
	}
	if l.waits, err = query(ctx, c, scanWait, "wait_alive"); err != nil {
		return err
	}
	l.memory, err = readMemory(ctx, c, "alive")
	return err
}

func (l *loaded) one(ctx context.Context, c *conn, run int64, executions func(c *conn) ([]storedExecution, error)) (err error) {
	if l.runs, err = query(ctx, c, scanRun, "run_get", run); err != nil || len(l.runs) == 0 {
		return err
	}
	if l.executions, err = executions(c); err != nil {
		return err
	}
	if l.waits, err = query(ctx, c, scanWait, "wait_of", run); err != nil {
		return err
	}
	l.memory, err = readMemory(ctx, c, "of", run)
	return err
}

// snapshots joins the rows to their runs, and the events to the rows.
func (l *loaded) snapshots(ctx context.Context, c *conn) ([]store.RunSnapshot, error) {
	ev, err := readEvents(ctx, c, l.offsets())
	if err != nil {
		return nil, err
	}
	snaps := make([]store.RunSnapshot, len(l.runs))
	for i := range l.runs {
		snaps[i] = store.RunSnapshot{Row: l.runs[i].row(ev)}
		id := snaps[i].Row.ID
		var held []storedExecution
		held, l.executions = cut(l.executions, func(x *storedExecution) bool { return x.Key.Run == id })
		for j := range held {
			snaps[i].Held = append(snaps[i].Held, held[j].row(ev))
		}
		var waits []storedWait
		waits, l.waits = cut(l.waits, func(w *storedWait) bool { return w.Run == id })
		for j := range waits {
			snaps[i].Waits = append(snaps[i].Waits, waits[j].row(ev))
		}
		m := l.memory.next(func(run, _ int64) bool { return run == id })
		snaps[i].Rules = m.rows(ev)
		snaps[i].Dues, snaps[i].Later = m.dues()
	}
	return snaps, nil
}

// cut splits a list after the elements at its front that belong.
func cut[T any](list []T, belongs func(*T) bool) (front, rest []T) {
	n := 0
	for n < len(list) && belongs(&list[n]) {
		n++
	}
	return list[:n], list[n:]
}

// offsets are those of all events that the rows refer to.
func (l *loaded) offsets() []int64 {
	var list []int64
	for i := range l.runs {
		if at := l.runs[i].event; at != 0 {
			list = append(list, at)
		}
	}
	for i := range l.executions {
		list = append(list, l.executions[i].by...)
	}
	for i := range l.waits {
		list = append(list, l.waits[i].by...)
	}
	return append(list, l.memory.offsets()...)
}

func scanShard(rows *sql.Rows) (store.Snapshot, error) {
	var snap store.Snapshot
	var more text
	var at, due moment
	c := &snap.Cursor
	err := rows.Scan(&snap.Leader, &c.Offset, &c.Target, &c.Run, &more, &c.NextRun, &c.NextTrigger, &at, &snap.Last, &due)
	if err != nil {
		return snap, err
	}
	c.Time, snap.NextDue = at.Time, due.Time
	if more != "" {
		c.More = &machine.Continuation{}
		err = json.Unmarshal([]byte(more), c.More)
	}
	return snap, err
}

// Due gives the timers whose time has come.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]store.TimerRow, time.Time, error) {
	var list []store.TimerRow
	err := s.read(ctx, "read timers", func(c *conn) (err error) {
		list, err = query(ctx, c, scanTimer, "timer_due", max(limit, 0)+1)
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	due, rest := cut(list, func(t *store.TimerRow) bool { return !t.Due.After(now) })
	if len(due) > limit {
		due, rest = due[:limit], due[limit:]
	}
	if len(rest) == 0 {
		return due, time.Time{}, nil
	}
	return due, rest[0].Due, nil
}

func scanTimer(rows *sql.Rows) (store.TimerRow, error) {
	var t store.TimerRow
	var due moment
	k := &t.Key
	err := rows.Scan(&t.Namespace, &t.Kind, &k.Run, &t.Rule, &t.Node, &k.Task, &k.Item, &k.Seq, &k.Try, &due)
	t.Due = due.Time
	return t, err
}
