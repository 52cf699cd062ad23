package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// rules sends events that one trigger listens to, beside ever more triggers
// that listen to others: the cost of an event must not depend on those.
func rules(ctx context.Context, b *bench) error {
	s, _, err := b.serve(ctx, "rules")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.keep(ctx, "name: target\non: {event: go}\ntasks: {t: {expr: {x: \"1\"}}}\n"); err != nil {
		return err
	}
	var few time.Duration
	have := 0
	for _, n := range []int{10, 1000, 100_000} {
		if err := s.fill(ctx, have, n, func(i int) string { return fmt.Sprintf("{event: other%d}", i) }); err != nil {
			return err
		}
		have = n
		acked, ended, err := s.eventToEnd(ctx, 200)
		if err != nil {
			return err
		}
		if few == 0 {
			few = ended
		}
		b.add(fmt.Sprintf("event to the end of the run it starts, %d rules", n), ms(ended),
			fmt.Sprintf("acknowledged after %s; fsync %s", ms(acked), ms(b.fsync)), "flat: 1.5 x that of 10", ended <= few*3/2)
	}
	return nil
}

// fillers is how many triggers stand in one file of fill.
const fillers = 500

// fill brings the number of triggers beside those measured from have to want.
func (s *served) fill(ctx context.Context, have, want int, entry func(int) string) error {
	for have < want {
		n := min(fillers, want-have)
		var yaml strings.Builder
		fmt.Fprintf(&yaml, "name: filler%d\non:\n", have)
		for i := range n {
			fmt.Fprintf(&yaml, "  - %s\n", entry(have+i))
		}
		yaml.WriteString("tasks: {t: {expr: {x: \"1\"}}}\n")
		if err := s.keep(ctx, yaml.String()); err != nil {
			return err
		}
		have += n
	}
	return nil
}

// eventToEnd is how long it takes, at the median, until an event is
// acknowledged, and until the run that it starts is known to have ended.
func (s *served) eventToEnd(ctx context.Context, n int) (acked, ended time.Duration, err error) {
	feedCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{}, n)
	go s.Feed(feedCtx, client.FeedQuery{From: client.FromNow, Kinds: []string{"run_ended"}}, func(freshet.Message) error {
		over <- struct{}{}
		return nil
	})
	var acks, ends []time.Duration
	for i := range n + 20 {
		begin := time.Now()
		if _, err := s.SendEvent(ctx, freshet.DefaultNamespace, freshet.EventRequest{Key: "go"}); err != nil {
			return 0, 0, err
		}
		ack := time.Since(begin)
		select {
		case <-over:
		case <-time.After(5 * time.Second):
			if i > 0 { // the feed may not have been open for the first
				return 0, 0, fmt.Errorf("event %d started nothing", i)
			}
		}
		if i >= 20 {
			acks, ends = append(acks, ack), append(ends, time.Since(begin))
		}
	}
	return quantile(acks, 0.5), quantile(ends, 0.5), nil
}

// schedules starts a server on a home with a hundred thousand schedules.
func schedules(ctx context.Context, b *bench) error {
	const many = 100_000
	s, _, err := b.serve(ctx, "schedules")
	if err != nil {
		return err
	}
	err = s.fill(ctx, 0, many, func(i int) string {
		return fmt.Sprintf("{schedule: \"%d %d 1 1 *\", timezone: Europe/Paris}", i%60, i/60%24)
	})
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	s, t, err := b.serve(ctx, "schedules")
	if err != nil {
		return err
	}
	rss, err := s.memory()
	if err != nil {
		return err
	}
	b.add("server start with 100,000 schedules", ms(t), fmt.Sprintf("%.0f MB", float64(rss)/1e6), "under 2 s", t < 2*time.Second)
	return s.stop()
}

// due lets ten thousand schedules come due in the same instant, and waits until
// the run of each is over.
func due(ctx context.Context, b *bench) error {
	const many = 10_000
	s, _, err := b.serve(ctx, "due")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.fill(ctx, 0, many, func(int) string { return "{schedule: \"* * * * *\"}" }); err != nil {
		return err
	}
	before, err := s.Server(ctx)
	if err != nil {
		return err
	}
	tick := time.Now().Truncate(time.Minute).Add(time.Minute)
	if time.Until(tick) < 3*time.Second {
		tick = tick.Add(time.Minute)
	}
	feedCtx, cancel := context.WithDeadline(ctx, tick.Add(50*time.Second))
	defer cancel()
	var first, last time.Time
	ended := 0
	err = s.Feed(feedCtx, client.FeedQuery{From: client.FromNow, Kinds: []string{"run_ended"}}, func(freshet.Message) error {
		if time.Now().Before(tick) {
			return nil // of the minute before
		}
		if ended++; ended == 1 {
			first = time.Now()
		}
		if last = time.Now(); ended == many {
			cancel()
		}
		return nil
	})
	if ended != many {
		return fmt.Errorf("%d of %d runs ended: %v", ended, many, err)
	}
	after, err := s.Server(ctx)
	if err != nil {
		return err
	}
	b.add("10,000 schedules due at once, until the first run is over", ms(first.Sub(tick)), "", "", true)
	b.add("10,000 schedules due at once, until all runs are over", fmt.Sprintf("%.1f s", last.Sub(tick).Seconds()),
		fmt.Sprintf("%d commits", after.Commits-before.Commits), "", true)
	return nil
}

// why asks about a run of ten thousand tasks.
func why(ctx context.Context, b *bench) error {
	s, _, err := b.serve(ctx, "why")
	if err != nil {
		return err
	}
	defer s.stop()
	var yaml strings.Builder
	yaml.WriteString("name: wide\ntasks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&yaml, "  t%d: {expr: {x: \"1\"}}\n", i)
	}
	yaml.WriteString("  last: {after: t9999, start: {event: never}, expr: {x: \"1\"}}\n")
	if err := s.keep(ctx, yaml.String()); err != nil {
		return err
	}
	r, err := s.start(ctx, "wide")
	if err != nil {
		return err
	}
	var run, task []time.Duration
	for range 11 {
		begin := time.Now()
		if _, err := s.WhyRun(ctx, r.ID); err != nil {
			return err
		}
		run = append(run, time.Since(begin))
		begin = time.Now()
		if _, err := s.WhyTask(ctx, r.ID, "t5000"); err != nil {
			return err
		}
		task = append(task, time.Since(begin))
	}
	r50, t50 := quantile(run, 0.5), quantile(task, 0.5)
	b.add("`why` of a run of 10,000 tasks, median", ms(r50), "", "under 50 ms", r50 < 50*time.Millisecond)
	b.add("`why` of one of its tasks, median", ms(t50), "", "under 50 ms", t50 < 50*time.Millisecond)
	return nil
}
