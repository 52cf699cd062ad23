package sqlite

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Names completes a word: the workflows, namespaces, event keys, runs or tasks
// whose name begins with prefix. An empty namespace is every namespace.
func (s *Store) Names(ctx context.Context, kind, namespace, prefix string, limit int) ([]string, error) {
	list := []string{}
	err := s.read(ctx, "complete a "+kind, func(c *conn) (err error) {
		switch kind {
		case "workflow", "task":
			list, err = query(ctx, c, column[string], "name_"+kind, namespace, prefix, all(limit))
		case "key":
			list, err = keyNames(ctx, c, namespace, prefix, limit)
		case "namespace":
			list, err = namespaceNames(ctx, c)
		case "run":
			list, err = runNames(ctx, c, namespace)
		default:
			return freshet.Errorf(freshet.Invalid, "there are no names of kind %q", kind)
		}
		return err
	})
	list = slices.DeleteFunc(list, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, err
}

func keyNames(ctx context.Context, c *conn, namespace, prefix string, limit int) ([]string, error) {
	namespaces := []string{namespace}
	if namespace == "" {
		var err error
		if namespaces, err = query(ctx, c, column[string], "event_namespaces"); err != nil {
			return nil, err
		}
	}
	var list []string
	for _, namespace := range namespaces {
		keys, err := query(ctx, c, column[string], "event_keys", namespace, prefix, all(limit))
		if err != nil {
			return nil, err
		}
		list = append(list, keys...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// namespaceNames are the namespaces in which something has happened.
func namespaceNames(ctx context.Context, c *conn) ([]string, error) {
	var list []string
	for _, statement := range []string{"name_namespace", "event_namespaces", "run_namespaces"} {
		names, err := query(ctx, c, column[string], statement)
		if err != nil {
			return nil, err
		}
		list = append(list, names...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// newestRuns bounds how many runs a completion looks at.
const newestRuns = 1000

func runNames(ctx context.Context, c *conn, namespace string) ([]string, error) {
	ids, err := runIDs(ctx, c, store.RunFilter{Namespace: namespace, Limit: newestRuns})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ids, func(a, b int64) int { return int(b - a) })
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	return list, nil
}
