package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/store/sqlite"
)

func startUp(ctx context.Context, b *bench) error {
	var took []time.Duration
	for range 6 {
		s, t, err := b.serve(ctx, "start")
		if err != nil {
			return err
		}
		if len(took) == 5 {
			rss, err := s.memory()
			if err != nil {
				return err
			}
			b.add("idle memory", fmt.Sprintf("%.1f MB", float64(rss)/1e6), "", "under 40 MB", rss < 40e6)
		}
		took = append(took, t)
		if err := s.stop(); err != nil {
			return err
		}
	}
	t := quantile(took[1:], 0.5) // the first made the database
	b.add("server start, existing home", ms(t), "", "under 150 ms", t < 150*time.Millisecond)
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.add("binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "", "", true)
	return nil
}

func chain(ctx context.Context, b *bench) error {
	var yaml strings.Builder
	yaml.WriteString("name: chain\ntasks:\n  t0: {command: [\"true\"]}\n")
	for i := 1; i < 100; i++ {
		fmt.Fprintf(&yaml, "  t%d: {after: t%d, command: [\"true\"]}\n", i, i-1)
	}
	t, err := b.repeat(ctx, "chain", yaml.String(), 5)
	if err != nil {
		return err
	}
	b.add("chain of 100 `true`", ms(t), ms(b.chain)+", "+times(t, b.chain), "2.5 x (goal 2)", t <= b.chain*5/2)
	return nil
}

func fanOut(ctx context.Context, b *bench) error {
	var yaml strings.Builder
	yaml.WriteString("name: fan\ntasks:\n")
	for i := range 500 {
		fmt.Fprintf(&yaml, "  t%d: {command: [\"true\"]}\n", i)
	}
	t, err := b.repeat(ctx, "fan", yaml.String(), 5)
	if err != nil {
		return err
	}
	b.add("fan-out of 500 `true`", ms(t), ms(b.fanOut)+", "+times(t, b.fanOut), "1.3 x (goal 1)", t <= b.fanOut*13/10)
	return nil
}

// repeat runs a workflow a few times on a server of its own, after one run
// that is not counted, and returns the median.
func (b *bench) repeat(ctx context.Context, name, yaml string, n int) (time.Duration, error) {
	s, _, err := b.serve(ctx, name)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	if err := s.keep(ctx, yaml); err != nil {
		return 0, err
	}
	var took []time.Duration
	for range n + 1 {
		t, err := s.run(ctx, name)
		if err != nil {
			return 0, err
		}
		took = append(took, t)
	}
	return quantile(took[1:], 0.5), nil
}

func eventToProcess(ctx context.Context, b *bench) error {
	s, _, err := b.serve(ctx, "event")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.keep(ctx, "name: listen\nends: never\ntasks:\n  t: {start: {event: go, busy: queue}, command: [\"true\"]}\n"); err != nil {
		return err
	}
	r, err := s.start(ctx, "listen")
	if err != nil {
		return err
	}
	var took []time.Duration
	ended := make(chan struct{}, 1)
	feedCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	go s.Feed(feedCtx, client.FeedQuery{From: client.FromNow, Run: r.ID, Kinds: []string{"ended"}}, func(freshet.Message) error {
		ended <- struct{}{}
		return nil
	})
	var sent []time.Time
	for range 520 {
		sent = append(sent, time.Now())
		if _, err := s.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "go"}); err != nil {
			return err
		}
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			return fmt.Errorf("nothing ended")
		}
	}
	tries, err := s.Task(ctx, r.ID, "t")
	if err != nil {
		return err
	}
	for _, x := range tries {
		if x.Seq > 20 && x.Seq <= len(sent) {
			took = append(took, x.StartedAt.Sub(sent[x.Seq-1]))
		}
	}
	if len(took) < 500 {
		return fmt.Errorf("only %d starts are listed", len(took))
	}
	p50, p99 := quantile(took, 0.5), quantile(took, 0.99)
	floor := 3*b.fsync + 2*b.exec
	b.add("event sent to process started, p50", ms(p50), ms(floor)+" = 3 fsync + 2 exec", "at most that", p50 <= floor)
	b.add("event sent to process started, p99", ms(p99), "", "", true)
	return nil
}

