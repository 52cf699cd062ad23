package notebook

import (
	"context"
	"time"
)

// saveEvery is how old the file may be while a notebook changes.
const saveEvery = 2 * time.Second

// saver keeps a file close behind a notebook that changes: what was changed is
// on disk within saveEvery, or, where one save takes long, within four times
// as long as that takes, so that saving is never more than a quarter of the
// work. The first change after a quiet time is saved at once.
type saver struct {
	save    func() error
	changes chan struct{} // holds one when there is something to save
}

func newSaver(save func() error) *saver {
	return &saver{save: save, changes: make(chan struct{}, 1)}
}

// changed says that there is something to save.
func (s *saver) changed() {
	select {
	case s.changes <- struct{}{}:
	default:
	}
}

// run saves until ctx ends. It begins as one who has just saved. An error is
// none of its business: what it could not write the last save writes, or
// reports.
func (s *saver) run(ctx context.Context) {
	pause := time.NewTimer(saveEvery)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-s.changes:
		case <-ctx.Done():
			return
		}
		begun := time.Now()
		_ = s.save()
		pause.Reset(max(saveEvery, 3*time.Since(begun)))
	}
}
