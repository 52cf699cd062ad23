package simtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// Room is where the processes live. Like a keeper it outlives servers, knows
// every attempt by its key until it is told that the end is recorded, and
// starts nothing twice. It counts what was started, and notes what should
// never happen.
type Room struct {
	mu       sync.Mutex
	attempts map[freshet.Key]*process
	started  map[freshet.Key]int
	faults   []string
	hooks    hooks
	now      *face
}

// hooks are what a story has said of attempts that may come.
type hooks struct {
	holds    map[string]bool // tasks whose start is not reported
	stubborn map[string]bool // tasks that ignore SIGTERM
	ends     map[string]int  // tasks whose processes end at once, and how
}

// process is an attempt as the room knows it.
type process struct {
	key      freshet.Key
	epoch    int64
	began    time.Time
	told     bool // its start was reported
	stopping bool
	end      *executor.Report
	outputs  map[string]string
}

func newRoom() *Room {
	return &Room{attempts: map[freshet.Key]*process{}, started: map[freshet.Key]int{},
		hooks: hooks{holds: map[string]bool{}, stubborn: map[string]bool{}, ends: map[string]int{}}}
}

// hook says something of attempts that may come.
func (r *Room) hook(f func(*hooks)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.hooks)
}

// Node is what holds all attempts.
const Node = "room"

// face is the room as one server sees it.
type face struct {
	room    *Room
	reports chan executor.Report
	gone    chan struct{}
}

var _ executor.Executor = (*face)(nil)

func (r *Room) face() *face {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = &face{room: r, reports: make(chan executor.Report, 100_000), gone: make(chan struct{})}
	return r.now
}

// cut parts the server from the room.
func (f *face) cut() {
	f.room.mu.Lock()
	defer f.room.mu.Unlock()
	f.room.now = nil
	close(f.gone)
}

func (f *face) Name() string                         { return "local" }
func (f *face) Node(context.Context) (string, error) { return Node, nil }
func (f *face) Reports() <-chan executor.Report      { return f.reports }
func (f *face) Run(ctx context.Context) error        { <-ctx.Done(); return nil }
func (r *Room) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}
func (f *face) alive() bool { return f.room.now == f }

func (f *face) Start(_ context.Context, a executor.Attempt) error {
	r := f.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f.alive() {
		return context.Canceled
	}
	if p := r.attempts[a.Key]; p != nil {
		if p.epoch == 0 { // it was stopped before it came
			p.epoch, p.end.Epoch = a.Epoch, a.Epoch
			r.tell(*p.end)
		}
		return nil
	}
	r.start(a)
	return nil
}

func (r *Room) start(a executor.Attempt) {
	if r.started[a.Key]++; r.started[a.Key] > 1 {
		r.fault("%v was started %d times", a.Key, r.started[a.Key])
	}
	p := &process{key: a.Key, epoch: a.Epoch, began: time.Now()}
	r.attempts[a.Key] = p
	if !r.hooks.holds[a.Key.Task] {
		p.told = true
		r.tell(p.start())
	}
	if code, ok := r.hooks.ends[a.Key.Task]; ok {
		r.end(p, executor.Report{ExitCode: code})
	}
}

func (p *process) start() executor.Report {
	return executor.Report{Key: p.key, Epoch: p.epoch, Kind: executor.Started, Time: p.began, PID: 100}
}

// tell reports, if there is a server to hear it.
func (r *Room) tell(report executor.Report) {
	if r.now != nil {
		r.now.reports <- report
	}
}

func (f *face) Stop(_ context.Context, k freshet.Key, grace time.Duration) error {
	r := f.room
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.attempts[k]
	if p == nil {
		if r.started[k] > 0 {
			return nil // its end is recorded
		}
		p = &process{key: k}
		r.attempts[k] = p
		r.started[k]++
		r.end(p, executor.Report{Code: freshet.CodeLost, Reason: "stopped before it was started"})
		return nil
	}
	if p.end != nil || p.stopping {
		return nil
	}
	p.stopping = true
	if !r.hooks.stubborn[k.Task] {
		r.end(p, executor.Report{ExitCode: 143})
		return nil
	}
	time.AfterFunc(grace, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if p.end == nil {
			r.end(p, executor.Report{ExitCode: 137})
		}
	})
	return nil
}

