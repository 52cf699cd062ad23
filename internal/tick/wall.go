package tick

import (
	"math"
	"time"
)

// period is a stretch of time, in Unix seconds, start <= t < end, in which a
// zone's clock runs evenly: it shows t + offset.
type period struct{ start, end, offset int64 }

func periodAt(t int64, zone *time.Location) period {
	at := time.Unix(t, 0).In(zone)
	_, offset := at.Zone()
	p := period{math.MinInt64, math.MaxInt64, int64(offset)}
	start, end := at.ZoneBounds()
	if !start.IsZero() {
		p.start = start.Unix()
	}
	if !end.IsZero() {
		p.end = end.Unix()
	}
	if p.end <= t {
		// Beyond a zone's table ZoneBounds ends years after 365 days, so that
		// the last day of a leap year lies outside. The year ends with UTC's.
		p.end = floor(t, day) + day
	}
	return p
}

// reach is more than any two zones, or any two offsets of one, are apart: what
// lies further away in time is also apart on the wall.
const reach = 2 * day

// shown is the latest time that a zone's clock has shown up to t. It is what
// the clock shows at t, unless it was put back a short while ago.
func shown(t int64, zone *time.Location) int64 {
	p := periodAt(t, zone)
	latest := t + p.offset
	for p.start > t-reach {
		before := p.start - 1
		p = periodAt(before, zone)
		latest = max(latest, before+p.offset)
	}
	return latest
}

// instant is the first instant at which a zone's clock shows w or later, and
// whether it then shows w: if not, a jump left w out.
//
// It never falls as w grows, and instant(w) <= t exactly if w <= shown(t).
func instant(w int64, zone *time.Location) (t int64, exact bool) {
	t = w - day
	for {
		p := periodAt(t, zone)
		t = max(t, w-p.offset)
		if t < p.end {
			return t, t == w-p.offset
		}
		t = p.end
	}
}

// omitted tells whether a zone leaves out the whole date of w.
func omitted(w int64, zone *time.Location) bool {
	date := floor(w, day)
	begin, _ := instant(date, zone)
	end, _ := instant(date+day, zone)
	return begin == end
}
