package doctor

import (
	"context"
	"path/filepath"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/blob/disk"
)

// contents looks whether all files are there that versions and artifacts name.
func (w *ward) contents(ctx context.Context) {
	named, gone, err := w.goneContents(ctx)
	if err == nil && len(gone) > 0 { // what went away with its run meanwhile is nobody's loss
		before := gone
		named, gone, err = w.goneContents(ctx)
		gone = both(before, gone)
	}
	switch {
	case err != nil:
		w.add("contents", freshet.CheckFail, damaged, "%v", err)
	case len(gone) > 0:
		w.add("contents", freshet.CheckFail, "restore a backup with `db restore FILE`; files of workflows are there again when they are uploaded again",
			"%d of %d files of workflows and artifacts are gone: %s", len(gone), named, some(gone))
	default:
		w.add("contents", freshet.CheckOK, "", "%d files of workflows and artifacts are there", named)
	}
}

// goneContents are the hashes of what is named and not there. Names are read
// first: a content is there before a row names it.
func (w *ward) goneContents(ctx context.Context) (named int, gone []string, err error) {
	contents := disk.New(filepath.Join(w.Home, "blobs"))
	err = w.Database.Blobs(ctx, func(prefix string, sums []string) error {
		if named += len(sums); len(sums) == 0 {
			return nil
		}
		there := make(map[string]bool, len(sums))
		if err := contents.List(ctx, prefix, func(c blob.Content) error {
			there[c.SHA256] = true
			return nil
		}); err != nil {
			return err
		}
		for _, s := range sums {
			if !there[s] {
				gone = append(gone, s)
			}
		}
		return nil
	})
	return named, gone, err
}

// both are the texts that are in both lists.
func both(a, b []string) []string {
	in := map[string]bool{}
	for _, s := range a {
		in[s] = true
	}
	var list []string
	for _, s := range b {
		if in[s] {
			list = append(list, s)
		}
	}
	return list
}
