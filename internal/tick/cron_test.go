package tick

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func mustParse(t testing.TB, text, zone string) *Schedule {
	t.Helper()
	s, err := Parse(text, mustZone(t, zone))
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return s
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02T15:04Z07", "2006-01-02T15:04Z07:00", time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

// nextOnes are n ticks after an instant, as the zone writes them.
func nextOnes(s *Schedule, after time.Time, zone *time.Location, n int) []string {
	var got []string
	for range n {
		after = s.Next(after, time.Time{})
		got = append(got, after.In(zone).Format("2006-01-02T15:04Z07:00"))
	}
	return got
}

// lastOnes are the n ticks up to an instant, the oldest first.
func lastOnes(s *Schedule, until time.Time, zone *time.Location, n int) []string {
	got := make([]string, n)
	for i := range got {
		tick := s.Last(until, time.Time{})
		got[n-1-i] = tick.In(zone).Format("2006-01-02T15:04Z07:00")
		until = tick.Add(-time.Microsecond)
	}
	return got
}

func TestCrontab(t *testing.T) {
	// 2026-01-01 is a Thursday.
	for _, c := range []struct {
		text string
		want []string // after 2026-01-01 00:00 UTC
	}{
		{"* * * * *", []string{"2026-01-01T00:01Z", "2026-01-01T00:02Z"}},
		{"*/25 * * * *", []string{"2026-01-01T00:25Z", "2026-01-01T00:50Z", "2026-01-01T01:00Z"}},
		{"1-10/4 3 * * *", []string{"2026-01-01T03:01Z", "2026-01-01T03:05Z", "2026-01-01T03:09Z", "2026-01-02T03:01Z"}},
		{"5,1,5 0,12 * * *", []string{"2026-01-01T00:01Z", "2026-01-01T00:05Z", "2026-01-01T12:01Z"}},
		{"0 6 * * *", []string{"2026-01-01T06:00Z", "2026-01-02T06:00Z"}},
		{"00 06 * * *", []string{"2026-01-01T06:00Z"}},
		{"0 0 * * 0", []string{"2026-01-04T00:00Z", "2026-01-11T00:00Z"}},
		{"0 0 * * 7", []string{"2026-01-04T00:00Z", "2026-01-11T00:00Z"}},
		{"0 0 * * SUN", []string{"2026-01-04T00:00Z"}},
		{"0 0 * * 5-7", []string{"2026-01-02T00:00Z", "2026-01-03T00:00Z", "2026-01-04T00:00Z", "2026-01-09T00:00Z"}},
		{"0 0 * * fri-sun", []string{"2026-01-02T00:00Z", "2026-01-03T00:00Z", "2026-01-04T00:00Z", "2026-01-09T00:00Z"}},
		{"0 0 * * sun-mon", []string{"2026-01-04T00:00Z", "2026-01-05T00:00Z", "2026-01-11T00:00Z"}},
		{"0 0 * * sun-sun", []string{"2026-01-04T00:00Z", "2026-01-11T00:00Z"}},
		{"0 0 * * 1-7/2", []string{"2026-01-02T00:00Z", "2026-01-04T00:00Z", "2026-01-05T00:00Z", "2026-01-07T00:00Z"}},
		{"0 0 * jan,MAR *", []string{"2026-01-02T00:00Z"}},
		{"0 0 1 feb-apr *", []string{"2026-02-01T00:00Z", "2026-03-01T00:00Z", "2026-04-01T00:00Z", "2027-02-01T00:00Z"}},
		// Both restricted: either day is enough.
		{"0 0 13 * fri", []string{"2026-01-02T00:00Z", "2026-01-09T00:00Z", "2026-01-13T00:00Z", "2026-01-16T00:00Z"}},
		{"0 0 1-31 * fri", []string{"2026-01-02T00:00Z", "2026-01-03T00:00Z"}},
		{"0 0 30 2 mon", []string{"2026-02-02T00:00Z", "2026-02-09T00:00Z"}},
		// One begins with *: both must match.
		{"0 0 13 * */5", []string{"2026-02-13T00:00Z", "2026-03-13T00:00Z", "2026-09-13T00:00Z"}},
		{"0 0 */10 * fri", []string{"2026-05-01T00:00Z", "2026-07-31T00:00Z", "2026-08-21T00:00Z"}},
		{"0 0 31 * *", []string{"2026-01-31T00:00Z", "2026-03-31T00:00Z", "2026-05-31T00:00Z"}},
		{"0 0 29 2 *", []string{"2028-02-29T00:00Z", "2032-02-29T00:00Z"}},
		{"0 0 29 2 */7", []string{"2032-02-29T00:00Z", "2060-02-29T00:00Z", "2088-02-29T00:00Z", "2128-02-29T00:00Z"}},
		{"@hourly", []string{"2026-01-01T01:00Z", "2026-01-01T02:00Z"}},
		{"@daily", []string{"2026-01-02T00:00Z", "2026-01-03T00:00Z"}},
		{"@midnight", []string{"2026-01-02T00:00Z"}},
		{"@weekly", []string{"2026-01-04T00:00Z", "2026-01-11T00:00Z"}},
		{"@monthly", []string{"2026-02-01T00:00Z", "2026-03-01T00:00Z"}},
		{"@Yearly", []string{"2027-01-01T00:00Z"}},
		{"@annually", []string{"2027-01-01T00:00Z"}},
	} {
		s := mustParse(t, c.text, "UTC")
		first := at(t, "2026-01-01T00:00Z")
		if diff := cmp.Diff(c.want, nextOnes(s, first, time.UTC, len(c.want))); diff != "" {
			t.Errorf("%s: ticks (-want +got)\n%s", c.text, diff)
		}
		until := at(t, c.want[len(c.want)-1]).Add(59 * time.Second)
		if diff := cmp.Diff(c.want, lastOnes(s, until, time.UTC, len(c.want))); diff != "" {
			t.Errorf("%s: ticks looked back at (-want +got)\n%s", c.text, diff)
		}
	}
}

func TestCenturyWithoutLeapYear(t *testing.T) {
	s := mustParse(t, "0 0 29 2 *", "UTC")
	if got := nextOnes(s, at(t, "2096-02-29T00:00Z"), time.UTC, 1); got[0] != "2104-02-29T00:00Z" {
		t.Errorf("next = %v", got)
	}
	if got := lastOnes(s, at(t, "2104-02-28T23:59Z"), time.UTC, 1); got[0] != "2096-02-29T00:00Z" {
		t.Errorf("last = %v", got)
	}
}

func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"  0\t6 *  * * ":  "0 6 * * *",
		"0 0 * JAN Mon":   "0 0 * jan mon",
		"@DAILY":          "@daily",
		"every 10m":       "every 10m",
		"Every   10 m":    "every 10m",
		"every 1h 30m":    "every 90m",
		"every 3600s":     "every 1h",
		"every 36h":       "every 36h",
		"every 24h":       "every 1d",
		"every 1w":        "every 7d",
		"every 2.3s":      "every 2300ms",
		"every 1h0m0.25s": "every 3600250ms",
	} {
		s := mustParse(t, text, "UTC")
		if s.String() != want {
			t.Errorf("Parse(%q) = %q, want %q", text, s, want)
		}
		if again := mustParse(t, s.String(), "UTC"); again.String() != want || again.Interval() != s.Interval() {
			t.Errorf("%q read again is %q", want, again)
		}
	}
}