// end ends an attempt.
func (r *Room) end(p *process, report executor.Report) {
	report.Key, report.Epoch, report.Kind, report.Time = p.key, p.epoch, executor.Ended, time.Now()
	p.end = &report
	r.tell(report)
}

func (f *face) Recover(_ context.Context, held []executor.Held) (start []freshet.Key, err error) {
	r := f.room
	r.mu.Lock()
	defer r.mu.Unlock()
	known := map[freshet.Key]bool{}
	for _, h := range held {
		known[h.Key] = true
		p := r.attempts[h.Key]
		switch {
		case p == nil && r.started[h.Key] > 0:
			r.fault("%v is believed alive, its end was recorded", h.Key)
		case p == nil && h.Stopping:
			p = &process{key: h.Key, epoch: h.Epoch}
			r.attempts[h.Key] = p
			r.started[h.Key]++
			r.end(p, executor.Report{Code: freshet.CodeLost, Reason: "never started"})
		case p == nil:
			start = append(start, h.Key)
		default:
			if p.told {
				r.tell(p.start())
			}
			if p.end != nil {
				r.tell(*p.end)
			} else if h.Stopping && !p.stopping {
				p.stopping = true
				r.end(p, executor.Report{ExitCode: 143})
			}
		}
	}
	for k, p := range r.attempts {
		if !known[k] && p.end == nil {
			r.fault("%v runs, and no store knows it", k)
		}
		if !known[k] {
			delete(r.attempts, k) // its end is recorded, or nobody wants it
		}
	}
	return start, nil
}

func (f *face) Release(_ context.Context, keys []freshet.Key) error {
	r := f.room
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		if p := r.attempts[k]; p != nil && p.end == nil {
			r.fault("%v is released while it runs", k)
		}
		delete(r.attempts, k)
	}
	return nil
}

// live finds the process of a task, or of name[3], that has not ended.
func (r *Room) live(run int64, task string) *process {
	name, item, err := freshet.ParseTaskName(task)
	if err != nil {
		return nil
	}
	for k, p := range r.attempts {
		if k.Run == run && k.Task == name && k.Item == item && p.end == nil {
			return p
		}
	}
	return nil
}

// Items are the names of a task's items that live, in order.
func (r *Room) Items(run int64, task string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var items []int
	for k, p := range r.attempts {
		if k.Run == run && k.Task == task && k.Item != freshet.NoItem && p.end == nil {
			items = append(items, k.Item)
		}
	}
	slices.Sort(items)
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = freshet.TaskName(task, item)
	}
	return names
}

// Living lists the attempts that have not ended.
func (r *Room) Living() []freshet.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []freshet.Key
	for k, p := range r.attempts {
		if p.end == nil {
			list = append(list, k)
		}
	}
	return list
}

// End lets the live process of a task end; false: there is none.
func (r *Room) End(run int64, task string, report executor.Report) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.live(run, task)
	if p == nil {
		return false
	}
	if report.Code == "" && report.ExitCode == 0 {
		report.Outputs = p.outputs
	}
	r.end(p, report)
	return true
}

// Repeat reports again what is known of a random part of the attempts, oldest
// facts last: messages get lost, are repeated and overtake each other.
func (r *Room) Repeat(choose func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range sortedKeys(r.attempts) {
		p := r.attempts[k]
		if !choose() {
			continue
		}
		if p.end != nil {
			r.tell(*p.end)
		}
		if p.told {
			r.tell(p.start())
		}
	}
}

// note is what a story says of a live process: its outputs, or that its start
// is reported now.
func (r *Room) note(run int64, task, verb, arg string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.live(run, task)
	if p == nil {
		return fmt.Errorf("run %d has no process of it", run)
	}
	if verb == "started" {
		p.told, p.began = true, time.Now()
		r.tell(p.start())
		return nil
	}
	name, value, ok := strings.Cut(arg, "=")
	if !ok {
		return fmt.Errorf("output name=value")
	}
	if p.outputs == nil {
		p.outputs = map[string]string{}
	}
	p.outputs[name] = value
	return nil
}
