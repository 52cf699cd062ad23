package janitor

import (
	"context"
	"time"

	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/logkey"
)

// orphanAge is for how long files of a run that is not there are left alone.
const orphanAge = 24 * time.Hour

// orphans removes the files of runs that are not there: a crash, or a
// directory that could not be removed, has left them. Those with ids that are
// still to be given are of another life of this home, and are left alone.
func (p *pass) orphans() error {
	if p.j.cfg.Files == nil {
		return nil
	}
	cursor, err := p.j.cfg.Store.Cursor(p.ctx)
	if err != nil {
		return err
	}
	return p.j.cfg.Files.Runs(p.ctx, p.now.Add(-orphanAge), func(list []RunFiles) error {
		ids := make([]int64, len(list))
		for i, r := range list {
			ids[i] = r.Run
		}
		there, err := p.j.cfg.Store.HasRuns(p.ctx, ids)
		if err != nil {
			return err
		}
		for _, r := range list {
			if there[r.Run] || r.Run >= cursor.NextRun {
				continue
			}
			if err := p.j.cfg.Files.RemoveRun(r.Namespace, r.Workflow, r.Run); err != nil && p.j.cfg.Log != nil {
				p.j.cfg.Log.Warn("cannot remove the files of a run", logkey.Run, r.Run, logkey.Error, err)
			}
		}
		return p.ctx.Err()
	})
}

// Blobs are the contents of files of workflows, and of artifacts.
type Blobs interface {
	List(ctx context.Context, prefix string, yield func(blob.Content) error) error
	Delete(ctx context.Context, sum string, before time.Time) (gone bool, err error)
}

// blobs removes contents that no row names, nor may soon: what somebody has
// kept lately stays.
func (p *pass) blobs() error {
	if p.j.cfg.Blobs == nil {
		return nil
	}
	before := p.now.Add(-blob.Grace)
	return p.j.cfg.Store.Blobs(p.ctx, func(prefix string, sums []string) error {
		named := make(map[string]bool, len(sums))
		for _, sum := range sums {
			named[sum] = true
		}
		return p.j.cfg.Blobs.List(p.ctx, prefix, func(c blob.Content) error {
			if named[c.SHA256] || !c.Used.Before(before) {
				return p.ctx.Err()
			}
			gone, err := p.j.cfg.Blobs.Delete(p.ctx, c.SHA256, before)
			if gone {
				p.contents++
			}
			return err
		})
	})
}
