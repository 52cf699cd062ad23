package sqlite

import (
	"slices"
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
	if got, err := s.Blobs(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("an empty one: %v %v", got, err)
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
		Executions: []*machine.Execution{execution("a", "s1", "s2"), execution("b", "s2"), execution("c")},
		Versions: []machine.VersionRow{{Namespace: "default", Name: "w", Version: "v",
			Files: []freshet.File{{Path: "dir"}, {Path: "x", SHA256: "s3"}, {Path: "y", SHA256: "s1"}}}, {Namespace: "default", Name: "w", Version: "u"}},
		Leader: snap.Leader,
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Blobs(t.Context())
	slices.Sort(got)
	if diff := cmp.Diff([]string{"s1", "s2", "s3"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
