package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/simtest/wild"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// history is one random history of a whole control plane.
type history struct {
	t     testing.TB
	w     *World
	rng   *rand.Rand
	began time.Time
	flows []string

	crowded bool // tasks have few places, and call each other

	wg sync.WaitGroup // clients

	mu     sync.Mutex
	events map[string]freshet.EventResult // acknowledged, by id
	values map[string]string              // sent, by id
	runs   map[string]int64               // acknowledged starts, by key
	next   int                            // ids
	sweeps bool                           // what is old is removed now and then; what is sent again may be new then
	story  strings.Builder                // what happened
}

// newHistory makes a world with a few random workflows.
func newHistory(t testing.TB, dir string, seed uint64) *history {
	h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 7)), began: time.Now(),
		events: map[string]freshet.EventResult{}, values: map[string]string{}, runs: map[string]int64{}}
	h.crowded = h.rng.IntN(2) == 0
	slots := 1 + h.rng.IntN(4)
	rows := []int{0, 1, 3, 10}[h.rng.IntN(4)]
	h.w = NewWorld(t, dir, slots, rows)
	for i := range 1 + h.rng.IntN(3) {
		name := fmt.Sprintf("w%d", i)
		h.flows = append(h.flows, name)
		source := h.workflow(name)
		fmt.Fprintf(&h.story, "-- %s.yaml --\n%s", name, source)
		if err := h.w.Upload(name+".yaml", source); err != nil {
			t.Fatalf("upload: %v\n%s", err, source)
		}
	}
	fmt.Fprintf(&h.story, "-- story --\nslots %d\nrows %d\n", slots, rows)
	return h
}

func (h *history) workflow(name string) string {
	at := int(name[1] - '0')
	o := wild.Options{Name: name, Concurrency: true, Calm: true, Time: true, After: h.flows[:min(at, len(h.flows))]}
	if o.Namespace = namespaceOf(name); o.Namespace != freshet.DefaultNamespace {
		o.After = nil
	}
	o.Kinds, o.Crowded = true, h.crowded
	if h.crowded { // what calls and is started by the end of what it calls goes round
		o.Calls, o.After = o.After, nil
	}
	for {
		source := wild.Workflow(h.rng.IntN, o)
		if flows, diags := spec.Parse("w.yaml", []byte(source)); len(flows) == 1 && !diags.HasErrors() {
			return source
		}
	}
}

// namespaceOf is where a workflow stands: the third has another namespace.
func namespaceOf(name string) string {
	if name == "w2" {
		return "other"
	}
	return freshet.DefaultNamespace
}

// note writes a line of the story.
func (h *history) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(&h.story, "at %s %s\n", time.Since(h.began).Round(time.Millisecond), fmt.Sprintf(format, args...))
}

// play lets n random things happen.
func (h *history) play(n int) {
	for range n {
		h.step()
		if h.sweeps && h.rng.IntN(3) == 0 {
			h.sweep()
		}
		switch h.rng.IntN(3) {
		case 0:
			h.w.Settle()
		case 1:
			synctest.Wait()
		}
		if h.w.Disk.Dead() {
			h.note("crash")
			h.w.Crash()
		}
	}
}

func (h *history) step() {
	switch n := h.rng.IntN(48); {
	case n >= 40:
		h.keep(n - 40)
	case n < 5 && h.crowded:
		h.start()
	case n < 10:
		h.event()
	case n < 12: // several in the same moment
		for range 2 + h.rng.IntN(6) {
			h.event()
		}
	case n < 15:
		h.start()
	case n < 26:
		h.exit()
	case n < 29:
		time.Sleep(time.Duration(h.rng.IntN(4000)) * time.Millisecond)
	case n == 29:
		h.note("# the clock jumps an hour")
		time.Sleep(time.Hour)
	case n == 30:
		if back := time.Duration(h.rng.IntN(2)*h.rng.IntN(30)) * time.Second; back > 0 {
			h.note("# the clock jumps back %s", back)
			h.w.Spoil = func(s *store.Snapshot) { s.Cursor.Time = s.Cursor.Time.Add(back) }
		}
		h.note("crash")
		h.w.Crash()
	case n < 34:
		h.plan()
	case n < 36:
		h.note("# reports are lost and come again")
		h.w.Room.Repeat(func() bool { return h.rng.IntN(2) == 0 })
	case n == 36:
		h.stopRun()
	case n == 37:
		name := h.flows[h.rng.IntN(len(h.flows))]
		source := h.workflow(name)
		h.note("# upload\n#%s", strings.ReplaceAll(source, "\n", "\n#"))
		h.client(func(ctx context.Context) error { return h.upload(name, source) })
	default:
		h.command()
	}
}

