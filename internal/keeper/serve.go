package keeper

import (
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
)

// peer is a server that is connected. What it is told is collected under a
// lock and written once the lock of the keeper is free, as much at a time as
// has come together.
type peer struct {
	conn       *net.UnixConn
	raw        syscall.RawConn
	subscribed bool // guarded by Keeper.mu

	mu     sync.Mutex
	more   *sync.Cond
	out    []byte
	busy   bool // the writer writes
	closed bool
}

// maxBehind is how much a server may leave unread before it is disconnected;
// it asks for the list when it comes back.
const maxBehind = 64 << 20

func newPeer(c *net.UnixConn) (*peer, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	p := &peer{conn: c, raw: raw}
	p.more = sync.NewCond(&p.mu)
	return p, nil
}

// send adds a message to what tell will write.
func (p *peer) send(m *message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.out = appendFrame(p.out, m)
	if len(p.out) > maxBehind {
		p.closed = true
		p.conn.Close()
		p.more.Signal()
	}
}

// flush writes what there is, without waiting for a server that does not
// read: the rest is the writer's.
func (p *peer) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.out) == 0 || p.busy {
		return
	}
	n := 0
	_ = p.raw.Write(func(fd uintptr) bool {
		n, _ = unix.Write(int(fd), p.out)
		return true
	})
	p.out = p.out[:copy(p.out, p.out[max(n, 0):])]
	if len(p.out) > 0 {
		p.more.Signal()
	}
}

func (p *peer) write() {
	var spare []byte
	for {
		p.mu.Lock()
		for p.busy = false; len(p.out) == 0 && !p.closed; {
			p.more.Wait()
		}
		out := p.out
		if len(out) == 0 {
			p.mu.Unlock()
			p.conn.Close()
			return
		}
		p.out, p.busy = spare[:0], true
		p.mu.Unlock()
		if _, err := p.conn.Write(out); err != nil {
			p.close()
			p.conn.Close()
			return
		}
		if spare = out; cap(spare) > 1<<20 {
			spare = nil
		}
	}
}

// close ends the writer once it has written what it has.
func (p *peer) close() {
	p.mu.Lock()
	p.closed = true
	p.more.Signal()
	p.mu.Unlock()
}

// notify tells every subscriber. Called with mu held, so that notices of a key
// are in order and none is missed between a list and what follows it.
func (k *Keeper) notify(s *State) {
	for p := range k.peers {
		if p.subscribed {
			p.send(&message{Notice: s})
		}
	}
}

// serve answers one server until it leaves.
func (k *Keeper) serve(c *net.UnixConn) {
	p, err := newPeer(c)
	if err != nil {
		c.Close()
		return
	}
	k.enter(p, true)
	go p.write()
	defer func() {
		k.enter(p, false)
		k.abandon(p)
		p.close()
	}()
	in := newFrames(c)
	var starts []request
	for {
		var r request
		err := in.next(&r)
		if err == nil && r.Op == opStart && r.Start != nil {
			r.Raw.restore(r.Start)
			starts = append(starts, r)
		}
		// Starts that arrived together are written down together.
		if len(starts) > 0 && (err != nil || r.Op != opStart || !in.waiting() || len(starts) == maxBatch) {
			k.startAll(p, starts, !in.waiting())
			starts = nil
		}
		if err != nil {
			return
		}
		if r.Op == opTake && r.Warm != nil {
			k.give(p, &r)
			k.tell()
		} else if r.Op != opStart || r.Start == nil {
			leave := k.answer(p, &r)
			k.tell()
			if leave {
				return
			}
		}
	}
}

const maxBatch = 256

// enter keeps the set of peers; a copy of it is read without the lock.
func (k *Keeper) enter(p *peer, in bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if in {
		k.peers[p] = true
	} else {
		delete(k.peers, p)
		k.heard = time.Now()
	}
	all := slices.Collect(maps.Keys(k.peers))
	k.listeners.Store(&all)
}

