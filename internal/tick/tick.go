// Package tick says when ticks are due: cron expressions in a time zone, fixed
// intervals, times of day. It knows no present: an instant comes in, an instant
// goes out, in UTC and in whole microseconds.
//
// Everything about daylight saving follows from one rule. A wall clock time of
// a zone has one instant: the first at which the zone's clock shows that time
// or a later one. So a time that a jump leaves out is the jump's instant, and
// of a time that comes twice only the first counts. The ticks of a schedule
// with fixed hours are the instants of the times it names, each instant once;
// a date that a zone leaves out wholly, as Samoa did with 2011-12-30, has no
// ticks, just as 30 February has none.
//
// A schedule whose hour is * or has a step over * follows elapsed time
// instead: it is due whenever the clock shows a matching time, twice if the
// clock shows it twice, never if the clock leaves it out.
package tick

import (
	"time"

	"github.com/freshet/freshet"
)

// Schedule says when ticks are due. It is immutable; two schedules with the
// same String and Zone have the same ticks.
type Schedule struct {
	text     string
	interval time.Duration  // of Every
	zone     *time.Location // of Cron
	cron     fields
}

// Every gives a tick each d after the anchor that Next is told. An interval is
// at least a second and of whole milliseconds.
func Every(d time.Duration) (*Schedule, error) {
	if d < time.Second {
		return nil, freshet.Errorf(freshet.Invalid, "an interval of %v is too short", d).
			WithHint("at least a second lies between two ticks: every 1s")
	}
	if d%time.Millisecond != 0 {
		return nil, freshet.Errorf(freshet.Invalid, "an interval of %v is finer than a millisecond", d).
			WithHint("write %v", d.Round(time.Millisecond))
	}
	return &Schedule{text: "every " + formatInterval(d), interval: d}, nil
}

// Next is the first tick after an instant. The ticks of an interval are
// anchor + k*d for k >= 1; a cron expression has no use for the anchor. Next is
// zero only where no tick comes within the next 50 years, which is never so for
// what Cron accepts (a 29 February on a Sunday may be 40 years away).
func (s *Schedule) Next(after, anchor time.Time) time.Time {
	if s.interval > 0 {
		return s.beat(max(1, s.beats(after, anchor)+1), anchor)
	}
	return s.walker().next(after.Unix())
}

// Last is the newest tick at or before an instant; zero if there is none, or
// if a cron expression had none for the last 50 years.
func (s *Schedule) Last(until, anchor time.Time) time.Time {
	if s.interval == 0 {
		return s.walker().last(until.Unix())
	}
	k := s.beats(until, anchor)
	if k < 1 {
		return time.Time{}
	}
	return s.beat(k, anchor)
}

// beats counts the whole intervals between the anchor and t; none if t is
// before the anchor.
func (s *Schedule) beats(t, anchor time.Time) int64 {
	return max(0, t.UnixMicro()-anchor.UnixMicro()) / s.interval.Microseconds()
}

func (s *Schedule) beat(k int64, anchor time.Time) time.Time {
	return time.UnixMicro(anchor.UnixMicro() + k*s.interval.Microseconds()).UTC()
}

// String is the expression in its canonical form: single spaces, names in
// lower case, an interval in its largest whole unit.
func (s *Schedule) String() string { return s.text }

// Zone is where a cron expression's times are read, nil for an interval.
func (s *Schedule) Zone() *time.Location { return s.zone }

// Interval is the time between two ticks, 0 for a cron expression.
func (s *Schedule) Interval() time.Duration { return s.interval }
