package layout_test

import (
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/layout"
)

// These paths are a promise to users' scripts, but for the attempt's own.
func TestPaths(t *testing.T) {
	whole := freshet.Key{Run: 12, Task: "load", Item: freshet.NoItem, Seq: 2, Try: 3}
	item := whole
	item.Item = 0
	for want, got := range map[string]string{
		"work/default/etl/12":                     layout.Run(layout.Work, "default", "etl", 12),
		"logs/default/etl/12":                     layout.Run(layout.Logs, "default", "etl", 12),
		"work/default/etl/12/.freshet/load.2.3":   layout.Attempt("default", "etl", whole),
		"work/default/etl/12/.freshet/load.0.2.3": layout.Attempt("default", "etl", item),
		"logs/default/etl/12/load/2.3.log":        layout.Log("default", "etl", whole),
		"logs/default/etl/12/load/0/2.3.log":      layout.Log("default", "etl", item),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