// plan says what befalls the next commits.
func (h *history) plan() {
	words := map[Fault]string{None: "works", FailBefore: "fails", FailAfter: "fails-after", CrashBefore: "crashes", CrashAfter: "crashes-after", Slow: "works"}
	var faults []Fault
	var said []string
	for range h.rng.IntN(3) {
		faults = append(faults, None)
		said = append(said, words[None])
	}
	f := []Fault{FailBefore, FailAfter, CrashBefore, CrashAfter, Slow}[h.rng.IntN(5)]
	h.w.Disk.Plan(h.rng.IntN(3), append(faults, f)...)
	h.note("commit %s", strings.Join(append(said, words[f]), " "))
}

// client does something with patience: until a server that lives has
// answered.
func (h *history) client(do func(ctx context.Context) error) {
	h.wg.Go(func() {
		for {
			_, disk := h.w.Door()
			if disk.Dead() { // nobody to ask
				time.Sleep(time.Second)
				continue
			}
			err := do(context.Background())
			if !disk.Dead() && (err == nil || freshet.CodeOf(err) != freshet.Unavailable &&
				freshet.CodeOf(err) != freshet.Unreachable && freshet.CodeOf(err) != freshet.Internal) {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// event sends an event, with an id of its own.
func (h *history) event() {
	h.next++
	r := freshet.EventRequest{ID: fmt.Sprintf("id%d", h.next), Key: wild.Keys[h.rng.IntN(len(wild.Keys))], Value: fmt.Sprint(h.rng.IntN(4)),
		Sender: []string{"", "someone"}[h.rng.IntN(2)]}
	if h.rng.IntN(3) == 0 {
		r.Key = wild.Outside[h.rng.IntN(len(wild.Outside))]
	}
	if h.rng.IntN(3) == 0 {
		r.RunID = int64(1 + h.rng.IntN(4))
	}
	run, namespace := "", namespaceOf(h.flows[h.rng.IntN(len(h.flows))])
	if r.RunID != 0 {
		run = fmt.Sprintf(" run %d", r.RunID)
	}
	h.note("event %s/%s %s%s id %s", namespace, r.Key, r.Value, run, r.ID)
	repeat := h.rng.IntN(4) == 0
	h.client(func(context.Context) error {
		door, disk := h.w.Door()
		results, errs, err := door.Send(context.Background(), namespace, []freshet.EventRequest{r})
		if err == nil && errs[0] != nil {
			err = errs[0]
		}
		if err != nil || disk.Dead() {
			return err
		}
		h.acknowledged(r, results[0])
		if repeat {
			repeat = false
			return freshet.Errorf(freshet.Unavailable, "send it once more")
		}
		return nil
	})
}

// acknowledged notes where an event stands; the same event always has the
// same place.
func (h *history) acknowledged(r freshet.EventRequest, result freshet.EventResult) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old, ok := h.events[r.ID]; ok && old.Offset != result.Offset && !h.sweeps {
		h.t.Errorf("event %s was acknowledged at offset %d and at %d", r.ID, old.Offset, result.Offset)
	}
	if result.Offset == 0 {
		h.t.Errorf("event %s was acknowledged without an offset", r.ID)
	}
	h.events[r.ID], h.values[r.ID] = result, r.Value
}

// start starts a run, with an idempotence key.
func (h *history) start() {
	h.next++
	name, key := h.flows[h.rng.IntN(len(h.flows))], fmt.Sprintf("key%d", h.next)
	var request freshet.RunRequest
	later := ""
	if h.rng.IntN(4) == 0 {
		at := time.Now().Add(time.Duration(h.rng.IntN(3000)) * time.Second / 100)
		request.At, later = &at, " at "+at.Sub(h.began).String()
	}
	h.note("start %s.%s key %s%s", namespaceOf(name), name, key, later)
	h.client(func(ctx context.Context) error {
		door, disk := h.w.Door()
		run, err := door.StartRun(ctx, namespaceOf(name), name, key, request)
		if err != nil || disk.Dead() {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if old, ok := h.runs[key]; ok && old != run && !h.sweeps {
			h.t.Errorf("start %s made run %d and run %d", key, old, run)
		}
		h.runs[key] = run
		return nil
	})
}

func (h *history) stopRun() {
	run := int64(1 + h.rng.IntN(6))
	h.note("stop run %d", run)
	h.client(func(ctx context.Context) error {
		door, _ := h.w.Door()
		return door.StopRun(ctx, run)
	})
}

func (h *history) command() {
	run := int64(1 + h.rng.IntN(4))
	if h.rng.IntN(3) == 0 {
		h.answer(run)
		return
	}
	kind := []machine.Kind{machine.StartTask, machine.StopTask, machine.RestartTask}[h.rng.IntN(3)]
	task := string(rune('a' + h.rng.IntN(5)))
	h.note("run %d task %s %s", run, strings.TrimPrefix(string(kind), "task_"), task)
	h.client(func(ctx context.Context) error {
		door, _ := h.w.Door()
		_, err := door.Task(ctx, run, task, kind)
		return err
	})
}

// answer answers an approval, of an item perhaps.
func (h *history) answer(run int64) {
	task := string(rune('a' + h.rng.IntN(5)))
	if h.rng.IntN(3) == 0 {
		task = freshet.TaskName(task, h.rng.IntN(3))
	}
	yes := h.rng.IntN(2) == 0
	h.note("run %d %s %s", run, map[bool]string{true: "approve", false: "reject"}[yes], task)
	h.client(func(ctx context.Context) error {
		door, _ := h.w.Door()
		_, err := door.Answer(ctx, run, task, yes, "")
		return err
	})
}

func (h *history) upload(name, source string) error {
	door, _ := h.w.Door()
	_, err := door.Upload(context.Background(), freshet.DefaultNamespace,
		freshet.UploadRequest{Documents: []freshet.Document{{Name: name + ".yaml", Source: source}}})
	return err
}

// exit lets a random process end.
func (h *history) exit() {
	living := h.w.Room.Living()
	if len(living) == 0 {
		return
	}
	sortKeys(living)
	k := living[h.rng.IntN(len(living))]
	code := []int{0, 0, 0, 1}[h.rng.IntN(4)]
	name := freshet.TaskName(k.Task, k.Item)
	if h.rng.IntN(10) == 0 {
		h.note("run %d task %s: lost", k.Run, name)
		h.w.Room.End(k.Run, name, executor.Report{Code: freshet.CodeLost, Reason: "lost"})
		return
	}
	h.note("run %d task %s: exit %d", k.Run, name, code)
	h.w.Room.End(k.Run, name, executor.Report{ExitCode: code})
}

// calm lets everything be delivered: no fault is planned any more, every
// client gets its answer, and every process comes to an end, for a while.
func (h *history) calm() {
	h.w.Disk.Calm()
	h.w.Settle()
	if h.w.Disk.Dead() {
		h.note("crash")
		h.w.Crash()
	}
	time.Sleep(20 * time.Second)
	h.w.Settle()
	h.wg.Wait()
	for range 12 {
		living := h.w.Room.Living()
		sortKeys(living)
		for _, k := range living {
			name := freshet.TaskName(k.Task, k.Item)
			h.note("run %d task %s: exit 0", k.Run, name)
			h.w.Room.End(k.Run, name, executor.Report{})
		}
		time.Sleep(10 * time.Second)
		h.w.Settle()
	}
}

// stopAll ends all runs, whatever they wait for.
func (h *history) stopAll() {
	for range 5 {
		runs, err := h.w.Runs()
		if err != nil {
			h.t.Fatalf("runs: %v", err)
		}
		open := 0
		for _, r := range runs {
			if !r.Status.Final() {
				open++
				h.w.Inbox.StopRun(context.Background(), r.ID)
			}
		}
		if open == 0 {
			return
		}
		h.w.Settle()
	}
	h.t.Errorf("stopped runs do not end")
}