func TestWrongSchedules(t *testing.T) {
	for _, c := range []struct{ text, message, hint string }{
		{"", "the schedule is empty", "five fields"},
		{"60 * * * *", "minute: `60` is not in 0-59", "0-59"},
		{"* 24 * * *", "hour: `24` is not in 0-23", "0-23"},
		{"* * 0 * *", "day of month: `0` is not in 1-31", "1-31"},
		{"* * 32 * *", "day of month: `32` is not in 1-31", "1-31"},
		{"* * * 13 *", "month: `13` is not in 1-12", "jan-dec"},
		{"* * * * 8", "day of week: `8` is not in 0-7", "0 and 7 are Sunday"},
		{"99999999999999999999 * * * *", "is not in 0-59", "0-59"},
		{"5-70 * * * *", "minute: `70`", "0-59"},
		{"0 22-2 * * *", "hour: `22-2` runs backward", "22-23,0-2"},
		{"5/15 * * * *", "minute: a step follows a range or *", "5-59/15"},
		{"*/0 * * * *", "minute: `0` is no step", "1 to 59"},
		{"*/90 * * * *", "minute: `90` is no step", "every 90m"},
		{"0 */48 * * *", "hour: `48` is no step", "every 48h"},
		{"*/x * * * *", "minute: `x` is no step", "1 to 59"},
		{"1-5/ * * * *", "minute: `` is no step", "1 to 59"},
		{"1,,2 * * * *", "minute: `` is no minute", "0-59"},
		{"-5 * * * *", "minute: `` is no minute", "0-59"},
		{"+5 * * * *", "minute: `+5` is no minute", "0-59"},
		{"** * * * *", "minute: `**`", "0-59"},
		{"mon * * * *", "minute: `mon` is no minute", "0-59"},
		{"0 0 * * monday", "day of week: `monday`", "three letters: mon"},
		{"0 0 * january *", "month: `january`", "three letters: jan"},
		{"0 0 ? * *", "day of month: `?`", "write *"},
		{"0 0 L * *", "day of month: `l`", "no last day"},
		{"0 0 15W * *", "day of month: `15w`", "nearest weekday"},
		{"0 0 LW * *", "day of month: `lw`", "nearest weekday"},
		{"0 0 * * 5L", "day of week: `5l`", "no last day"},
		{"0 0 * * 5#3", "day of week: `5#3`", "n-th weekday"},
		{"0~30 * * * *", "minute: `0~30`", "write the number"},
		{"H * * * *", "minute: `h`", "write the number"},
		{"0 0 30 2 *", "`0 0 30 2 *` is never due", "29"},
		{"0 0 31 4,6,9,11 *", "is never due", "30"},
		{"0 0 30 2 */2", "is never due", "29"},
		{"* * * *", "has five fields, `* * * *` has 4", "minute, hour, day of month"},
		{"0 0 6 * * *", "has five fields, `0 0 6 * * *` has 6", "every 10s"},
		{"0 0 6 * * * 2026", "has 7", "years"},
		{"@reboot", "@reboot is no time", "ends: never"},
		{"@every 10m", "@every", "write every 10m"},
		{"@fortnightly", "there is no `@fortnightly`", "@weekly"},
		{"CRON_TZ=Europe/Paris 0 6 * * *", "does not belong", "`timezone`"},
		{"TZ=UTC 0 6 * * *", "does not belong", "`timezone`"},
		{"every", "is no interval", "every 10m"},
		{"every day", "`day` is no interval", "every 10m"},
		{"every 10", "`10` is no interval", "every 10m"},
		{"every -5m", "`-5m` is no interval", "every 10m"},
		{"every 1.2.3s", "is no interval", "every 10m"},
		{"every 101y", "is no interval", "every 10m"},
		{"every 99999w", "an interval of `99999w` is too long", "every 36500d"},
		{"every 9999999h", "an interval of `9999999h` is too long", "every 36500d"},
		{"every 36500d1s", "is too long", "every 36500d"},
		{"@hourly extra", "nothing follows @hourly", "write @hourly alone"},
		{"@Daily 0 6 * *", "nothing follows @daily", "five fields"},
		{"every 0s", "too short", "every 1s"},
		{"every 500ms", "too short", "every 1s"},
		{"every 1.0005s", "finer than a millisecond", "write 1.001s"},
	} {
		_, err := Parse(c.text, time.UTC)
		checkError(t, c.text, err, c.message, c.hint)
	}
}

