package keeper

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Warm says which process is wanted that has been started before anybody
// asked for it, because to start costs more than to work. In Args, Env and the
// texts of Files {dir} is its private directory, {secret} a random key that
// nobody else knows, and {keeper} the keeper's process. What is equal here is
// interchangeable; each process is used once.
type Warm struct {
	Args   []string          `json:"args"`
	Env    []string          `json:"env,omitempty"`
	Files  map[string]string `json:"files,omitempty"` // in its directory, by name, written before it starts
	Limits WarmLimits        `json:"limits"`          // of all that are kept, the last word counts
}

// WarmLimits bound what is kept in reserve.
type WarmLimits struct {
	Count  int           `json:"count"`            // processes that wait; 0 keeps none
	Memory int64         `json:"memory,omitempty"` // bytes that they may have resident together; 0: 512 MB
	Idle   time.Duration `json:"idle,omitempty"`   // after which what nobody asked for is ended; 0: 5 minutes
}

// Warmed is a process that was kept and is the asker's now. It ends when the
// asker's connection does.
type Warmed struct {
	PID int    `json:"pid"`
	Dir string `json:"dir"`
}

// Gone says how a Warmed ended.
type Gone struct {
	PID      int `json:"pid"`
	ExitCode int `json:"exit_code"` // 128 and the signal, where one ended it
}

// warmth is what makes an attempt a process in reserve.
type warmth struct {
	dir   string
	sort  *warmSort
	taker *peer // nil while it waits
}

// warmSort is one sort of processes, and the demand for it.
type warmSort struct {
	Warm
	takes []time.Time // within demandSpan, and the last one in any case
	idle  []*attempt  // the oldest first
	faint bool        // one ended while it waited: none is started until somebody asks again
}

// demandSpan is how far back askers count for how many are kept.
const demandSpan = time.Minute

func (s *warmSort) last() time.Time { return s.takes[len(s.takes)-1] }

// wanted is how many are to wait: as many as were asked for of late.
func (s *warmSort) wanted(now time.Time) int {
	s.takes = slices.DeleteFunc(s.takes, func(t time.Time) bool { return t != s.last() && now.Sub(t) > demandSpan })
	if s.faint {
		return 0
	}
	return len(s.takes)
}

// reserve is all that is kept. It is guarded by Keeper.mu.
type reserve struct {
	limits WarmLimits
	sorts  map[string]*warmSort
	count  int64 // of all that were started, for their keys
	wake   chan struct{}
}

func newReserve() reserve {
	return reserve{sorts: map[string]*warmSort{}, wake: make(chan struct{}, 1)}
}

func (l WarmLimits) filled() WarmLimits {
	l.Memory = cmp.Or(l.Memory, 512<<20)
	l.Idle = cmp.Or(l.Idle, 5*time.Minute)
	return l
}

// give answers a request for a process.
func (k *Keeper) give(p *peer, r *request) {
	k.mu.Lock()
	m := message{ID: r.ID, Warmed: k.take(p, r.Warm)}
	if k.closed {
		m.Error, m.Warmed = errLeaving, nil
	}
	k.mu.Unlock()
	p.send(&m)
}

// take gives p a process of the sort, nil if none waits, and sees to it that
// one is there for the next who asks. Called with mu held.
func (k *Keeper) take(p *peer, w *Warm) *Warmed {
	k.reserve.limits = w.Limits.filled()
	defer k.wake(k.reserve.wake)
	if w.Limits.Count <= 0 || len(w.Args) == 0 {
		return nil
	}
	name := w.name()
	s := k.reserve.sorts[name]
	if s == nil {
		s = &warmSort{Warm: *w}
		k.reserve.sorts[name] = s
	}
	now := time.Now()
	s.takes, s.faint = append(s.takes, now), false
	if len(s.idle) == 0 {
		return nil
	}
	a := s.idle[0]
	s.idle = s.idle[1:]
	a.warm.taker = p
	return &Warmed{PID: a.PID, Dir: a.warm.dir}
}

func (w *Warm) name() string {
	b, _ := json.Marshal([]any{w.Args, w.Env, w.Files}) // maps are sorted
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// abandon ends what a peer had taken.
func (k *Keeper) abandon(p *peer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range k.byPID {
		if a.warm != nil && a.warm.taker == p {
			k.stop(a, 0) // at once: whoever comes after the taker works alone
		}
	}
}

// letGo parts a process that was asked to end itself from who had taken it.
func (k *Keeper) letGo(p *peer, pid int) {
	a := k.byPID[pid]
	if a == nil || a.warm == nil || a.warm.taker != p || a.stopping {
		return
	}
	a.warm.taker = nil
	a.kill = time.AfterFunc(lastWords, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.stop(a, 0)
	})
}

// lastWords is how long a process may take that ends itself.
const lastWords = 2 * time.Second
