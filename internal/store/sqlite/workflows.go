package sqlite

import (
	"context"
	"database/sql"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Workflows lists workflows as they stand now, the newest first.
func (s *Store) Workflows(ctx context.Context, f store.WorkflowFilter) ([]freshet.Workflow, error) {
	list := []freshet.Workflow{}
	err := s.read(ctx, "list workflows", func(c *conn) error {
		found, err := query(ctx, c, scanWorkflow, "workflow_list", f.Namespace, f.Name, all(f.Limit))
		for _, w := range found {
			list = append(list, freshet.Workflow{Namespace: w.Namespace, Name: w.Name, Version: w.Version,
				Description: w.Description, Enabled: w.Enabled, Tasks: w.Tasks, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt})
		}
		return err
	})
	return list, err
}

func scanWorkflow(rows *sql.Rows) (machine.WorkflowRow, error) {
	var w machine.WorkflowRow
	var tasks, emits text
	var created, updated moment
	var keep int64
	err := rows.Scan(&w.Namespace, &w.Name, &w.Version, &w.Description, &tasks, &emits, &w.Enabled, &created, &updated, &keep)
	if err != nil {
		return w, err
	}
	w.CreatedAt, w.UpdatedAt, w.Retention = created.Time, updated.Time, retention(keep)
	if w.Tasks, err = decodeList[string](tasks); err != nil {
		return w, err
	}
	w.Emits, err = decodeList[string](emits)
	return w, err
}

// Versions lists the versions of a workflow, newest first, without their
// source.
func (s *Store) Versions(ctx context.Context, namespace, name string, limit int) ([]machine.VersionRow, error) {
	var list []machine.VersionRow
	err := s.read(ctx, "list versions", func(c *conn) (err error) {
		list, err = query(ctx, c, scanVersion, "version_list", namespace, name, all(limit))
		return err
	})
	return list, err
}

// Version gives one version of a workflow.
func (s *Store) Version(ctx context.Context, namespace, name, version string) (*machine.VersionRow, error) {
	var found []machine.VersionRow
	err := s.read(ctx, "read a version", func(c *conn) (err error) {
		found, err = query(ctx, c, scanVersion, "version_get", namespace, name, version)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, freshet.Errorf(freshet.NotFound, "%s.%s has no version %s", namespace, name, version)
	}
	return &found[0], nil
}

func scanVersion(rows *sql.Rows) (machine.VersionRow, error) {
	var v machine.VersionRow
	var files text
	var created moment
	err := rows.Scan(&v.Namespace, &v.Name, &v.Version, &v.Source, &files, &created)
	if err != nil {
		return v, err
	}
	v.CreatedAt = created.Time
	v.Files, err = decodeList[freshet.File](files)
	return v, err
}
