package server_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
	"github.com/freshet/freshet/internal/store/sqlite"
)

var (
	kills = flag.Int("kills", 20, "how often the crash test kills the server")
	seed  = flag.Uint64("crash-seed", 1, "of the moments at which it does")
)

const (
	crashFlows     = 20
	crashTasks     = 22 // of each: a chain, whose first task an event starts again and again
	crashListeners = 1000
	crashEvents    = 200 // at most, between two kills: always more than a moment needs
)

// TestCrash kills the real server at random moments while runs go on, wait for
// places, items, answers and each other, events arrive and one event concerns
// a thousand runs, and audits what is left by journal, ledger and side effects.
func TestCrash(t *testing.T) {
	home := newHome(t)
	effects := filepath.Join(t.TempDir(), "effects")
	p := serve(t, home)
	var flows []string
	for i := range crashFlows {
		flows = append(flows, crashFlow(i, effects))
	}
	flows = append(flows, "name: listener\ntasks:\n  t: {start: {event: boom}, expr: {x: run.id}}\n")
	p.keep(append(flows, mixedFlows(effects)...)...)
	var runs, mixed []int64
	for i := range crashFlows {
		runs = append(runs, p.start(fmt.Sprintf("flow%d", i)))
	}
	listeners := startMany(t, p, crashListeners)
	for range mixedRuns {
		mixed = append(mixed, p.start("mixed"))
	}

	sender := newSender(p)
	rng := rand.New(rand.NewPCG(*seed, 0))
	boom := *kills / 2
	for i := range *kills {
		// A moment is a number of journal entries from now.
		n := 1 + rng.IntN(60)
		sender.go_(p.Client, i == boom)
		stop := approve(p.Client)
		p.until(client.FeedQuery{From: client.FromNow}, func(freshet.Message) bool { n--; return n <= 0 })
		p.kill()
		sender.stop()
		stop()
		p = serve(t, home)
	}
	defer approve(p.Client)()
	for _, id := range slices.Concat(runs, mixed, listeners) {
		if r := p.wait(id); r.Status != freshet.Success {
			t.Errorf("run %d of %s ended %s: %s", r.ID, r.Workflow, r.Status, r.Reason)
		}
	}
	p.end()
	a := audit{t: t, ctx: context.Background(), effects: readEffects(t, effects)}
	a.run(filepath.Join(home, "freshet.db"), sender.acked, runs, listeners, mixed)
	a.limits(places(effects))
}

// crashFlow is a chain; its first task also runs once for each event poke.
// The last stops the run when it has run as often as there are pokes.
func crashFlow(i int, effects string) string {
	var y strings.Builder
	fmt.Fprintf(&y, "name: flow%d\ntasks:\n", i)
	line := fmt.Sprintf(`echo "$FRESHET_RUN_ID $FRESHET_TASK $FRESHET_SEQ $FRESHET_TRY" >> %s`, effects)
	fmt.Fprintf(&y, "  poked: {optional: true, start: {event: poke%d, busy: queue}, bash: '%s'}\n", i, line)
	for j := range crashTasks - 1 {
		after := ""
		if j > 0 {
			after = fmt.Sprintf("after: t%d, ", j-1)
		}
		fmt.Fprintf(&y, "  t%d: {%sbash: '%s; sleep 0.1'}\n", j, after, line)
	}
	return y.String()
}

func startMany(t *testing.T, p *process, n int) []int64 {
	ids := make([]int64, n)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				ids[i] = p.start("listener")
			}
		})
	}
	wg.Wait()
	slices.Sort(ids)
	return ids
}

// sender sends events with ids of their own until it is stopped, and
// remembers those that were acknowledged.
type sender struct {
	acked map[string]int64 // id -> offset
	n     int
	boom  bool // still to be acknowledged
	done  chan struct{}
	end   context.CancelFunc
}

func newSender(*process) *sender { return &sender{acked: map[string]int64{}} }

func (s *sender) go_(c *client.Client, boom bool) {
	s.boom = s.boom || boom
	ctx, cancel := context.WithCancel(context.Background())
	s.end, s.done = cancel, make(chan struct{})
	go func() {
		defer close(s.done)
		if s.boom {
			if r, err := c.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "boom", ID: "boom"}); err == nil {
				s.acked["boom"], s.boom = r.Offset, false
			}
		}
		for range crashEvents {
			id := fmt.Sprint("e", s.n)
			r, err := c.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: fmt.Sprint("poke", s.n%crashFlows), ID: id, Value: id})
			if err != nil {
				return // it is sent again, with the same id, after the restart
			}
			s.acked[id] = r.Offset
			s.n++
		}
	}()
}

// stop ends the sender: the server is gone.
func (s *sender) stop() {
	s.end()
	<-s.done
}

func readEffects(t *testing.T, path string) map[string]int {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for line := range strings.Lines(string(raw)) {
		count[strings.TrimSpace(line)]++
	}
	return count
}

// audit compares what was promised with what is on disk.
type audit struct {
	t       *testing.T
	ctx     context.Context
	effects map[string]int
	st      *sqlite.Store
}

