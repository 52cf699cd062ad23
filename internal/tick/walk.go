package tick

import "time"

// walker finds the ticks of a cron expression.
type walker interface {
	next(after int64) time.Time
	last(until int64) time.Time
}

func (s *Schedule) walker() walker {
	if s.cron.elapsed {
		return elapsedHours{&s.cron, s.zone}
	}
	return fixedHours{&s.cron, s.zone}
}

// fixedHours takes each matching wall clock time to its instant. Several that
// one jump leaves out have one instant, and are one tick.
type fixedHours struct {
	*fields
	zone *time.Location
}

func (f fixedHours) next(after int64) time.Time {
	for w := shown(after, f.zone) + 1; ; w++ {
		var ok bool
		if w, ok = f.onOrAfter(w); !ok {
			return time.Time{}
		}
		if t, ok := f.tick(w); ok {
			return t
		}
	}
}

func (f fixedHours) last(until int64) time.Time {
	for w := shown(until, f.zone); ; w-- {
		var ok bool
		if w, ok = f.onOrBefore(w); !ok {
			return time.Time{}
		}
		if t, ok := f.tick(w); ok {
			return t
		}
	}
}

// tick is the instant of w, unless the zone leaves out its whole date.
func (f fixedHours) tick(w int64) (time.Time, bool) {
	t, exact := instant(w, f.zone)
	if !exact && omitted(w, f.zone) {
		return time.Time{}, false
	}
	return time.Unix(t, 0).UTC(), true
}

// elapsedHours looks at the clock as it is shown, period by period.
type elapsedHours struct {
	*fields
	zone *time.Location
}

func (e elapsedHours) next(after int64) time.Time {
	for t := after + 1; ; {
		p := periodAt(t, e.zone)
		w, ok := e.onOrAfter(t + p.offset)
		if !ok {
			return time.Time{}
		}
		if t = w - p.offset; t < p.end {
			return time.Unix(t, 0).UTC()
		}
		t = p.end
	}
}

func (e elapsedHours) last(until int64) time.Time {
	for t := until; ; {
		p := periodAt(t, e.zone)
		w, ok := e.onOrBefore(t + p.offset)
		if !ok {
			return time.Time{}
		}
		if t = w - p.offset; t >= p.start {
			return time.Unix(t, 0).UTC()
		}
		t = p.start - 1
	}
}