func threeExprs(ctx context.Context, b *bench) error {
	s, _, err := b.serve(ctx, "expr")
	if err != nil {
		return err
	}
	defer s.stop()
	err = s.keep(ctx, `name: steps
parameters: {n: {type: integer, default: 4}}
tasks:
  a: {expr: {x: params.n + 1}}
  b: {after: a, expr: {x: tasks.a.outputs.x * 2}}
  c: {after: b, expr: {x: tasks.b.outputs.x - 3}}
`)
	if err != nil {
		return err
	}
	var took []time.Duration
	for i := range 320 {
		t, err := s.run(ctx, "steps")
		if err != nil {
			return err
		}
		if i >= 20 {
			took = append(took, t)
		}
	}
	p50, p95 := quantile(took, 0.5), quantile(took, 0.95)
	gate := 4*b.fsync + 2*time.Millisecond
	b.add("three expr steps, median", ms(p50), ms(gate)+" = 4 fsync + 2 ms", "at most that", p50 <= gate)
	b.add("three expr steps, p95", ms(p95), "", "", true)
	const runs = 2000
	begin := time.Now()
	if err := together(50, runs, func() error { _, err := s.run(ctx, "steps"); return err }); err != nil {
		return err
	}
	rate := runs / time.Since(begin).Seconds()
	b.add("the same, 50 at once", fmt.Sprintf("%.0f runs/s", rate), "", "500 runs/s (goal 1,000)", rate >= 500)
	return nil
}

// together calls f n times, so many at once.
func together(workers, n int, f func() error) error {
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	failed := make(chan error, workers)
	for range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func eventRate(ctx context.Context, b *bench) error {
	s, _, err := b.serve(ctx, "events")
	if err != nil {
		return err
	}
	defer s.stop()
	const single = 2000
	begin := time.Now()
	for range single {
		if _, err := s.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "reading", Value: `{"x": 1}`}); err != nil {
			return err
		}
	}
	b.add("events, one by one", fmt.Sprintf("%.0f /s", single/time.Since(begin).Seconds()), "", "", true)
	list := make([]freshet.EventRequest, 100)
	for i := range list {
		list[i] = freshet.EventRequest{Key: "reading", Value: `{"x": 1}`}
	}
	const batches = 1000
	begin = time.Now()
	err = together(8, batches, func() error {
		_, err := s.SendEvents(ctx, freshet.DefaultNamespace, list)
		return err
	})
	if err != nil {
		return err
	}
	rate := 100 * batches / time.Since(begin).Seconds()
	b.add("events, batches of 100", fmt.Sprintf("%.0f /s", rate), "", "20,000/s (goal 50,000)", rate >= 20000)
	return nil
}

func layers(ctx context.Context, b *bench) error {
	const deep, wide = 100, 100
	var yaml strings.Builder
	yaml.WriteString("name: layers\ntasks:\n")
	for i := range deep * wide {
		if i < wide {
			fmt.Fprintf(&yaml, "  t%d: {command: [\"true\"]}\n", i)
			continue
		}
		up := i - wide
		fmt.Fprintf(&yaml, "  t%d: {after: [t%d, t%d], command: [\"true\"]}\n", i, up, up/wide*wide+(up+1)%wide)
	}
	s, _, err := b.serve(ctx, "layers")
	if err != nil {
		return err
	}
	if err := s.keep(ctx, yaml.String()); err != nil {
		return err
	}
	before, err := s.Server(ctx)
	if err != nil {
		return err
	}
	t, err := s.run(ctx, "layers")
	if err != nil {
		return err
	}
	after, err := s.Server(ctx)
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	const n = deep * wide
	writing := time.Duration((after.WritingSeconds - before.WritingSeconds) * float64(time.Second))
	b.add("10,000 tasks in layers", fmt.Sprintf("%.1f s", t.Seconds()), ms(n/500*b.fanOut)+", "+times(t, n/500*b.fanOut), "", true)
	b.add("  of it the writer", fmt.Sprintf("%.1f s", writing.Seconds()),
		fmt.Sprintf("%d commits, %.0f µs per execution", after.Commits-before.Commits, float64(writing.Microseconds())/n), "", true)
	st, err := sqlite.Open(ctx, filepath.Join(s.home, "freshet.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer st.Close()
	size, err := st.Size(ctx)
	if err != nil {
		return err
	}
	var rows int64
	for _, k := range size.Rows {
		rows += k
	}
	b.add("  stored per execution", fmt.Sprintf("%.1f rows, %.0f bytes", float64(rows)/n, float64(size.Bytes)/n), "", "", true)
	return nil
}