// checkError asks for an error that a person can act on.
func checkError(t *testing.T, input string, err error, message, hint string) {
	t.Helper()
	var e *freshet.Error
	if !errors.As(err, &e) {
		t.Errorf("%q: error %v, want one of ours", input, err)
		return
	}
	if e.Code != freshet.Invalid || !strings.Contains(e.Message, message) || !strings.Contains(e.Hint, hint) {
		t.Errorf("%q: %s: %s (%s)\nwant %q and %q", input, e.Code, e.Message, e.Hint, message, hint)
	}
}

func TestInterval(t *testing.T) {
	s, err := Every(10 * time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != "every 10m" || s.Interval() != 10*time.Minute || s.Zone() != nil {
		t.Errorf("every 10m is %q, %v, %v", s, s.Interval(), s.Zone())
	}
	anchor := at(t, "2026-01-01T00:03:00.0000005Z")
	for _, c := range []struct{ from, next, last string }{
		{"2025-01-01T00:00:00Z", "2026-01-01T00:13:00Z", ""},
		{"2026-01-01T00:03:00Z", "2026-01-01T00:13:00Z", ""},
		{"2026-01-01T00:12:59.999999999Z", "2026-01-01T00:13:00Z", ""},
		{"2026-01-01T00:13:00Z", "2026-01-01T00:23:00Z", "2026-01-01T00:13:00Z"},
		{"2026-01-01T00:13:00.0000004Z", "2026-01-01T00:23:00Z", "2026-01-01T00:13:00Z"},
		{"2036-01-01T00:00:00Z", "2036-01-01T00:03:00Z", "2035-12-31T23:53:00Z"},
	} {
		from := at(t, c.from)
		if got := s.Next(from, anchor); !got.Equal(at(t, c.next)) || got.Location() != time.UTC {
			t.Errorf("Next(%s) = %v, want %s", c.from, got, c.next)
		}
		got := s.Last(from, anchor)
		if c.last == "" && !got.IsZero() || c.last != "" && !got.Equal(at(t, c.last)) {
			t.Errorf("Last(%s) = %v, want %q", c.from, got, c.last)
		}
	}
}

func TestZoneOfSchedule(t *testing.T) {
	s, err := Cron("0 6 * * *", nil)
	if err != nil || s.Zone() != time.UTC || s.Interval() != 0 {
		t.Errorf("without a zone: %v, %v", s, err)
	}
	if s := mustParse(t, "0 6 * * *", "Europe/Paris"); s.Zone().String() != "Europe/Paris" {
		t.Errorf("zone = %v", s.Zone())
	}
}
