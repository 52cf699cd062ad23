package tick

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseClock(t *testing.T) {
	for text, want := range map[string]string{"08:00": "08:00", "8:00": "08:00", "00:00": "00:00", "23:59": "23:59"} {
		c, err := ParseClock(text)
		if err != nil || c.String() != want {
			t.Errorf("ParseClock(%q) = %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "8", "24:00", "23:60", "8:5", "08:00:00", "8am", "-1:00", "+1:00", "008:00", " 08:00", "08.00", "08:00 "} {
		_, err := ParseClock(text)
		checkError(t, text, err, "is no time of day", "00:00 to 23:59")
	}
}

func TestLocalDay(t *testing.T) {
	for _, c := range []struct{ zone, at, midnight, next, two string }{ // two: 02:00 of that day
		{"UTC", "2026-01-01T00:00Z", "2026-01-01T00:00Z", "2026-01-02T00:00Z", "2026-01-01T02:00Z"},
		{"UTC", "2026-01-01T23:59:59.999999Z", "2026-01-01T00:00Z", "2026-01-02T00:00Z", "2026-01-01T02:00Z"},
		{"Europe/Paris", "2026-03-29T12:00Z", "2026-03-29T00:00+01", "2026-03-30T00:00+02", "2026-03-29T03:00+02"},
		{"Europe/Paris", "2026-10-25T12:00Z", "2026-10-25T00:00+02", "2026-10-26T00:00+01", "2026-10-25T02:00+02"},
		{"Asia/Kolkata", "2026-03-29T20:00Z", "2026-03-30T00:00+05:30", "2026-03-31T00:00+05:30", "2026-03-30T02:00+05:30"},
		{"America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T01:00-02", "2018-11-05T00:00-02", "2018-11-04T02:00-02"},
		{"America/Sao_Paulo", "2018-11-03T12:00Z", "2018-11-03T00:00-03", "2018-11-04T01:00-02", "2018-11-03T02:00-03"},
		{"Africa/Cairo", "2026-04-24T12:00Z", "2026-04-24T01:00+03", "2026-04-25T00:00+03", "2026-04-24T02:00+03"},
		{"Asia/Beirut", "2026-03-29T12:00Z", "2026-03-29T01:00+03", "2026-03-30T00:00+03", "2026-03-29T02:00+03"},
		{"Pacific/Apia", "2011-12-30T00:00Z", "2011-12-29T00:00-10", "2011-12-31T00:00+14", "2011-12-29T02:00-10"},
		// The clock shows Saturday again, and Sunday has begun all the same.
		{"America/St_Johns", "2005-10-30T03:00Z", "2005-10-30T00:00-02:30", "2005-10-31T00:00-03:30", "2005-10-30T02:00-03:30"},
	} {
		zone, when := mustZone(t, c.zone), at(t, c.at)
		for what, got := range map[string][2]time.Time{
			"midnight":      {Midnight(when, zone), at(t, c.midnight)},
			"next midnight": {NextMidnight(when, zone), at(t, c.next)},
			"02:00":         {Clock{2, 0}.On(when, zone), at(t, c.two)},
		} {
			if !got[0].Equal(got[1]) || got[0].Location() != time.UTC {
				t.Errorf("%s in %s: %s is %s, want %s", c.at, c.zone, what, got[0].In(zone), got[1].In(zone))
			}
		}
	}
}

func TestDayHoldsItsInstants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := drawZone(t)
		when := drawInstant(t, zone)
		begin, end := Midnight(when, zone), NextMidnight(when, zone)
		if begin.After(when) || !end.After(when) {
			t.Fatalf("%v is not in %v … %v", when, begin, end)
		}
		if got := Midnight(end, zone); !got.Equal(end) {
			t.Fatalf("midnight of %v is %v", end, got)
		}
		if got := NextMidnight(end.Add(-time.Microsecond), zone); !got.Equal(end) {
			t.Fatalf("the day before %v ends at %v", end, got)
		}
		c := Clock{rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")}
		on := c.On(when, zone)
		if on.Before(begin) || on.After(end) {
			t.Fatalf("%v on that day is %v, outside of %v … %v", c, on, begin, end)
		}
		if again := c.On(begin, zone); !again.Equal(on) {
			t.Fatalf("%v is %v and %v on one day", c, on, again)
		}
	})
}
