package sqlite

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// TestBlobs: each content that a version or an artifact names is named once,
// and nothing else is.
func TestBlobs(t *testing.T) {
	s := openTest(t)
	snap, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	named := func(prefixes []string) (all []string) {
		t.Helper()
		err := s.blobs(t.Context(), prefixes, func(prefix string, sums []string) error {
			for _, sum := range sums {
				if !strings.HasPrefix(sum, prefix) {
					t.Errorf("%s is told with %s", sum, prefix)
				}
			}
			all = append(all, sums...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	if got := named(parts(0)); len(got) != 0 {
		t.Errorf("an empty one: %v", got)
	}
	execution := func(task string, sums ...string) *machine.Execution {
		x := &machine.Execution{Key: freshet.Key{Run: 1, Task: task, Item: freshet.NoItem, Seq: 1, Try: 1}, Status: freshet.Failed}
		for _, sum := range sums {
			x.Artifacts = append(x.Artifacts, freshet.Artifact{Path: sum, SHA256: sum})
		}
		return x
	}
	err = s.Commit(t.Context(), &store.Batch{
		Runs:       []machine.RunRow{{ID: 1, Namespace: "default", Workflow: "w", Version: "v"}},
		Executions: []*machine.Execution{execution("a", "0a1", "ff2"), execution("b", "ff2"), execution("c")},
		Versions: []machine.VersionRow{{Namespace: "default", Name: "w", Version: "v",
			Files: []freshet.File{{Path: "dir"}, {Path: "x", SHA256: "7c3"}, {Path: "y", SHA256: "0a1"}}}, {Namespace: "default", Name: "w", Version: "u"}},
		Leader: snap.Leader,
	})
	if err != nil {
		t.Fatal(err)
	}
	for pages, n := range map[int]int64{1: 0, 16: somePart + 1, 256: 1 << 40} {
		prefixes := parts(n)
		if diff := cmp.Diff([]string{"0a1", "7c3", "ff2"}, named(prefixes)); diff != "" || len(prefixes) != pages {
			t.Errorf("in %d parts (-want +got):\n%s", len(prefixes), diff)
		}
	}
	var all int
	stop := errors.New("stop")
	err = s.Blobs(t.Context(), func(prefix string, sums []string) error {
		all += len(sums)
		return stop
	})
	if all != 3 || err != stop {
		t.Errorf("%d, %v", all, err)
	}
}
