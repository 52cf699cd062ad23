package engine

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// reading is one of the machine's clock: the wall may jump, the time since the
// machine began does not. Go's readings carry both; a jump is played by moving
// the clock's own last reading.
func (c *clock) jump(d time.Duration) { c.read = c.read.Add(d) }

func TestClock(t *testing.T) {
	begin := time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC)
	t.Run("awake, journal time is the wall's", func(t *testing.T) {
		c := newClock(begin.Add(-time.Hour), begin)
		for i := range 10 {
			at := begin.Add(time.Duration(i) * time.Minute)
			if got := c.now(at); !got.Equal(at) || !c.up.Equal(begin) {
				t.Fatalf("at %s: %s, up since %s", at, got, c.up)
			}
		}
	})
	t.Run("a laptop that slept for two days came up when it woke", func(t *testing.T) {
		c := newClock(begin, begin)
		woke := begin.Add(48 * time.Hour)
		c.jump(48*time.Hour - time.Second) // for the machine a second has passed
		if got := c.now(woke); !got.Equal(woke) || !c.up.Equal(woke) {
			t.Fatalf("%s, up since %s", got, c.up)
		}
	})
	t.Run("being busy for long is not sleep", func(t *testing.T) {
		c := newClock(begin, begin)
		c.now(begin.Add(time.Hour))
		if !c.up.Equal(begin) {
			t.Fatalf("up since %s", c.up)
		}
	})
	t.Run("set back by an hour, time goes on at half its speed until the clock has caught up", func(t *testing.T) {
		c := newClock(begin.Add(time.Hour), begin)
		ahead := c.now(begin.Add(30 * time.Minute))
		if want := begin.Add(75 * time.Minute); !ahead.Equal(want) {
			t.Fatalf("after half an hour %s, want %s", ahead, want)
		}
		if got := c.now(begin.Add(2 * time.Hour)); !got.Equal(begin.Add(2 * time.Hour)) {
			t.Fatalf("after two hours %s", got)
		}
		if got := c.now(begin.Add(3 * time.Hour)); !got.Equal(begin.Add(3 * time.Hour)) {
			t.Fatalf("after three hours %s", got)
		}
	})
	t.Run("what is due in journal time is waited for twice as long then", func(t *testing.T) {
		c := newClock(begin.Add(time.Hour), begin)
		wait := c.until(begin.Add(time.Hour+time.Minute), begin)
		if wait != 2*time.Minute {
			t.Fatalf("waits %s", wait)
		}
		if got := c.now(begin.Add(wait)); !got.Equal(begin.Add(time.Hour + time.Minute)) {
			t.Fatalf("then it is %s", got)
		}
	})
}

func TestClockNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c := newClock(at.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "journal"))*time.Microsecond), at)
		last := c.time
		for range rapid.IntRange(1, 50).Draw(t, "readings") {
			at = at.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "passed")) * time.Microsecond)
			now := c.now(at)
			if now.Before(last) {
				t.Fatalf("%s after %s", now, last)
			}
			if at.Sub(now) > 0 {
				t.Fatalf("journal time %s is behind the clock %s", now, at)
			}
			last = now
		}
	})
}
