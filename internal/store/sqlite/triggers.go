package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// triggerKinds are all that a trigger can be of.
var triggerKinds = []freshet.TriggerKind{freshet.OnEvent, freshet.OnSchedule, freshet.OnWorkflow, freshet.OnCondition}

// Triggers lists triggers by id, upward or down.
func (s *Store) Triggers(ctx context.Context, f store.TriggerFilter) ([]freshet.Trigger, error) {
	list := []freshet.Trigger{}
	err := s.read(ctx, "list triggers", func(c *conn) error {
		ids, err := triggerIDs(ctx, c, f)
		if err != nil || len(ids) == 0 {
			return err
		}
		found, err := query(ctx, c, scanPublicTrigger, "trigger_rows", encodeIDs(ids))
		list = append(list, found...)
		if f.Before != 0 {
			slices.Reverse(list)
		}
		return err
	})
	return list, err
}

// triggerIDs are those of a page. Each namespace and kind is a range of an
// index, and the page is the top of their merge.
func triggerIDs(ctx context.Context, c *conn, f store.TriggerFilter) ([]int64, error) {
	bounds, order := []any{f.After, all(f.Limit)}, ""
	if f.Before != 0 {
		bounds, order = []any{f.After, f.Before, all(f.Limit)}, "_newest"
	}
	if f.Namespace == "" && f.Workflow == "" && f.Kind == "" {
		return query(ctx, c, column[int64], "trigger_ids"+order, bounds...)
	}
	namespaces := []string{f.Namespace}
	if f.Namespace == "" {
		var err error
		if namespaces, err = query(ctx, c, column[string], "trigger_namespaces"); err != nil {
			return nil, err
		}
	}
	statement, kinds := "trigger_ids_namespace", triggerKinds
	if f.Workflow != "" {
		statement = "trigger_ids_workflow"
	}
	if f.Kind != "" {
		kinds = []freshet.TriggerKind{f.Kind}
	}
	var ids []int64
	for _, namespace := range namespaces {
		for _, kind := range kinds {
			part, err := query(ctx, c, column[int64], statement+order, append([]any{namespace, f.Workflow, string(kind)}, bounds...)...)
			if err != nil {
				return nil, err
			}
			ids = append(ids, part...)
		}
	}
	slices.Sort(ids)
	if f.Before != 0 {
		slices.Reverse(ids)
	}
	if f.Limit > 0 && len(ids) > f.Limit {
		ids = ids[:f.Limit]
	}
	return ids, nil
}

// scanPublicTrigger gives a trigger as the API shows it. What is paused, or of
// a workflow that is disabled, waits for nothing.
func scanPublicTrigger(rows *sql.Rows) (freshet.Trigger, error) {
	var t freshet.Trigger
	var created, due moment
	err := rows.Scan(&t.ID, &t.Namespace, &t.Workflow, &t.Name, &t.Kind, &t.Expression, &t.Timezone, &t.Catchup, &t.Source,
		&t.Entry, &t.Paused, &created, &t.Enabled, &due)
	t.CreatedAt = created.Time
	if t.Enabled && !t.Paused {
		t.NextAt = due.pointer()
	}
	return t, err
}

// Trigger gives one trigger as of one moment.
func (s *Store) Trigger(ctx context.Context, id int64) (*store.TriggerSnapshot, error) {
	var found []store.TriggerSnapshot
	err := s.read(ctx, "read a trigger", func(c *conn) error {
		return c.within(ctx, "look", func() error {
			var err error
			if found, err = query(ctx, c, scanTrigger, "trigger_get", id); err != nil || len(found) == 0 {
				return err
			}
			return recall(ctx, c, found, "trigger", id)
		})
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, freshet.Errorf(freshet.NotFound, "there is no trigger %d", id).
			WithHint("`trigger list` shows those that there are")
	}
	return &found[0], nil
}

// allTriggers reads all triggers. What they remember and wait for are the rows
// of run 0.
func allTriggers(ctx context.Context, c *conn) ([]store.TriggerSnapshot, error) {
	list, err := query(ctx, c, scanTrigger, "trigger_all")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, recall(ctx, c, list, "of", 0)
}

// recall joins to triggers, by id, what they remember and wait for.
func recall(ctx context.Context, c *conn, list []store.TriggerSnapshot, form string, arg int64) error {
	m, err := readMemory(ctx, c, form, arg)
	if err != nil {
		return err
	}
	ev, err := readEvents(ctx, c, m.offsets())
	if err != nil {
		return err
	}
	for i := range list {
		t := &list[i]
		m.next(func(_, rule int64) bool { return rule < t.Row.ID }) // of none that is there
		own := m.next(func(_, rule int64) bool { return rule == t.Row.ID })
		if rules := own.rows(ev); len(rules) > 0 {
			t.State = rules[0].State
		}
		t.Dues, _ = own.dues()
	}
	return nil
}

// scanTrigger scans the row of a trigger.
func scanTrigger(rows *sql.Rows) (store.TriggerSnapshot, error) {
	var snap store.TriggerSnapshot
	t := &snap.Row
	var keys, flows, unfiltered text
	var created, since moment
	err := rows.Scan(&t.ID, &t.Namespace, &t.Workflow, &t.Name, &t.Kind, &t.Expression, &t.Timezone, &t.Catchup, &t.Source,
		&t.Index, &t.Hash, &t.Text, &keys, &flows, &unfiltered, &t.Paused, &created, &since)
	if err != nil {
		return snap, err
	}
	t.CreatedAt, t.Since = created.Time, since.Time
	if t.Events, err = decodeList[string](keys); err != nil {
		return snap, err
	}
	if t.Workflows, err = decodeList[string](flows); err != nil {
		return snap, err
	}
	t.Unfiltered, err = decodeList[string](unfiltered)
	return snap, err
}
