package keeper

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet/internal/logkey"
)

// reapAll waits for every child there is, of this process alone: attempts,
// the server in a container, and orphans. One place waits, so that nobody
// takes an exit status that another needs.
func (k *Keeper) reapAll() {
	for {
		pid, collect, err := waitAny()
		if err != nil { // no children
			select {
			case <-k.forked:
				continue
			case <-k.done:
				return
			}
		}
		k.reap(pid, collect)
	}
}

func (k *Keeper) reap(pid int, collect func() (unix.WaitStatus, bool)) {
	k.mu.Lock()
	a, own := k.byPID[pid]
	if !own && pid != k.server {
		// Perhaps it was forked a moment ago and is not entered yet.
		k.mu.Unlock()
		k.spawning.Lock()
		defer k.spawning.Unlock()
		k.mu.Lock()
		a, own = k.byPID[pid]
	}
	if own {
		// The zombie keeps the number, so this is its own group.
		_ = unix.Kill(-pid, unix.SIGKILL)
		a.collected = true
		delete(k.byPID, pid)
	}
	status, got := collect()
	server := pid == k.server && got
	if server {
		k.server = 0
	}
	k.mu.Unlock()
	switch {
	case server:
		k.serverEnded <- exitCode(status)
	case own:
		if !got {
			k.log.Error("a process ended and its exit code is gone", logkey.PID, pid)
		}
		if gone(pid) {
			k.finish(a, exitCode(status))
		} else {
			go func() {
				for until := time.Now().Add(groupPatience); !gone(pid) && time.Now().Before(until); {
					time.Sleep(time.Millisecond)
				}
				k.finish(a, exitCode(status))
			}()
		}
	}
}

// groupPatience is how long an end waits for what the main process has left
// behind, and what has been killed.
const groupPatience = 2 * time.Second

func gone(group int) bool { return errors.Is(unix.Kill(-group, 0), unix.ESRCH) }

func (k *Keeper) finish(a *attempt, exit int) {
	if a.warm != nil {
		k.cooled(a, exit)
		return
	}
	k.trim(a)
	defer k.tell()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended(a, exit, "", "")
}

func exitCode(ws unix.WaitStatus) int {
	if ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return ws.ExitStatus()
}
