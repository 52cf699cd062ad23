package spec

import (
	"errors"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/tick"
)

// zone is whose clock is meant: that of the entry of `on` that is being read,
// of the file, or UTC.
func (r *reader) zone() *time.Location {
	switch {
	case r.entryZone != nil:
		return r.entryZone
	case r.w.Timezone != nil:
		return r.w.Timezone
	}
	return time.UTC
}

// everyForm is an interval.
var everyForm = form[*tick.Schedule]{duration.schema, func(r *reader, n *yaml.Node) (*tick.Schedule, bool) {
	d, ok := duration.read(r, n)
	if !ok {
		return nil, false
	}
	s, err := tick.Every(d)
	return s, r.timely(n, err)
}}

// scheduleForm is a cron expression, in the zone that holds here.
var scheduleForm = form[*tick.Schedule]{schema{"type": "string", "minLength": 1}, func(r *reader, n *yaml.Node) (*tick.Schedule, bool) {
	s, ok := plain.read(r, n)
	if !ok {
		return nil, false
	}
	if every, ok := strings.CutPrefix(s, "every "); ok {
		r.hinted(n, CodeValue, "write `every: "+strings.TrimSpace(every)+"`", "%s is an interval, not a cron expression", excerpt(s))
		return nil, false
	}
	t, err := tick.Cron(s, r.zone())
	return t, r.timely(n, err)
}}

// clockForm is a time of day.
var clockForm = form[*tick.Clock]{schema{"type": "string", "pattern": `^[0-9]{1,2}:[0-9]{2}$`}, func(r *reader, n *yaml.Node) (*tick.Clock, bool) {
	if d := deref(n); !isText(d) {
		r.hinted(n, CodeType, `for example "08:00"`, "expected a time of day, found %s", found(n))
		return nil, false
	}
	c, err := tick.ParseClock(deref(n).Value)
	return &c, r.timely(n, err)
}}

// timezoneForm is the name of a zone.
var timezoneForm = form[*time.Location]{schema{"type": "string", "minLength": 1}, func(r *reader, n *yaml.Node) (*time.Location, bool) {
	s, ok := plain.read(r, n)
	if !ok {
		return nil, false
	}
	zone, err := tick.Zone(s)
	return zone, r.timely(n, err)
}}

// timely reports what is wrong with a time; it tells whether nothing is.
func (r *reader) timely(n *yaml.Node, err error) bool {
	var e *freshet.Error
	switch {
	case err == nil:
		return true
	case errors.As(err, &e):
		r.hinted(n, CodeValue, e.Hint, "%s", e.Message)
	default:
		r.errorAt(n, CodeValue, "%s", err)
	}
	return false
}

// windowForm is `within`: a duration, or the day.
var windowForm = form[Window]{schema{"type": "string", "pattern": durationPattern + "|^day$"}, func(r *reader, n *yaml.Node) (Window, bool) {
	if d := deref(n); d.Kind == yaml.ScalarNode && d.Value == "day" {
		return Window{Day: true}, true
	} else if isText(d) && !strings.HasPrefix(d.Value, "-") && !durationRegexp.MatchString(d.Value) {
		r.errorAt(n, CodeValue, "expected a duration such as 90s, 10m, 1h30m, or `day`, found %s", excerpt(d.Value))
		return Window{}, false
	}
	span, ok := duration.read(r, n)
	return Window{Span: span}, ok
}}

// catchupForm is what becomes of ticks that were missed.
var catchupForm = form[Catchup]{
	schema{"anyOf": []any{schema{"enum": []CatchupMode{CatchupNone, CatchupLatest, CatchupAll}}, duration.schema}},
	func(r *reader, n *yaml.Node) (Catchup, bool) {
		if d := deref(n); d.Kind == yaml.ScalarNode {
			switch mode := CatchupMode(d.Value); mode {
			case CatchupNone, CatchupLatest, CatchupAll:
				return Catchup{Mode: mode}, true
			}
			if isText(d) && !strings.HasPrefix(d.Value, "-") && !durationRegexp.MatchString(d.Value) {
				r.errorAt(n, CodeValue, "expected none, latest, all or a duration such as 7d, found %s", excerpt(d.Value))
				return Catchup{}, false
			}
		}
		span, ok := duration.read(r, n)
		return Catchup{CatchupSpan, span}, ok
	},
}

// narrow is the narrower of two windows: what is remembered within both.
func (w Window) narrow(other Window) Window {
	w.Day = w.Day || other.Day
	if w.Span == 0 || other.Span > 0 && other.Span < w.Span {
		w.Span = other.Span
	}
	return w
}
