package tick

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet/freshet"
)

// fieldForm says what one field of a cron expression may hold.
type fieldForm struct {
	name      string
	low, high int
	names     []string // of low, low+1, …
}

var fieldForms = [5]fieldForm{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// read is the set of the numbers that a field, in lower case, names.
func (f *fieldForm) read(text string) (set uint64, err *freshet.Error) {
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		first, last, err := f.span(span, step, stepped)
		if err != nil {
			return 0, err
		}
		by := 1
		if stepped {
			if by, err = f.step(step); err != nil {
				return 0, err
			}
		}
		for n := first; n <= last; n += by {
			set |= 1 << n
		}
	}
	return set, nil
}

// span reads what stands before a step: *, a number or name, or a range.
func (f *fieldForm) span(span, step string, stepped bool) (first, last int, err *freshet.Error) {
	if span == "*" {
		return f.low, f.high, nil
	}
	from, to, ranged := strings.Cut(span, "-")
	if first, err = f.value(from); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
	case stepped:
		return 0, 0, f.wrong("a step follows a range or *, not the single %s", quote(span)).
			WithHint("write %d-%d/%s", first, f.high, step)
	default:
		return first, first, nil
	}
	if last, err = f.value(to); err != nil {
		return 0, 0, err
	}
	if to == "sun" && first > 0 {
		last = 7
	}
	if first > last {
		return 0, 0, f.wrong("%s runs backward", quote(span)).
			WithHint("write it in two parts: %d-%d,%d-%d", first, f.high, f.low, last)
	}
	return first, last, nil
}

// value reads a number or a name.
func (f *fieldForm) value(text string) (int, *freshet.Error) {
	if i := slices.Index(f.names, text); i >= 0 {
		return f.low + i, nil
	}
	if !isNumber(text) {
		return 0, f.unknown(text)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high {
		return 0, f.wrong("%s is not in %d-%d", quote(text), f.low, f.high).WithHint("%s", f.allowed())
	}
	return n, nil
}

func (f *fieldForm) step(text string) (int, *freshet.Error) {
	n, err := strconv.Atoi(text)
	if !isNumber(text) || err != nil || n < 1 || n > f.high {
		hint := fmt.Sprintf("a step of this field is a number from 1 to %d", f.high)
		if unit := map[string]string{"minute": "m", "hour": "h"}[f.name]; err == nil && n > f.high && unit != "" {
			hint += fmt.Sprintf("; for a longer interval write every %d%s", n, unit)
		}
		return 0, f.wrong("%s is no step", quote(text)).WithHint("%s", hint)
	}
	return n, nil
}

// unknown refuses what is neither a number nor a name, with a word about the
// dialects of cron that people bring along.
func (f *fieldForm) unknown(text string) *freshet.Error {
	hint := f.allowed()
	switch letters := strings.Trim(text, "0123456789"); {
	case strings.Contains(text, "?"):
		hint = "write * where any will do"
	case strings.Contains(text, "#"):
		hint = "crontab(5) has no n-th weekday; name the days of the month, 15-21, and let an `if` look at the weekday"
	case strings.Contains(text, "~"), letters == "h":
		hint = "a schedule has no chance in it: write the number"
	case len(letters) == 1 && strings.Contains("lw", letters), letters == "lw":
		hint = "crontab(5) has no last day and no nearest weekday; the first day of the month is 1"
	case len(text) > 3 && slices.Contains(f.names, text[:3]):
		hint = "names have three letters: " + text[:3]
	}
	return f.wrong("%s is no %s", quote(text), f.name).WithHint("%s", hint)
}

// allowed says what the field may hold.
func (f *fieldForm) allowed() string {
	text := fmt.Sprintf("a %s is %d-%d", f.name, f.low, f.high)
	if f.names != nil {
		text += fmt.Sprintf(" or %s-%s", f.names[0], f.names[len(f.names)-1])
	}
	if f.high == 7 {
		text += ", where 0 and 7 are Sunday"
	}
	return text
}

func (f *fieldForm) wrong(format string, args ...any) *freshet.Error {
	return freshet.Errorf(freshet.Invalid, "%s: %s", f.name, fmt.Sprintf(format, args...))
}

// isNumber tells whether a text is digits and nothing else.
func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
