package tick

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// Parse reads a schedule as a person types it in a command: what Cron reads,
// or an interval, `every 10m`. Without a zone a cron expression is read in UTC.
func Parse(text string, zone *time.Location) (*Schedule, error) {
	words := strings.Fields(text)
	if len(words) == 0 || !strings.EqualFold(words[0], "every") {
		return Cron(text, zone)
	}
	typed := strings.Join(words[1:], "")
	d, ok := parseInterval(typed)
	switch {
	case ok && d > longest:
		return nil, freshet.Errorf(freshet.Invalid, "an interval of %s is too long", quote(typed)).
			WithHint("at most 100 years lie between two ticks: every %dd", int(longest/(24*time.Hour)))
	case !ok:
		return nil, freshet.Errorf(freshet.Invalid, "%s is no interval", quote(typed)).
			WithHint("write a duration, such as every 90s, every 10m, every 1h30m or every 7d")
	}
	return Every(d)
}

// units are what intervals are made of, the largest first. A day has 24 hours.
var units = []struct {
	name string
	size time.Duration
}{
	{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour},
	{"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond},
}

// parseInterval reads numbers with their units, as in 10m, 1.5h or 1h30m. What
// is longer than the longest is only known to be so.
func parseInterval(text string) (time.Duration, bool) {
	var total float64
	rest := text
	for rest != "" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if digits <= 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(rest[:digits], 64)
		if err != nil {
			return 0, false
		}
		rest = rest[digits:]
		letters := strings.IndexFunc(rest, func(r rune) bool { return r < 'a' || r > 'z' })
		if letters < 0 {
			letters = len(rest)
		}
		size, ok := unit(rest[:letters])
		if !ok {
			return 0, false
		}
		total += v * float64(size)
		rest = rest[letters:]
	}
	return time.Duration(math.Round(min(total, float64(longest+time.Hour)))), text != ""
}

// longest is the longest interval that can be written.
const longest = 100 * 365 * 24 * time.Hour

func unit(name string) (time.Duration, bool) {
	for _, u := range units {
		if u.name == name {
			return u.size, true
		}
	}
	return 0, false
}

// formatInterval writes an interval as one number in the largest unit, up to
// days, that divides it: 90m, 36h, 7d. So equal intervals have equal texts.
func formatInterval(d time.Duration) string {
	for _, u := range units[1:] {
		if d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return d.String()
}

// quote shows what was typed, shortened to where it can be recognized.
func quote(text string) string {
	if rs := []rune(text); len(rs) > 40 {
		text = string(rs[:40]) + "…"
	}
	return "`" + text + "`"
}
