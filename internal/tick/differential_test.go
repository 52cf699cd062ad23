package tick

import (
	"strings"
	"testing"
	"time"

	cron "github.com/netresearch/go-cron"
	"pgregory.net/rapid"
)

// second is another implementation of cron, in the dialect nearest to ours.
var second = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom).WithMaxSearchYears(50)

// TestSecondImplementation compares with another implementation over random
// expressions, zones and years. Left out, and nothing else, is:
//
//   - a day field with a step over *, as in */5, beside a restricted other day
//     field: there it asks for either day, crontab(5) and Freshet for both;
//   - a step longer than its range, as in 3-5/10: there it is refused;
//   - an instant within two days of a change of the zone's clock, be it the
//     instant asked from or either answer: there it fires twice where a fixed
//     hour comes twice, and not at all in half an hour that is left out;
//   - a search over a change of the clock at a midnight: it walks from midnight
//     to midnight and loses its way there, even for a tick of a later year, or
//     never ends. So it is not asked.
//
// TestDaylightSaving and the naive walk cover these days.
func TestSecondImplementation(t *testing.T) {
	const month = 32 * 24 * time.Hour // it searches from where the month begins
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		zone := drawZone(t)
		words := drawExpression(t)
		if words[2] != "*" && words[4] != "*" && strings.Contains(words[2]+words[4], "*") {
			words[4] = "*"
		}
		text := strings.Join(words, " ")
		ours, err := Cron(text, zone)
		if err != nil {
			t.Skip(err)
		}
		parsed, err := second.Parse(text)
		if err != nil && strings.Contains(err.Error(), "must be less than range size") {
			t.Skip(err)
		}
		if err != nil {
			t.Fatalf("%s: we read it, the other says: %v", text, err)
		}
		theirs := parsed.(*cron.SpecSchedule)
		theirs.Location = zone
		at := time.Unix(rapid.Int64Range(
			time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC).Unix(),
			time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC).Unix()).Draw(t, "at"), 0).UTC()
		for range 20 {
			a := ours.Next(at, time.Time{})
			if !quiet(at, zone) || !quiet(a, zone) || changesAtMidnight(zone, at.Add(-month), a.Add(month)) {
				at = a
				continue
			}
			b := theirs.Next(at).UTC()
			if !quiet(b, zone) {
				at = a
				continue
			}
			if !a.Equal(b) {
				t.Fatalf("%s in %v after %v: %v, the other says %v", text, zone, at, a.In(zone), b.In(zone))
			}
			compared++
			before := a.Add(time.Second)
			if last, prev := ours.Last(a, time.Time{}), theirs.Prev(before).UTC(); !last.Equal(prev.Truncate(time.Minute)) {
				t.Fatalf("%s in %v up to %v: %v, the other says %v", text, zone, a, last, prev)
			}
			at = a
		}
	})
	if compared < 100 {
		t.Errorf("only %d instants were compared", compared)
	}
}

// quiet tells whether the zone's clock runs evenly for two days around t.
func quiet(t time.Time, zone *time.Location) bool {
	_, a := t.Add(-48 * time.Hour).In(zone).Zone()
	_, b := t.In(zone).Zone()
	_, c := t.Add(48 * time.Hour).In(zone).Zone()
	return a == b && b == c
}

// changesAtMidnight tells whether the zone's clock jumps over a midnight, or is
// put back to or over one.
func changesAtMidnight(zone *time.Location, from, to time.Time) bool {
	for t := from.In(zone); ; {
		_, end := t.ZoneBounds()
		if end.IsZero() || !end.Before(to) {
			return false
		}
		if !end.After(t) { // the last day of a leap year, see periodAt
			t = t.Add(24 * time.Hour)
			continue
		}
		_, before := t.Zone()
		_, after := end.Zone()
		low, high := end.Unix()+int64(min(before, after)), end.Unix()+int64(max(before, after))
		if low != high && high-high%(24*60*60) >= low {
			return true
		}
		t = end
	}
}
