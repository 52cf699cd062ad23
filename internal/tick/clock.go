package tick

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// Clock is a time of day, as in 08:00.
type Clock struct{ Hour, Minute int }

// ParseClock reads a time of day from 00:00 to 23:59; 8:00 is 08:00.
func ParseClock(text string) (Clock, error) {
	h, m, _ := strings.Cut(text, ":")
	if isNumber(h) && len(h) <= 2 && isNumber(m) && len(m) == 2 {
		c := Clock{}
		c.Hour, _ = strconv.Atoi(h)
		c.Minute, _ = strconv.Atoi(m)
		if c.Hour <= 23 && c.Minute <= 59 {
			return c, nil
		}
	}
	return Clock{}, freshet.Errorf(freshet.Invalid, "%s is no time of day", quote(text)).
		WithHint("write hours and minutes from 00:00 to 23:59, such as 08:00")
}

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }

// On is the clock's instant on the local day that t lies in. Where a jump
// leaves the time out it is the jump's instant, where the time comes twice the
// first.
func (c Clock) On(t time.Time, zone *time.Location) time.Time {
	return onDay(t, zone, int64(c.Hour*60+c.Minute)*minute)
}

// Midnight is the first instant of the local day that t lies in, NextMidnight
// that of the day after, so that Midnight(t) <= t < NextMidnight(t). A day that
// has begun does not end because clocks are put back over its midnight.
func Midnight(t time.Time, zone *time.Location) time.Time { return onDay(t, zone, 0) }

// NextMidnight is the first instant of the local day after that of t.
func NextMidnight(t time.Time, zone *time.Location) time.Time { return onDay(t, zone, day) }

// onDay is the instant so many seconds, on the wall, after t's day began.
func onDay(t time.Time, zone *time.Location, seconds int64) time.Time {
	at, _ := instant(floor(shown(t.Unix(), zone), day)+seconds, zone)
	return time.Unix(at, 0).UTC()
}
