package cli

import (
	"fmt"
	"time"

	"github.com/freshet/freshet"
)

// clock writes times for one answer, so that all of it has one idea of now.
type clock struct {
	now   time.Time
	zone  *time.Location
	short bool // for a person at a terminal; else RFC 3339 in UTC, whole seconds
}

func (a *app) clock(p *printer) clock {
	zone := a.Location
	if zone == nil {
		zone = time.UTC
	}
	return clock{now: time.Now(), zone: zone, short: p.terminal}
}

// time writes a time as shortly as it is clear: without its day if that is
// today, without its year if that is this one.
func (c clock) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if !c.short {
		return t.UTC().Format(time.RFC3339)
	}
	t, now := t.In(c.zone), c.now.In(c.zone)
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format(time.TimeOnly)
	case t.Year() == now.Year():
		return t.Format("Jan 02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// moment is time where there may be none.
func (c clock) moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return c.time(*t)
}

// took is how long something took, or takes so far.
func (c clock) took(from, to *time.Time) string {
	if from == nil {
		return ""
	}
	end := c.now
	if to != nil {
		end = *to
	}
	return span(max(0, end.Sub(*from)))
}

// span writes a duration in its two largest units.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}

// exact is a time as programs read it, empty where there is none.
func exact(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return freshet.Time(*t).Format(time.RFC3339Nano)
}

// since reads the value of --since: a time, a day, or how long ago.
func (a *app) since(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	c := a.clock(a.out)
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return c.now.Add(-d), nil
	}
	var days int
	if n, err := fmt.Sscanf(text, "%dd", &days); n == 1 && err == nil && fmt.Sprintf("%dd", days) == text && days >= 0 {
		return c.now.AddDate(0, 0, -days), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, c.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid("%q is no time", text).
		WithHint("write how long ago, such as 90m, 24h or 7d, or a time, such as 2026-11-20 or 2026-11-20T06:00:00Z")
}
