package engine

import (
	"time"

	"github.com/freshet/freshet"
)

// clock gives journal time: the machine's clock, made never to go backward.
// Where the machine's clock is behind, because it was set back, journal time
// goes on at half its speed until that has caught up, so that what waits for a
// time still comes.
type clock struct {
	read time.Time // the last reading, with the time since the machine began
	time time.Time // journal time then
	up   time.Time // since when the server has been awake without a break
}

// asleep is how much longer than the server noticed time has passed before it
// counts as having slept, or as a clock that was set.
const asleep = 10 * time.Second

func newClock(journal, reading time.Time) clock {
	c := clock{read: reading, time: freshet.Time(reading)}
	if journal.After(c.time) {
		c.time = journal
	}
	c.up = c.time
	return c
}

// now is journal time at a reading of the machine's clock.
func (c *clock) now(reading time.Time) time.Time {
	passed := max(reading.Sub(c.read), 0)
	wall := freshet.Time(reading)
	switch {
	case wall.Before(c.time):
		c.time = freshet.Time(c.time.Add(passed / 2))
		if wall.After(c.time) {
			c.time = wall
		}
	default:
		if wall.Sub(c.time) > passed+asleep {
			c.up = wall
		}
		c.time = wall
	}
	c.read = reading
	return c.time
}

// until is how long it takes until journal time has come.
func (c *clock) until(due, reading time.Time) time.Duration {
	now := *c
	wait := due.Sub(now.now(reading))
	if freshet.Time(reading).Before(now.time) {
		wait *= 2
	}
	return max(wait, 0)
}
