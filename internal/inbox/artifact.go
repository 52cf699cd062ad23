package inbox

import (
	"context"
	"slices"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// leftBy are the artifacts of an execution that ended in success, or of the
// last tries of its items.
func (x *Inbox) leftBy(ctx context.Context, t *spec.Task, done *machine.Execution) ([]freshet.Artifact, error) {
	if t.Foreach == nil || len(t.Artifacts) == 0 || len(done.Artifacts) > 0 { // it was kept before
		return done.Artifacts, nil
	}
	rows, err := x.store.Artifacts(ctx, store.ExecutionFilter{Run: done.Key.Run, Task: t.Name, Seq: done.Key.Seq})
	if err != nil {
		return nil, err
	}
	var all []freshet.Artifact
	for i, row := range rows {
		if i+1 == len(rows) || !sameItem(rows[i+1].Item, row.Item) {
			all = append(all, row.Artifacts...)
		}
	}
	return all, nil
}

func sameItem(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// maxBrought bounds the files that a run takes over from another one.
const maxBrought = 50_000

// bring makes sure that all files that a run takes over are there, and stay
// until the run names them.
func (x *Inbox) bring(ctx context.Context, row *machine.RunRow, version string, r *machine.Rerun) error {
	if version != row.Version {
		if err := x.leaveOld(ctx, row, r); err != nil {
			return err
		}
	}
	var sums []string
	paths := map[string]string{}
	for _, k := range r.Kept {
		for _, a := range k.Artifacts {
			sums = append(sums, a.SHA256)
			if paths[a.SHA256] == "" {
				paths[a.SHA256] = a.Path + " of task " + k.Task
			}
		}
	}
	if len(sums) > maxBrought {
		return freshet.Errorf(freshet.Conflict, "the tasks that would be kept have %d artifacts, and at most %d are brought along", len(sums), maxBrought).
			WithHint("`run rerun %d` runs all of it again", row.ID)
	}
	if len(sums) == 0 {
		return nil
	}
	missing, err := x.blobs.Missing(ctx, sums)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return freshet.Errorf(freshet.Conflict, "the content of the artifact %s is gone", paths[missing[0]]).
			WithHint("`run rerun %d` runs all of it again; `freshet doctor` says what else is gone", row.ID)
	}
	return nil
}

// leaveOld drops what was a file of the old version, as it was uploaded: the
// new version has its own.
func (x *Inbox) leaveOld(ctx context.Context, row *machine.RunRow, r *machine.Rerun) error {
	if !slices.ContainsFunc(r.Kept, func(k machine.Kept) bool { return len(k.Artifacts) > 0 }) {
		return nil
	}
	old, err := x.store.Version(ctx, row.Namespace, row.Workflow, row.Version)
	if err != nil {
		return err
	}
	uploaded := map[string]string{}
	for _, f := range old.Files {
		uploaded[f.Path] = f.SHA256
	}
	for i := range r.Kept {
		k := &r.Kept[i]
		k.Artifacts = slices.DeleteFunc(slices.Clone(k.Artifacts), func(a freshet.Artifact) bool {
			return a.Dir == "" && uploaded[a.Path] == a.SHA256
		})
	}
	return nil
}