// tell writes to every peer what has been sent to it.
func (k *Keeper) tell() {
	if all := k.listeners.Load(); all != nil {
		for _, p := range *all {
			p.flush()
		}
	}
}

// startAll accepts starts. A single one, when nothing else waits, is forked
// right here: its acceptance and its start are told in one write.
func (k *Keeper) startAll(p *peer, rs []request, idle bool) {
	fresh := k.accept(p, rs)
	if len(fresh) == 1 && idle {
		k.spawn(fresh[0])
		return
	}
	k.mu.Lock()
	k.queue = append(k.queue, fresh...)
	k.mu.Unlock()
	for range fresh {
		k.queued.Signal()
	}
	k.tell()
}

// accept writes starts down and answers them. A key that is held already is
// not started again.
func (k *Keeper) accept(p *peer, rs []request) (fresh []*attempt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var intents []byte
	for i := range rs {
		s := rs[i].Start
		if k.held[s.Key] != nil || k.closed {
			continue
		}
		a := &attempt{start: s, logLimit: s.LogLimit, State: State{Key: s.Key, Epoch: s.Epoch, Log: s.Log, Meta: s.Meta}}
		if a.logLimit <= 0 {
			a.logLimit = DefaultLogLimit
		}
		k.held[s.Key] = a
		intents = appendIntent(intents, s.Key)
		fresh = append(fresh, a)
	}
	var fault error
	if len(fresh) > 0 {
		fault = k.pids.append(intents)
	}
	for i := range rs {
		k.accepted(p, &rs[i])
	}
	k.alive += len(fresh)
	if fault == nil {
		return fresh
	}
	for _, a := range fresh { // a process that is not listed could outlive this one unseen
		k.ended(a, 0, freshet.CodeStartFailed, plain(fault))
	}
	return nil
}

func (k *Keeper) accepted(p *peer, r *request) {
	m := message{ID: r.ID}
	if a := k.held[r.Start.Key]; a != nil {
		m.States = []State{a.State}
	} else {
		m.Error = errLeaving
	}
	p.send(&m)
}

// answer does what is asked. The answer is queued under the lock: what a
// notice says afterwards has happened afterwards.
func (k *Keeper) answer(p *peer, r *request) (leave bool) {
	if r.Op == opQuit {
		m := message{ID: r.ID}
		if leave = k.leave("asked by a server", false); !leave {
			m.Error = errBusy
		}
		p.send(&m)
		return leave
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	m := message{ID: r.ID}
	switch r.Op {
	case opHello:
		p.subscribed = r.Hello != nil && r.Hello.Subscribe
		m.Hello = &Hello{Protocol: Protocol, Version: k.info.Version, Instance: k.info.Instance, PID: k.info.PID}
	case opStop:
		if r.Stop == nil {
			m.Error = "stop: nothing is named"
			break
		}
		a := k.held[r.Stop.Key]
		if a == nil {
			a = k.entomb(r.Stop.Key)
		}
		k.stop(a, r.Stop.Grace)
		m.States = []State{a.State}
	case opList:
		for _, a := range k.held {
			m.States = append(m.States, a.State)
		}
	case opLetGo:
		k.letGo(p, r.PID)
	case opRelease:
		k.release(r.Keys)
	default:
		m.Error = "unknown operation " + r.Op
	}
	p.send(&m)
	return false
}

// Refusals that a client understands.
const (
	errBusy    = "busy"
	errLeaving = "leaving"
)

// release forgets what has ended. What is alive stays: nobody can have
// committed its end.
func (k *Keeper) release(keys []freshet.Key) {
	for _, key := range keys {
		if a := k.held[key]; a != nil && a.Ended() {
			delete(k.held, key)
		}
	}
	if k.pids.size < pidsSlack {
		return
	}
	var held []State
	for _, a := range k.held {
		if !a.tombstone {
			held = append(held, a.State)
		}
	}
	for _, a := range k.byPID {
		if a.warm != nil {
			held = append(held, a.State)
		}
	}
	if err := k.pids.compact(held); err != nil {
		k.log.Warn("cannot shorten the list of processes", logkey.Error, err)
	}
}
