package simtest

import (
	"cmp"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// sortedKeys puts attempts in an order, so that a seed is one history.
func sortedKeys[V any](m map[freshet.Key]V) []freshet.Key {
	list := make([]freshet.Key, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	sortKeys(list)
	return list
}

func sortKeys(list []freshet.Key) {
	slices.SortFunc(list, func(a, b freshet.Key) int {
		return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Try, b.Try))
	})
}

// lost is the report of a process that nobody knows any more.
var lost = executor.Report{Code: freshet.CodeLost, Reason: "lost"}
