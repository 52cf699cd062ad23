package sqlite

import (
	"context"
	"database/sql"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// Namespaces lists namespaces by name, or the one of a name.
func (s *Store) Namespaces(ctx context.Context, name string) ([]freshet.Namespace, error) {
	list := []freshet.Namespace{}
	err := s.read(ctx, "list namespaces", func(c *conn) error {
		found, err := query(ctx, c, scanNamespace, "namespace_list", name)
		list = append(list, found...)
		return err
	})
	return list, err
}

func scanNamespace(rows *sql.Rows) (freshet.Namespace, error) {
	var n freshet.Namespace
	var properties text
	var created moment
	err := rows.Scan(&n.Name, &properties, &created, &n.Workflows)
	if err != nil {
		return n, err
	}
	n.CreatedAt = created.Time
	if n.Properties, err = decodeMap(properties); n.Properties == nil {
		n.Properties = map[string]any{}
	}
	return n, err
}

func scanSpace(rows *sql.Rows) (machine.NamespaceRow, error) {
	var n machine.NamespaceRow
	var properties text
	var created moment
	err := rows.Scan(&n.Name, &properties, &created)
	if err != nil {
		return n, err
	}
	n.CreatedAt = created.Time
	n.Properties, err = decodeMap(properties)
	return n, err
}
