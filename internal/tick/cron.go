package tick

import (
	"math/bits"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// fields are the five fields of a cron expression as sets of numbers: bit n
// stands for n, Sunday is 0.
type fields struct {
	minute, hour, dom, month, dow uint64

	eitherDay bool // day of month and day of week are both restricted: one of them is enough
	elapsed   bool // the hour follows elapsed time
}

// nicknames are the expressions that have a name.
var nicknames = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

// Cron reads the five fields of crontab(5), or @hourly, @daily, @midnight,
// @weekly, @monthly, @yearly, @annually. Without a zone it is read in UTC.
//
// As in crontab(5), a step follows a range or *, ranges run upward, names have
// three letters, and if neither day field begins with *, a day matches if one
// of the two does. Names may stand in lists and ranges, and sun at the end of
// a range is 7. A step larger than its field, which could never step, is
// refused, and so is a date that no month has.
func Cron(text string, zone *time.Location) (*Schedule, error) {
	words := strings.Fields(strings.ToLower(text))
	s := &Schedule{text: strings.Join(words, " "), zone: zone}
	if zone == nil {
		s.zone = time.UTC
	}
	if full, ok := nicknames[s.text]; ok {
		words = strings.Fields(full)
	} else if err := checkShape(text, words); err != nil {
		return nil, err
	}
	for i, set := range []*uint64{&s.cron.minute, &s.cron.hour, &s.cron.dom, &s.cron.month, &s.cron.dow} {
		var err *freshet.Error
		if *set, err = fieldForms[i].read(words[i]); err != nil {
			return nil, err
		}
	}
	s.cron.dow = s.cron.dow&0x7f | s.cron.dow>>7
	s.cron.elapsed = strings.Contains(words[1], "*")
	s.cron.eitherDay = words[2][0] != '*' && words[4][0] != '*'
	if !s.cron.eitherDay && !s.cron.dateExists() {
		return nil, freshet.Errorf(freshet.Invalid, "%s is never due: none of its months has such a day", quote(s.text)).
			WithHint("February has at most 29 days; April, June, September and November have 30")
	}
	return s, nil
}

// dateExists tells whether a month of the set has a day of the set, in some
// year.
func (f *fields) dateExists() bool {
	for months := f.month; months != 0; months &= months - 1 {
		const leapYear = 2000
		if f.dom&monthMask(leapYear, time.Month(bits.TrailingZeros64(months))) != 0 {
			return true
		}
	}
	return false
}

// checkShape refuses what is no five fields at all, and says what to write.
func checkShape(text string, words []string) error {
	wrong := func(hint, format string, args ...any) error {
		return freshet.Errorf(freshet.Invalid, format, args...).WithHint("%s", hint)
	}
	switch n := len(words); {
	case n == 0:
		return wrong("write five fields, such as `0 6 * * *`, or @daily, or every 10m", "the schedule is empty")
	case words[0] == "@reboot":
		return wrong("a schedule names times; to serve without end, let the workflow say `ends: never`", "@reboot is no time")
	case words[0] == "@every":
		return wrong("write every 10m, without the @", "@every is not crontab(5)")
	case nicknames[words[0]] != "":
		return wrong("write "+words[0]+" alone, or five fields such as `0 6 * * *`", "nothing follows %s", words[0])
	case strings.HasPrefix(words[0], "@"):
		return wrong("write @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually", "there is no %s", quote(words[0]))
	case strings.Contains(words[0], "="):
		return wrong("give the zone as `timezone`, apart from the expression", "%s does not belong into a cron expression", quote(words[0]))
	case n == 6 || n == 7:
		return wrong("there is no field for seconds (write every 10s) and none for years",
			"a cron expression has five fields, %s has %d", quote(text), n)
	case n != 5:
		return wrong("the fields are minute, hour, day of month, month, day of week: `0 6 * * *` is every day at six",
			"a cron expression has five fields, %s has %d", quote(text), n)
	}
	return nil
}
