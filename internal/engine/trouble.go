package engine

import (
	"github.com/freshet/freshet"
)

var errUnknown = freshet.Errorf(freshet.Unreachable, "it is not known whether this was recorded").
	WithHint("look, or send it again with the same id")

// makeRoom gives up the reserve if what failed for is room.
func (e *Engine) makeRoom(err error) {
	if !isFull(err) {
		return
	}
	e.full = true
	if e.cfg.Reserve != nil {
		e.cfg.Reserve.Release()
	}
}

// settle answers for a commit that failed, once the state has been read back:
// it may have reached the disk all the same, and then it counts.
func (t *turn) settle(taken []*submission, err error) {
	if len(t.b.entries) > 0 && t.e.last >= t.b.entries[0].Offset {
		for _, a := range t.answers {
			a.sub.answer(a.index, a.reply)
		}
		t.refuse(taken, errUnknown) // commands that have been accepted and not decided
		return
	}
	if isFull(err) {
		t.refuse(taken, errFull)
		return
	}
	t.refuse(taken, notRecorded(err))
}

func notRecorded(err error) error {
	return freshet.Errorf(freshet.Unavailable, "nothing was recorded: %v", err).WithHint("try again in a moment")
}

// refuse answers everybody who still waits.
func (t *turn) refuse(taken []*submission, err error) {
	for _, s := range taken {
		s.refuse(err)
	}
	for _, s := range t.waiting {
		s.refuse(err)
	}
	for _, a := range t.answers {
		a.sub.refuse(err)
	}
}
