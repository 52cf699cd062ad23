package tick

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// naive is cron once more, as simply as it can be said: it looks at every
// minute, and shares nothing with the code under test.
type naive struct {
	words []string
	zone  *time.Location
}

func (n naive) holds(field, value int) bool {
	names := map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
		"nov": 11, "dec": 12, "sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
	number := func(s string) int {
		if v, ok := names[s]; ok {
			return v
		}
		v, _ := strconv.Atoi(s)
		return v
	}
	low, high := []int{0, 0, 1, 1, 0}[field], []int{59, 23, 31, 12, 7}[field]
	for part := range strings.SplitSeq(n.words[field], ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")
		a, b, by := number(from), number(to), 1
		switch {
		case span == "*":
			a, b = low, high
		case !ranged:
			b = a
		}
		if stepped {
			by = number(step)
		}
		for v := a; v <= b; v += by {
			if v == value || field == 4 && v == 7 && value == 0 {
				return true
			}
		}
	}
	return false
}

func (n naive) matches(t time.Time) bool {
	dom, dow := n.holds(2, t.Day()), n.holds(4, int(t.Weekday()))
	date := dom && dow
	if !strings.HasPrefix(n.words[2], "*") && !strings.HasPrefix(n.words[4], "*") {
		date = dom || dow
	}
	return date && n.holds(0, t.Minute()) && n.holds(1, t.Hour()) && n.holds(3, int(t.Month()))
}

// ticks are the ticks in from < t <= to. It begins its walk two days earlier
// to know what the clock has shown already.
func (n naive) ticks(from, to time.Time) []time.Time {
	const minute = "2006-01-02T15:04"
	var got []time.Time
	add := func(t time.Time) {
		if t.After(from) && !t.After(to) && (len(got) == 0 || got[len(got)-1].Before(t)) {
			got = append(got, t)
		}
	}
	fixed := !strings.Contains(n.words[1], "*")
	start := from.Add(-48 * time.Hour).Truncate(time.Minute)
	newest, _ := time.Parse(minute, start.In(n.zone).Format(minute)) // shown so far, as if it were UTC
	for t := start; !t.After(to); t = t.Add(time.Minute) {
		shows, _ := time.Parse(minute, t.In(n.zone).Format(minute))
		if !fixed {
			if n.matches(shows) {
				add(t)
			}
			continue
		}
		for newest.Before(shows) {
			newest = newest.Add(time.Minute)
			omitted := newest.YearDay() != shows.YearDay() && newest.YearDay() != t.Add(-time.Minute).In(n.zone).YearDay()
			if n.matches(newest) && !omitted {
				add(t)
			}
		}
	}
	return got
}

var testZones = []string{
	"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo",
	"Asia/Kolkata", "Asia/Beirut", "America/St_Johns", "America/Nuuk", "America/Scoresbysund", "Africa/Casablanca", "Asia/Tehran",
	"Antarctica/Troll", "Asia/Pyongyang", "America/Caracas", "Europe/Dublin", "Pacific/Kwajalein", "Asia/Gaza", "America/Havana",
	"Pacific/Chatham", "Europe/Lisbon", "Antarctica/Casey", "America/Asuncion", "Pacific/Fakaofo",
}

func drawZone(t *rapid.T) *time.Location {
	zone, err := Zone(rapid.SampledFrom(testZones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// drawInstant prefers what lies near a change of the zone's clock.
func drawInstant(t *rapid.T, zone *time.Location) time.Time {
	first, last := time.Date(1993, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2044, 1, 1, 0, 0, 0, 0, time.UTC)
	when := time.Unix(rapid.Int64Range(first.Unix(), last.Unix()).Draw(t, "at"), 0).UTC()
	if rapid.Bool().Draw(t, "near a change") {
		if _, end := when.In(zone).ZoneBounds(); !end.IsZero() && end.Before(last) {
			when = end.Add(time.Duration(rapid.IntRange(-30*60, 30*60).Draw(t, "minutes off")) * time.Minute).UTC()
		}
	}
	return when.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "ns")))
}

func drawField(t *rapid.T, name string, low, high int, star bool) string {
	part := func() string {
		a := rapid.IntRange(low, high).Draw(t, name)
		b := rapid.IntRange(a, high).Draw(t, name+" to")
		step := strconv.Itoa(rapid.IntRange(1, high).Draw(t, name+" step"))
		span := strconv.Itoa(a) + "-" + strconv.Itoa(b)
		forms := []string{strconv.Itoa(a), span, span + "/" + step}
		if star {
			forms = append(forms, "*", "*/"+step)
		}
		return rapid.SampledFrom(forms).Draw(t, name+" form")
	}
	parts := []string{part()}
	for rapid.IntRange(0, 3).Draw(t, name+" more") == 3 {
		parts = append(parts, part())
	}
	return strings.Join(parts, ",")
}

