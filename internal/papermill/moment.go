package papermill

import (
	"fmt"
	"strings"
)

// String is the time as Python's str shows it.
func (m moment) String() string {
	layout := "2006-01-02 15:04:05"
	if m.at.Nanosecond()/1000 != 0 {
		layout += ".000000"
	}
	if m.zoned {
		layout += "-07:00"
	}
	return m.at.Format(layout)
}

// directives are those of strftime that mean the same everywhere.
var directives = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'I': "03", 'p': "PM", 'j': "002",
	'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
}

// strftime formats the time with Python's directives.
func (m moment) strftime(format string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		layout, ok := directives[format[i]]
		switch {
		case format[i] == '%':
			out.WriteByte('%')
		case format[i] == 'f': // Go formats fractions behind a point only
			fmt.Fprintf(&out, "%06d", m.at.Nanosecond()/1000)
		case (format[i] == 'z' || format[i] == 'Z') && !m.zoned: // empty, as in Python
		case format[i] == 'z':
			out.WriteString(m.at.Format("-0700"))
		case format[i] == 'Z':
			out.WriteString(m.at.Format("MST"))
		case ok:
			out.WriteString(m.at.Format(layout))
		default:
			return "", fmt.Errorf("%%%c is no part of a time that is known", format[i])
		}
	}
	return out.String(), nil
}
