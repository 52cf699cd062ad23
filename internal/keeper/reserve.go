package keeper

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
)

// keepWarm holds the reserve to its demand and its limits.
func (k *Keeper) keepWarm() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next, pause := k.tend()
		if next != nil {
			k.spawnWarm(next)
			continue
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-k.reserve.wake:
		case <-k.done:
			return
		}
	}
}

// tend ends what is too much, and says of which sort another one is to be
// started, or when to look again.
func (k *Keeper) tend() (next *warmSort, pause time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, r := time.Now(), &k.reserve
	var sorts []*warmSort // the one that was asked for last first
	for name, s := range r.sorts {
		if now.Sub(s.last()) >= r.limits.Idle || r.limits.Count <= 0 {
			k.chill(s, 0)
			delete(r.sorts, name)
			continue
		}
		sorts = append(sorts, s)
	}
	slices.SortFunc(sorts, func(a, b *warmSort) int { return b.last().Compare(a.last()) })
	count, memory := r.limits.Count, r.limits.Memory
	for _, s := range sorts {
		share := min(s.wanted(now), count)
		k.chill(s, share)
		for i, a := range s.idle {
			if memory -= resident(a.PID); memory < 0 {
				k.chill(s, i)
				share, s.faint = i, true // else the next look would start it again
				break
			}
		}
		count -= share
		if len(s.idle) < share && next == nil && memory > typicalWarm && !k.closed {
			next = s
		}
	}
	if len(sorts) == 0 {
		return nil, time.Hour // somebody who asks wakes it
	}
	return next, min(10*time.Second, max(time.Millisecond, r.limits.Idle/4))
}

// typicalWarm is the memory that is to be free for another one.
const typicalWarm = 64 << 20

// chill ends all but the first n that wait.
func (k *Keeper) chill(s *warmSort, n int) {
	for len(s.idle) > n {
		a := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		k.stop(a, 0)
	}
}

// spawnWarm starts another one of the sort.
func (k *Keeper) spawnWarm(s *warmSort) {
	if err := k.startWarm(s); err != nil {
		k.log.Warn("cannot keep a process warm", logkey.Error, err)
		k.mu.Lock()
		s.faint = true
		k.mu.Unlock()
	}
}

func (k *Keeper) startWarm(s *warmSort) error {
	start, err := k.furnish(&s.Warm)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.reserve.count++
	start.Key = freshet.Key{Run: -k.reserve.count, Task: "warm", Item: freshet.NoItem} // no run has it
	k.mu.Unlock()
	a := &attempt{
		State: State{Key: start.Key, Log: start.Log}, logLimit: 1 << 20,
		warm: &warmth{dir: filepath.Dir(start.Log), sort: s},
	}
	k.spawning.RLock()
	defer k.spawning.RUnlock()
	k.mu.Lock()
	err = k.pids.append(appendIntent(nil, start.Key))
	k.mu.Unlock()
	if err == nil {
		a.PID, err = k.fork(start)
	}
	if err != nil {
		_ = os.RemoveAll(a.warm.dir)
		return err
	}
	p, _ := lookAt(a.PID)
	a.StartTime = p.start
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed { // perhaps nobody waits for children any more
		_ = unix.Kill(-a.PID, unix.SIGKILL)
		_, _ = unix.Wait4(a.PID, nil, 0, nil)
		_ = os.RemoveAll(a.warm.dir)
		return errors.New(errLeaving)
	}
	_ = k.pids.append(appendProcess(nil, a.Key, a.PID, a.StartTime)) // else it is found by its mark
	k.byPID[a.PID] = a
	k.warming.Add(1)
	s.idle = append(s.idle, a)
	k.wake(k.forked)
	k.wake(k.grown)
	return nil
}

// furnish makes the directory of a process in reserve, and says how to start it.
func (k *Keeper) furnish(w *Warm) (*Start, error) {
	dir, err := os.MkdirTemp(k.place.short(), k.place.warm())
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{dir}", dir, "{secret}", newInstance()+newInstance(), "{keeper}", strconv.Itoa(os.Getpid()))
	start := &Start{Dir: "/", Log: filepath.Join(dir, "log")}
	for _, a := range w.Args {
		start.Args = append(start.Args, fill.Replace(a))
	}
	for _, e := range w.Env {
		start.Env = append(start.Env, fill.Replace(e))
	}
	for name, text := range w.Files {
		if !filepath.IsLocal(name) {
			err = fmt.Errorf("%q is no name of a file in a directory", name)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(fill.Replace(text)), 0o600)
		}
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return start, nil
}

// cooled is the end of a process of the reserve.
func (k *Keeper) cooled(a *attempt, exit int) {
	defer k.warming.Done()
	_ = os.RemoveAll(a.warm.dir)
	k.mu.Lock()
	defer k.mu.Unlock()
	if a.kill != nil {
		a.kill.Stop()
	}
	a.EndedAt = freshet.Time(time.Now())
	s := a.warm.sort
	if i := slices.Index(s.idle, a); i >= 0 {
		s.idle = slices.Delete(s.idle, i, i+1)
		s.faint = true
	}
	if p := a.warm.taker; p != nil && k.peers[p] {
		p.send(&message{Gone: &Gone{PID: a.PID, ExitCode: exit}})
		p.flush()
	}
	k.wake(k.reserve.wake)
}

// freeze ends the reserve with its keeper, and what was taken from it. Called
// with mu held.
func (k *Keeper) freeze() {
	for _, a := range k.byPID {
		if a.warm != nil && !a.collected {
			_ = unix.Kill(-a.PID, unix.SIGKILL)
		}
	}
}

// thaw waits until nothing is left of a reserve that was frozen, for a while.
func (k *Keeper) thaw() {
	nothing := make(chan struct{})
	go func() {
		k.warming.Wait()
		close(nothing)
	}()
	select {
	case <-nothing:
	case <-time.After(groupPatience):
	}
}

// short is where the private directories of the reserve are made: their paths
// have to leave room for the names of sockets.
func (p place) short() string {
	if dir := os.TempDir(); len(filepath.Join(dir, p.warm()))+len("1234567890/kernel-5") <= maxSocketPath {
		return dir
	}
	return "/tmp"
}

// warm begins the names of these directories, so that a successor finds them.
func (p place) warm() string {
	sum := sha256.Sum256([]byte(p.dir))
	return "freshet-warm-" + hex.EncodeToString(sum[:6]) + "-"
}

// clearWarm removes what the reserve of a keeper left that was killed. The
// caller holds the lock.
func (p place) clearWarm() {
	dirs, _ := filepath.Glob(filepath.Join(p.short(), p.warm()+"*"))
	for _, dir := range dirs {
		if ours(dir) == nil {
			_ = os.RemoveAll(dir)
		}
	}
}