func (a *audit) run(path string, acked map[string]int64, runs, listeners, mixed []int64) {
	var err error
	if a.st, err = sqlite.Open(a.ctx, path, sqlite.Options{}); err != nil {
		a.t.Fatal(err)
	}
	defer a.st.Close()
	events := a.journal()
	for id, offset := range acked {
		if events[id] != offset {
			a.t.Errorf("event %s was acknowledged at offset %d; the journal has it at %d", id, offset, events[id])
		}
	}
	a.decidedOnce(acked["boom"], listeners)
	done := 0
	for _, run := range runs {
		done += a.executions(run)
	}
	for _, run := range mixed {
		done += a.mixed(run)
	}
	a.calls(mixed)
	a.sound()
	for line, n := range a.effects {
		if n != 1 {
			a.t.Errorf("%q happened %d times", line, n)
		}
	}
	if done != len(a.effects) {
		a.t.Errorf("%d executions succeeded, %d had an effect", done, len(a.effects))
	}
	a.t.Logf("%d events, %d executions with effects", len(events), done)
}

// journal reads all of it and returns the events by id.
func (a *audit) journal() map[string]int64 {
	events := map[string]int64{}
	for after := int64(0); ; {
		page, err := a.st.Journal(a.ctx, after, 1000)
		if err != nil {
			a.t.Fatal(err)
		}
		for _, e := range page {
			if after = e.Offset; e.Kind == machine.EventHappened && e.Event.ID != "" {
				if old, twice := events[e.Event.ID]; twice {
					a.t.Errorf("event %s is in the journal at %d and at %d", e.Event.ID, old, e.Offset)
				}
				events[e.Event.ID] = e.Offset
			}
		}
		if len(page) < 1000 {
			return events
		}
	}
}

// decidedOnce checks that an event has exactly one outcome for each run.
func (a *audit) decidedOnce(offset int64, runs []int64) {
	if offset == 0 {
		a.t.Fatal("the event that concerns a thousand runs was never acknowledged")
	}
	rows, err := a.st.LedgerOf(a.ctx, offset, 10*len(runs))
	if err != nil {
		a.t.Fatal(err)
	}
	var decided []int64
	for _, r := range rows {
		if len(r.Outcomes) != 1 || r.Outcomes[0].Result != freshet.Fired || r.Outcomes[0].Action != "start" {
			a.t.Errorf("run %d made %+v of the event", r.Run, r.Outcomes)
		}
		decided = append(decided, r.Run)
	}
	slices.Sort(decided)
	if !slices.Equal(decided, runs) {
		a.t.Errorf("the event was decided for %d runs, %d listened", len(decided), len(runs))
	}
}

// executions checks those of one run against their effects, and counts them.
func (a *audit) executions(run int64) int {
	list, err := a.st.Executions(a.ctx, store.ExecutionFilter{Run: run, AllTries: true})
	if err != nil {
		a.t.Fatal(err)
	}
	pokes := 0
	for _, x := range list {
		line := fmt.Sprintf("%d %s %d %d", x.RunID, x.Task, x.Seq, x.Try)
		if x.Status != freshet.Success || a.effects[line] != 1 {
			a.t.Errorf("%s ended %s (%s) and had %d effects", line, x.Status, x.Reason, a.effects[line])
		}
		if x.Task == "poked" {
			pokes++
		}
	}
	if len(list)-pokes != crashTasks-1 {
		a.t.Errorf("run %d has %d executions of its chain", run, len(list)-pokes)
	}
	return len(list)
}

// TestKeeperKilled kills the keeper under load: nothing runs twice, and what
// it held is made sure dead and named lost.
func TestKeeperKilled(t *testing.T) {
	home := newHome(t)
	effects := filepath.Join(t.TempDir(), "effects")
	p := serve(t, home)
	var y strings.Builder
	y.WriteString("name: many\ntasks:\n")
	for i := range 6 {
		fmt.Fprintf(&y, "  t%d: {bash: 'echo \"$FRESHET_TASK $FRESHET_SEQ $FRESHET_TRY\" >> %s; sleep 300'}\n", i, effects)
	}
	fmt.Fprintf(&y, "  again: {retries: {limit: 1, delay: 1s}, bash: 'echo \"$FRESHET_TASK $FRESHET_SEQ $FRESHET_TRY\" >> %s; test $FRESHET_TRY = 2 || sleep 300'}\n", effects)
	p.keep(y.String())
	run := p.start("many")
	n := 0
	p.until(client.FeedQuery{Run: run, Kinds: []string{"started"}}, func(freshet.Message) bool { n++; return n == 7 })
	keeper := keeperOf(home)
	pids := childrenOf(keeper)
	if len(pids) != 7 {
		t.Fatalf("the keeper has %d processes", len(pids))
	}
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r := p.wait(run)
	if r.Status != freshet.Failed || r.Code != freshet.CodeLost {
		t.Errorf("the run ended %s, %s: %s", r.Status, r.Code, r.Reason)
	}
	list, err := p.Tasks(t.Context(), run, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		switch {
		case x.Task == "again" && (x.Status != freshet.Success || x.Try != 2):
			t.Errorf("again is %s at try %d", x.Status, x.Try)
		case x.Task != "again" && (x.Status != freshet.Failed || x.Code != freshet.CodeLost):
			t.Errorf("%s is %s, %s", x.Task, x.Status, x.Code)
		}
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d outlived its keeper", pid)
		}
	}
	for line, n := range readEffects(t, effects) {
		if n != 1 {
			t.Errorf("%q happened %d times", line, n)
		}
	}
}