// drawExpression makes five fields, dense enough for a few days to hold ticks.
func drawExpression(t *rapid.T) []string {
	dom, month, dow := "*", "*", "*"
	if rapid.Bool().Draw(t, "restrict dates") {
		dom = drawField(t, "dom", 1, 31, true)
		month = drawField(t, "month", 1, 12, true)
		dow = drawField(t, "dow", 0, 7, true)
	}
	return []string{
		drawField(t, "minute", 0, 59, true),
		drawField(t, "hour", 0, 23, rapid.Bool().Draw(t, "star hour")),
		dom, month, dow,
	}
}

func TestTicksAreThoseOfANaiveWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := drawZone(t)
		words := drawExpression(t)
		s, err := Cron(strings.Join(words, " "), zone)
		if err != nil {
			t.Skip(err)
		}
		from := drawInstant(t, zone)
		to := from.Add(60 * time.Hour)
		want := naive{words, zone}.ticks(from, to)
		i := 0
		for tick := s.Next(from, time.Time{}); !tick.IsZero() && !tick.After(to); tick = s.Next(tick, time.Time{}) {
			if i >= len(want) || !tick.Equal(want[i]) {
				t.Fatalf("%s in %v after %v: tick %d is %v, want %v", s, zone, from, i, tick.In(zone), want[i:min(i+1, len(want))])
			}
			i++
		}
		if i < len(want) {
			t.Fatalf("%s in %v after %v: %v is missing", s, zone, from, want[i].In(zone))
		}
		until := to
		for i := len(want) - 1; i >= 0; i-- {
			got := s.Last(until, time.Time{})
			if !got.Equal(want[i]) {
				t.Fatalf("%s in %v: last tick until %v is %v, want %v", s, zone, until, got.In(zone), want[i].In(zone))
			}
			until = got.Add(-time.Microsecond)
		}
		if got := s.Last(until, time.Time{}); got.After(from) {
			t.Fatalf("%s in %v: a tick %v that nobody expects", s, zone, got.In(zone))
		}
	})
}

func TestNextAndLastAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := drawZone(t)
		s, err := Cron(strings.Join(drawExpression(t), " "), zone)
		if rapid.IntRange(0, 4).Draw(t, "interval") == 0 {
			s, err = Every(time.Duration(rapid.Int64Range(1000, 1e10).Draw(t, "ms")) * time.Millisecond)
		}
		if err != nil {
			t.Skip(err)
		}
		from, anchor := drawInstant(t, zone), drawInstant(t, zone)
		next, last := s.Next(from, anchor), s.Last(from, anchor)
		if !next.After(from) || next.Location() != time.UTC || next.Nanosecond()%1000 != 0 {
			t.Fatalf("%s: Next(%v) = %v", s, from, next)
		}
		if last.After(from) || last.IsZero() && s.Interval() == 0 {
			t.Fatalf("%s: Last(%v) = %v", s, from, last)
		}
		if got := s.Last(next, anchor); !got.Equal(next) {
			t.Fatalf("%s: Last(Next) = %v, want %v", s, got, next)
		}
		if got := s.Last(next.Add(-time.Microsecond), anchor); !got.Equal(last) {
			t.Fatalf("%s: before %v comes %v, but up to %v it was %v", s, next, got, from, last)
		}
		if last.IsZero() {
			return
		}
		if got := s.Next(last.Add(-time.Microsecond), anchor); !got.Equal(last) {
			t.Fatalf("%s: just before %v Next = %v", s, last, got)
		}
		if got := s.Next(last, anchor); !got.Equal(next) {
			t.Fatalf("%s: after %v comes %v, but after %v it was %v", s, last, got, from, next)
		}
	})
}

func TestFixedHourOncePerDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := drawZone(t)
		c := Clock{rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")}
		s, err := Cron(strconv.Itoa(c.Minute)+" "+strconv.Itoa(c.Hour)+" * * *", zone)
		if err != nil {
			t.Fatal(err)
		}
		day := Midnight(drawInstant(t, zone), zone)
		tick := c.On(day, zone)
		for range 400 {
			day = NextMidnight(day, zone)
			next := s.Next(tick, time.Time{})
			if want := c.On(day, zone); !next.Equal(want) {
				t.Fatalf("%s in %v: after %v comes %v, want %v", s, zone, tick.In(zone), next.In(zone), want.In(zone))
			}
			tick = next
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0 6 * * *", "@daily", "every 10m", "*/5 1-10/2 1,15 jan-mar mon", "0 0 29 2 */7", "every 1.5h", "0 0 30 2 *", "CRON_TZ=UTC * * * * *", "5#3 l ? ~ h"} {
		f.Add(seed, int64(1774746000))
	}
	paris, err := Zone("Europe/Paris")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		s, err := Parse(text, paris)
		if err != nil {
			return
		}
		again, err := Parse(s.String(), paris)
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q is %q, and that is %v, %v", text, s, again, err)
		}
		from := time.Unix(unix%(1<<33), 0) // years 1697 to 2242
		next := s.Next(from, from)
		if !next.After(from) || !next.Equal(again.Next(from, from)) {
			t.Fatalf("%q: Next(%v) = %v and %v", text, from, next, again.Next(from, from))
		}
		if last := s.Last(next, from); !last.Equal(next) {
			t.Fatalf("%q: Last(%v) = %v", text, next, last)
		}
	})
}
