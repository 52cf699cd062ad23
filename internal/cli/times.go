package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
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

// next is a time that is to come, for a person with how far off it is.
func (c clock) next(t *time.Time) string {
	if t == nil {
		return ""
	}
	if !c.short {
		return c.time(*t)
	}
	return c.time(*t) + " (" + c.until(*t) + ")"
}

// until is how far off a time is. One that is only just past is now: it is
// about to be acted on.
func (c clock) until(t time.Time) string {
	switch d := t.Sub(c.now); {
	case d > 0:
		return "in " + span(d)
	case d > -time.Minute:
		return "now"
	default:
		return span(-d) + " ago"
	}
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
	if t, ok := c.shifted(text, -1); ok {
		return t, nil
	}
	return c.written(text, "write how long ago, such as 90m, 24h or 7d, or a time, such as 2026-11-20 or 2026-11-20T06:00:00Z")
}

// ahead reads a time that is to come: a time of day is the next such one, and
// what begins with in or + is so long from now.
func (c clock) ahead(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "in "); ok {
		text = "+" + strings.TrimSpace(rest)
	}
	if rest, ok := strings.CutPrefix(text, "+"); ok {
		if t, ok := c.shifted(rest, 1); ok {
			return t, nil
		}
		return time.Time{}, invalid("%q is no span of time", rest).WithHint("write how long from now, such as +90m, +24h or +7d")
	}
	if day, err := tick.ParseClock(text); err == nil {
		t := day.On(c.now, c.zone)
		if !t.After(c.now) {
			t = day.On(c.now.In(c.zone).AddDate(0, 0, 1), c.zone)
		}
		return t, nil
	}
	return c.written(text, "write a time, such as 06:00, 2026-11-20 06:00 or 2026-11-20T06:00:00Z, or how long from now, such as +10m")
}

// shifted is so long after now, or before it where the sign is -1. Days are
// those of the calendar.
func (c clock) shifted(text string, sign int) (time.Time, bool) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return c.now.Add(time.Duration(sign) * d), true
	}
	number, ok := strings.CutSuffix(text, "d")
	days, err := strconv.ParseUint(number, 10, 16)
	if !ok || err != nil {
		return time.Time{}, false
	}
	return c.now.In(c.zone).AddDate(0, 0, sign*int(days)), true
}

// layouts are the forms in which a time can be written; without a zone it is
// that of the clock.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

// written reads a time as it stands; hint says what can be written instead.
// Dates that no calendar has are refused, and times that the clock leaves out.
func (c clock) written(text, hint string) (time.Time, error) {
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, text, c.zone)
		var wrong *time.ParseError
		switch {
		case err == nil && layout != time.DateOnly && leftOut(t, layout, text):
			return time.Time{}, invalid("there is no %s in %s: clocks go forward then", text, c.zone)
		case err == nil:
			return t, nil
		case errors.As(err, &wrong) && strings.Contains(wrong.Message, "out of range"):
			return time.Time{}, invalid("there is no %s%s", text, wrong.Message)
		}
	}
	return time.Time{}, invalid("%q is no time", text).WithHint("%s", hint)
}

// leftOut tells whether clocks never show a time, because they are put forward
// over it.
func leftOut(t time.Time, layout, text string) bool {
	shown, err := time.Parse(layout, text) // as it stands there
	return err == nil && (shown.Hour() != t.Hour() || shown.Minute() != t.Minute())
}
