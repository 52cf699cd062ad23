package tick

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The table is written by hand from the zones' histories.
func TestDaylightSaving(t *testing.T) {
	for _, c := range []struct {
		name, zone, text string
		after            string
		want             []string
	}{
		{"fixed hour in the gap", "Europe/Paris", "30 2 * * *", "2026-03-28T12:00Z",
			[]string{"2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"}},
		{"fixed hour at the jump itself", "Europe/Paris", "0 3 * * *", "2026-03-28T12:00Z",
			[]string{"2026-03-29T03:00+02:00", "2026-03-30T03:00+02:00"}},
		{"fixed times in one gap are one tick", "Europe/Paris", "0,30 2 * * *", "2026-03-28T12:00Z",
			[]string{"2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00", "2026-03-30T02:30+02:00"}},
		{"a gap and the time after it", "Europe/Paris", "0 1,2,3 * * *", "2026-03-28T12:00Z",
			[]string{"2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00", "2026-03-30T01:00+02:00"}},
		{"fixed hour that comes twice", "Europe/Paris", "30 2 * * *", "2026-10-24T12:00Z",
			[]string{"2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"}},
		{"asked between the two", "Europe/Paris", "30 2 * * *", "2026-10-25T01:15Z",
			[]string{"2026-10-26T02:30+01:00"}},
		{"fixed hours as a range come once", "Europe/Paris", "0 1-3 * * *", "2026-10-24T12:00Z",
			[]string{"2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T03:00+01:00", "2026-10-26T01:00+01:00"}},
		{"every minute of a fixed hour comes once", "Europe/Paris", "*/30 2 * * *", "2026-10-24T12:00Z",
			[]string{"2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:00+01:00"}},
		{"hourly on the long night", "Europe/Paris", "0 * * * *", "2026-10-24T23:30Z",
			[]string{"2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"}},
		{"hourly on the short night", "Europe/Paris", "30 * * * *", "2026-03-28T23:30Z",
			[]string{"2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"}},
		{"stepped hour on the long night", "Europe/Paris", "0 */2 * * *", "2026-10-24T21:00Z",
			[]string{"2026-10-25T00:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T04:00+01:00"}},
		{"stepped hour on the short night", "Europe/Paris", "0 */2 * * *", "2026-03-28T22:00Z",
			[]string{"2026-03-29T00:00+01:00", "2026-03-29T04:00+02:00"}},
		{"weekday of the jump", "Europe/Paris", "30 2 * * sun", "2026-03-23T12:00Z",
			[]string{"2026-03-29T03:00+02:00", "2026-04-05T02:30+02:00"}},
		{"not its weekday", "Europe/Paris", "30 2 * * mon", "2026-03-24T12:00Z",
			[]string{"2026-03-30T02:30+02:00"}},
		{"New York, gap", "America/New_York", "15 2 8 3 *", "2026-01-01T00:00Z",
			[]string{"2026-03-08T03:00-04:00", "2027-03-08T02:15-05:00"}},
		{"New York, twice", "America/New_York", "30 1 * * *", "2026-10-31T12:00Z",
			[]string{"2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"}},
		{"New York, quarter hours", "America/New_York", "*/30 * * * *", "2026-11-01T05:15Z",
			[]string{"2026-11-01T01:30-04:00", "2026-11-01T01:00-05:00", "2026-11-01T01:30-05:00", "2026-11-01T02:00-05:00"}},
		{"half an hour forward", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00Z",
			[]string{"2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"}},
		{"half an hour forward, after the gap", "Australia/Lord_Howe", "0,15,45 2 * * *", "2026-10-03T00:00Z",
			[]string{"2026-10-04T02:30+11:00", "2026-10-04T02:45+11:00", "2026-10-05T02:00+11:00"}},
		{"half an hour back", "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00Z",
			[]string{"2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"}},
		{"half an hour back, the time of the shift", "Australia/Lord_Howe", "0 2 * * *", "2026-04-04T00:00Z",
			[]string{"2026-04-05T02:00+10:30", "2026-04-06T02:00+10:30"}},
		{"half an hour back, by elapsed time", "Australia/Lord_Howe", "30 * * * *", "2026-04-04T14:00Z",
			[]string{"2026-04-05T01:30+11:00", "2026-04-05T01:30+10:30", "2026-04-05T02:30+10:30"}},
		{"half an hour forward, by elapsed time", "Australia/Lord_Howe", "0 * * * *", "2026-10-03T14:00Z",
			[]string{"2026-10-04T01:00+10:30", "2026-10-04T03:00+11:00"}},
		{"a date left out", "Pacific/Apia", "0 6 * * *", "2011-12-29T00:00Z",
			[]string{"2011-12-29T06:00-10:00", "2011-12-31T06:00+14:00"}},
		{"midnights around the date left out", "Pacific/Apia", "@daily", "2011-12-29T00:00Z",
			[]string{"2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00", "2012-01-01T00:00+14:00"}},
		{"yearly on the date left out", "Pacific/Apia", "0 6 30 12 *", "2010-12-31T00:00Z",
			[]string{"2012-12-30T06:00+14:00"}},
		{"hourly over the date left out", "Pacific/Apia", "0 * * * *", "2011-12-30T08:30Z",
			[]string{"2011-12-29T23:00-10:00", "2011-12-31T00:00+14:00"}},
		{"no midnight", "America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00Z",
			[]string{"2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"}},
		{"no midnight on its monthly day", "America/Sao_Paulo", "30 0 4 * *", "2018-11-01T12:00Z",
			[]string{"2018-11-04T01:00-02:00", "2018-12-04T00:30-02:00"}},
		{"hour before midnight twice", "America/Sao_Paulo", "30 23 * * *", "2018-02-17T00:00Z",
			[]string{"2018-02-16T23:30-02:00", "2018-02-17T23:30-02:00", "2018-02-18T23:30-03:00"}},
		{"no midnight in Cairo", "Africa/Cairo", "0 0 * * *", "2026-04-23T12:00Z",
			[]string{"2026-04-24T01:00+03:00", "2026-04-25T00:00+03:00"}},
		{"Cairo goes back at midnight", "Africa/Cairo", "0 0 * * *", "2026-10-29T12:00Z",
			[]string{"2026-10-30T00:00+02:00", "2026-10-31T00:00+02:00"}},
		{"Cairo, hour before midnight twice", "Africa/Cairo", "0 23 * * *", "2026-10-29T12:00Z",
			[]string{"2026-10-29T23:00+03:00", "2026-10-30T23:00+02:00"}},
		{"gap over the end of a day", "America/Nuuk", "30 23 * * *", "2024-03-30T12:00Z",
			[]string{"2024-03-31T00:00-01:00", "2024-03-31T23:30-01:00"}},
		{"back over a midnight that had been", "America/St_Johns", "0 0 * * *", "2005-10-29T12:00Z",
			[]string{"2005-10-30T00:00-02:30", "2005-10-31T00:00-03:30"}},
		{"no saving of daylight", "Asia/Kolkata", "30 2 * * *", "2026-03-28T12:00Z",
			[]string{"2026-03-29T02:30+05:30", "2026-03-30T02:30+05:30"}},
		{"UTC", "UTC", "30 2 * * *", "2026-03-28T12:00Z", []string{"2026-03-29T02:30Z", "2026-03-30T02:30Z"}},
		{"last day of a leap year", "Europe/Paris", "0 0 31 12 *", "2040-01-01T00:00Z",
			[]string{"2040-12-31T00:00+01:00", "2041-12-31T00:00+01:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := mustZone(t, c.zone)
			s := mustParse(t, c.text, c.zone)
			if diff := cmp.Diff(c.want, nextOnes(s, at(t, c.after), zone, len(c.want))); diff != "" {
				t.Errorf("%s in %s, forward (-want +got)\n%s", c.text, c.zone, diff)
			}
			newest := at(t, c.want[len(c.want)-1])
			if diff := cmp.Diff(c.want, lastOnes(s, newest, zone, len(c.want))); diff != "" {
				t.Errorf("%s in %s, backward (-want +got)\n%s", c.text, c.zone, diff)
			}
		})
	}
}

func TestLongAndShortNight(t *testing.T) {
	zone := mustZone(t, "Europe/Paris")
	for _, c := range []struct {
		day, text string
		ticks     int
	}{
		{"2026-10-25T12:00Z", "0 * * * *", 25},
		{"2026-03-29T12:00Z", "0 * * * *", 23},
		{"2026-06-01T12:00Z", "0 * * * *", 24},
		{"2026-10-25T12:00Z", "0 0-23 * * *", 24},
		{"2026-03-29T12:00Z", "0 0-23 * * *", 23},
		{"2026-10-25T12:00Z", "*/10 * * * *", 150},
		{"2026-10-25T12:00Z", "0 */2 * * *", 13},
		{"2026-03-29T12:00Z", "0 */2 * * *", 11},
	} {
		s := mustParse(t, c.text, "Europe/Paris")
		begin, end := Midnight(at(t, c.day), zone), NextMidnight(at(t, c.day), zone)
		n := 0
		for tick := s.Next(begin.Add(-time.Second), time.Time{}); tick.Before(end); tick = s.Next(tick, time.Time{}) {
			n++
		}
		if n != c.ticks {
			t.Errorf("%s on %s: %d ticks, want %d", c.text, c.day[:10], n, c.ticks)
		}
	}
}
