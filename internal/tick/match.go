package tick

import (
	"math/bits"
	"time"
)

// Wall clock times are counted in seconds since 1970-01-01 00:00 of the same
// clock, as if the clock never jumped. Here matching is plain calendar.

// horizon is how many years are searched for a match. Days of month and week
// that must both match may be 40 years apart, over a year like 2100.
const horizon = 50

const (
	minute = 60
	day    = 24 * 60 * minute
)

// onOrAfter is the first matching wall clock time from w on.
func (f *fields) onOrAfter(w int64) (int64, bool) {
	w = floor(w+minute-1, minute)
	t := time.Unix(w, 0).UTC()
	year, month, from := t.Date()
	clock := w - floor(w, day)
	for limit := year + horizon; year <= limit; {
		if f.month>>month&1 == 1 {
			days := f.days(year, month)
			if days>>from&1 == 1 {
				if at, ok := f.clockFrom(clock); ok {
					return wall(year, month, from) + at, true
				}
			}
			if later := days >> (from + 1) << (from + 1); later != 0 {
				at, _ := f.clockFrom(0)
				return wall(year, month, bits.TrailingZeros64(later)) + at, true
			}
		}
		year, month, from, clock = year+int(month)/12, month%12+1, 1, 0
	}
	return 0, false
}

// onOrBefore is the last matching wall clock time up to w.
func (f *fields) onOrBefore(w int64) (int64, bool) {
	t := time.Unix(w, 0).UTC()
	year, month, to := t.Date()
	clock := w - floor(w, day)
	for limit := year - horizon; year >= limit; {
		if f.month>>month&1 == 1 {
			days := f.days(year, month)
			if days>>to&1 == 1 {
				if at, ok := f.clockUpTo(clock); ok {
					return wall(year, month, to) + at, true
				}
			}
			if earlier := days & (1<<to - 1); earlier != 0 {
				at, _ := f.clockUpTo(day - 1)
				return wall(year, month, bits.Len64(earlier)-1) + at, true
			}
		}
		if month--; month == 0 {
			year, month = year-1, 12
		}
		to, clock = 31, day-1
	}
	return 0, false
}

// clockFrom is the first matching time of a day from clock on, in seconds
// after midnight.
func (f *fields) clockFrom(clock int64) (int64, bool) {
	h, m := clock/(60*minute), clock/minute%60
	if left := f.minute >> m; f.hour>>h&1 == 1 && left != 0 {
		return (h*60 + m + int64(bits.TrailingZeros64(left))) * minute, true
	}
	left := f.hour >> (h + 1)
	if left == 0 {
		return 0, false
	}
	h += 1 + int64(bits.TrailingZeros64(left))
	return (h*60 + int64(bits.TrailingZeros64(f.minute))) * minute, true
}

// clockUpTo is the last matching time of a day up to clock.
func (f *fields) clockUpTo(clock int64) (int64, bool) {
	h, m := clock/(60*minute), clock/minute%60
	if left := f.minute & (2<<m - 1); f.hour>>h&1 == 1 && left != 0 {
		return (h*60 + int64(bits.Len64(left)) - 1) * minute, true
	}
	left := f.hour & (1<<h - 1)
	if left == 0 {
		return 0, false
	}
	h = int64(bits.Len64(left)) - 1
	return (h*60 + int64(bits.Len64(f.minute)) - 1) * minute, true
}

// days is the set of the matching days of a month.
func (f *fields) days(year int, month time.Month) uint64 {
	const everyWeek = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Weekday()
	var weekdays uint64
	for d := range 7 {
		if f.dow>>((int(first)+d)%7)&1 == 1 {
			weekdays |= everyWeek << (d + 1)
		}
	}
	if f.eitherDay {
		return (f.dom | weekdays) & monthMask(year, month)
	}
	return f.dom & weekdays & monthMask(year, month)
}

// monthMask is the set of the days that a month has.
func monthMask(year int, month time.Month) uint64 {
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return 2<<last - 2
}

// wall is the wall clock time at which a date begins.
func wall(year int, month time.Month, d int) int64 {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix()
}

// floor is the largest multiple of unit up to n.
func floor(n, unit int64) int64 {
	r := n % unit
	if r < 0 {
		r += unit
	}
	return n - r
}
