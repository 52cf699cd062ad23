package spec

import (
	"fmt"
	"strconv"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// Forever is the retention of what is never removed.
const Forever time.Duration = -1

const forever = "forever"

// retention is how long ended runs are kept.
var retention = form[time.Duration]{schema{"type": "string", "pattern": durationPattern + "|^" + forever + "$"}, func(r *reader, n *yaml.Node) (time.Duration, bool) {
	d := deref(n)
	const expected = "a duration such as 30d, or `forever`"
	switch {
	case d.Kind != yaml.ScalarNode:
	case d.Value == forever:
		return Forever, true
	case d.Tag == "!!int" || d.Tag == "!!float":
		r.hinted(n, CodeType, fmt.Sprintf("name the unit: %sd", d.Value), "expected %s, found the number %s", expected, d.Value)
		return 0, false
	case d.Value == "none" || d.Value == "never":
		r.hinted(n, CodeValue, "write `retention: forever` if nothing is to be removed", "expected %s, found %s", expected, excerpt(d.Value))
		return 0, false
	}
	return duration.read(r, n)
}}

// ParseRetention reads a duration such as 30d, or `forever`.
func ParseRetention(text string) (time.Duration, error) {
	if text == forever {
		return Forever, nil
	}
	var total float64
	if durationRegexp.MatchString(text) {
		for _, part := range durationPart.FindAllStringSubmatch(text, -1) {
			v, _ := strconv.ParseFloat(part[1], 64)
			total += v * float64(units[part[2]])
		}
	}
	if total < 1 || total > float64(100*365*24*time.Hour) {
		return 0, fmt.Errorf("%q is no duration such as 12h or 30d, at most 100 years, and not `forever`", text)
	}
	return time.Duration(total), nil
}
