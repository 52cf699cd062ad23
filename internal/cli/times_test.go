package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := tick.Zone("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestAhead(t *testing.T) {
	// Saturday evening before clocks go back, at 20:00 in Paris.
	c := clock{now: time.Date(2026, 10, 24, 18, 0, 0, 0, time.UTC), zone: paris(t)}
	for text, want := range map[string]string{
		"+10m":                      "2026-10-24T18:10:00Z",
		"in 10m":                    "2026-10-24T18:10:00Z",
		" in  1h30m ":               "2026-10-24T19:30:00Z",
		"+0s":                       "2026-10-24T18:00:00Z",
		"+1d":                       "2026-10-25T19:00:00Z", // a day of 25 hours
		"21:30":                     "2026-10-24T19:30:00Z",
		"20:00":                     "2026-10-25T19:00:00Z", // now is not ahead
		"06:00":                     "2026-10-25T05:00:00Z",
		"6:00":                      "2026-10-25T05:00:00Z",
		"2026-11-22 06:00":          "2026-11-22T05:00:00Z",
		"2026-11-22T06:00":          "2026-11-22T05:00:00Z",
		"2026-11-22 06:00:30":       "2026-11-22T05:00:30Z",
		"2026-11-22T06:00:00Z":      "2026-11-22T06:00:00Z",
		"2026-11-22T06:00:00+09:00": "2026-11-21T21:00:00Z",
		"2026-11-22":                "2026-11-21T23:00:00Z",
	} {
		got, err := c.ahead(text)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q is %s, %v; want %s", text, got.UTC().Format(time.RFC3339), err, want)
		}
	}
	for text, says := range map[string]string{
		"+-5m":                `"-5m" is no span of time`,
		"in a while":          `"a while" is no span of time`,
		"+99999d":             `"99999d" is no span of time`,
		"-5m":                 `"-5m" is no time`,
		"":                    `"" is no time`,
		"24:00":               `"24:00" is no time`,
		"tomorrow":            `"tomorrow" is no time`,
		"2026-02-30":          "there is no 2026-02-30: day out of range",
		"2026-02-30 06:00":    "there is no 2026-02-30 06:00: day out of range",
		"2026-13-01T06:00":    "there is no 2026-13-01T06:00: month out of range",
		"2026-03-29 02:30":    "there is no 2026-03-29 02:30 in Europe/Paris: clocks go forward then",
		"2026-03-29T02:30:00": "there is no 2026-03-29T02:30:00 in Europe/Paris: clocks go forward then",
	} {
		if got, err := c.ahead(text); freshet.CodeOf(err) != freshet.Invalid || err.Error() != says {
			t.Errorf("%q is %s, %v; want %s", text, got, err, says)
		}
	}
}

func TestNext(t *testing.T) {
	c := clock{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), zone: time.UTC, short: true}
	for off, want := range map[time.Duration]string{
		90 * time.Minute: "13:30:00 (in 1h30m)", -time.Second: "11:59:59 (now)", -2 * time.Hour: "10:00:00 (2h00m ago)",
	} {
		at := c.now.Add(off)
		if got := c.next(&at); got != want {
			t.Errorf("%s ahead is %q, want %q", off, got, want)
		}
	}
	c.short = false
	if got := c.next(&c.now); got != "2026-11-20T12:00:00Z" {
		t.Errorf("in a pipe it is %q", got)
	}
	if got := c.next(nil); got != "" {
		t.Errorf("no time is %q", got)
	}
}

// A preview shows where clocks change: the hour that is left out, and the one
// that comes twice.
func TestPreview(t *testing.T) {
	for name, test := range map[string]struct {
		text, from string
		want       []string
	}{
		"forward": {"30 2 * * *", "2026-03-27T00:00:00Z", []string{"2026-03-27T02:30:00+01:00", "2026-03-28T02:30:00+01:00",
			"2026-03-29T03:00:00+02:00 clocks have changed", "2026-03-30T02:30:00+02:00"}},
		"back": {"@hourly", "2026-10-24T23:30:00Z", []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00 clocks have changed",
			"2026-10-25T03:00:00+01:00", "2026-10-25T04:00:00+01:00"}},
		"every": {"every 90m", "2026-10-24T23:30:00Z", []string{"2026-10-25T02:00:00+01:00 clocks have changed", "2026-10-25T03:30:00+01:00",
			"2026-10-25T05:00:00+01:00", "2026-10-25T06:30:00+01:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parseSchedule([]string{test.text}, paris(t))
			if err != nil {
				t.Fatal(err)
			}
			from, err := time.Parse(time.RFC3339, test.from)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range preview(s, paris(t), from, 4) {
				text := d.Local
				if d.shift {
					text += " clocks have changed"
				}
				got = append(got, text)
				if at, err := time.Parse(time.RFC3339, d.Local); err != nil || !at.Equal(d.Time) {
					t.Errorf("%s is %s", d.Local, d.Time)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
