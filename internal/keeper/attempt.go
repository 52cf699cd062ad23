package keeper

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
)

// attempt is a process that the keeper holds, from the request to start it
// until its release. All of it is guarded by Keeper.mu.
type attempt struct {
	State
	start     *Start // until it has been forked
	logLimit  int64
	removed   int64 // bytes taken out of its log
	collected bool  // waited for: its number may be anybody's
	stopping  bool
	killAt    time.Time
	kill      *time.Timer
	tombstone bool // stopped before it was started
	since     time.Time
	warm      *warmth // of the reserve; nil for an attempt
}

// holds tells whether the keeper has to stay for it.
func (a *attempt) holds() bool { return !a.tombstone }

// forked tells whether its process is there to be signalled.
func (a *attempt) forked() bool { return a.PID != 0 && !a.collected }

// stop asks the process group to end and sees to it that it does.
func (k *Keeper) stop(a *attempt, grace time.Duration) {
	if a.Ended() || a.collected {
		return
	}
	killAt := time.Now().Add(grace)
	if a.stopping && !killAt.Before(a.killAt) {
		return
	}
	first := !a.stopping
	a.stopping, a.killAt = true, killAt
	if a.PID == 0 {
		return // the fork finds it stopping
	}
	if first {
		_ = unix.Kill(-a.PID, unix.SIGTERM)
	}
	if a.kill != nil {
		a.kill.Stop()
	}
	a.kill = time.AfterFunc(grace, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if a.forked() {
			_ = unix.Kill(-a.PID, unix.SIGKILL)
		}
	})
}

// ended records the end and tells who listens.
func (k *Keeper) ended(a *attempt, exit int, code freshet.Code, reason string) {
	if a.kill != nil {
		a.kill.Stop()
	}
	a.EndedAt = freshet.Time(time.Now())
	a.ExitCode, a.Code, a.Reason, a.start = exit, code, reason, nil
	k.alive--
	k.notify(&a.State)
}

const stoppedBefore = "stopped before it started"

// entomb ends a key before it was ever started: a start that comes late finds it.
func (k *Keeper) entomb(key freshet.Key) *attempt {
	now := freshet.Time(time.Now())
	a := &attempt{tombstone: true, since: now, State: State{Key: key, EndedAt: now, Code: freshet.CodeLost, Reason: stoppedBefore}}
	k.held[key] = a
	k.notify(&a.State)
	return a
}
