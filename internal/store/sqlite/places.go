package sqlite

import (
	"context"
	"database/sql"

	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Places lists who has a place of a task, and who waits for one.
func (s *Store) Places(ctx context.Context, f store.PlaceFilter) ([]machine.PlaceRow, error) {
	var list []machine.PlaceRow
	err := s.read(ctx, "list places", func(c *conn) (err error) {
		list, err = query(ctx, c, scanPlace, "place_list", f.Namespace, f.Workflow, f.Task, f.Key, all(f.Limit))
		return err
	})
	return list, err
}

func scanPlace(rows *sql.Rows) (machine.PlaceRow, error) {
	var p machine.PlaceRow
	return p, rows.Scan(&p.Run, &p.Task, &p.Seq, &p.Item, &p.Namespace, &p.Workflow, &p.Key, &p.Ask, &p.Since, &p.Nth, &p.Held)
}

func (w *writer) place(p *machine.PlaceRow) {
	w.exec("place_put", p.Run, p.Task, p.Seq, p.Item, p.Namespace, p.Workflow, p.Key, p.Ask, p.Since, p.Nth, p.Held)
}

func (w *writer) unplace(k *machine.PlaceKey) {
	w.exec("place_delete", k.Run, k.Task, k.Seq, k.Item)
}
