package why

import (
	"fmt"
	"strings"
	"time"

	"github.com/freshet/freshet/internal/spec"
)

// moment is a time as a Reason has it; nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// instant is a time on a zone's clock, with the zone: seconds only where there
// are any.
func instant(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	layout := "2006-01-02 15:04"
	if t = t.In(zone); t.Second() != 0 {
		layout = "2006-01-02 15:04:05"
	}
	return t.Format(layout) + " " + zone.String()
}

// named is a zone by name; UTC where nobody knows it.
func named(zone string) *time.Location {
	if l, err := time.LoadLocation(zone); err == nil {
		return l
	}
	return time.UTC
}

// span is a duration in its two largest units: 47m, 2h, 1h30m, 7d.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d >= 10*time.Minute:
		d = d.Truncate(time.Minute)
	}
	units := []struct {
		d    time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	var parts []string
	for _, u := range units {
		n := d / u.d
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", n, u.name))
		}
		if d -= n * u.d; len(parts) == 2 || len(parts) == 1 && n == 0 {
			break
		}
	}
	return strings.Join(parts, "")
}

// ago is how long before now a time is.
func (q *inquiry) ago(t time.Time) string {
	if d := q.now.Sub(t); d >= time.Second {
		return span(d) + " ago"
	}
	return "just now"
}

// exact is a duration in its largest whole unit: 90m, 26h, 7d.
func exact(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return d.String()
}

// kept is for how long a signal was remembered.
func kept(w spec.Window) string {
	if w.Day {
		return ": it came on another day"
	}
	return fmt.Sprintf(" (`within: %s`)", exact(w.Span))
}

// window is a `within` in words, with a comma before them.
func window(w spec.Window) string {
	switch {
	case w.Day:
		return ", today"
	case w.Span > 0:
		return ", within " + exact(w.Span)
	}
	return ""
}

func yes(b bool) *bool               { return &b }
func amount(x float64) *float64      { return &x }
func whole(d time.Duration) *float64 { return amount(float64(int64(d / time.Second))) }

// firstOf is the first of some times that there is.
func firstOf(times ...time.Time) *time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return &t
		}
	}
	return nil
}

func firstTime(times ...*time.Time) *time.Time {
	for _, t := range times {
		if t != nil {
			return t
		}
	}
	return nil
}
