package machine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// ancient is what the format page says of windows, written down a second time:
// it keeps everything that came since the trigger last fired and looks
// through it at each event.
type ancient struct {
	zone  *time.Location
	past  []freshet.Event // since it last fired
	fired map[*spec.Condition]time.Time
}

func (p *ancient) day(t time.Time) string { return t.In(p.zone).Format(time.DateOnly) }

// kept tells whether what happened at a time is remembered still.
func (p *ancient) kept(w spec.Window, at, now time.Time) bool {
	return (w.Span == 0 || now.Sub(at) < w.Span) && (!w.Day || p.day(at) == p.day(now))
}

// happened is when a signal last happened among the past, and whether it did.
// A count that had been reached and was forgotten begins anew.
func (p *ancient) happened(c *spec.Condition) (at time.Time, ok bool) {
	var in []freshet.Event
	for _, ev := range p.past {
		if ev.Key != c.Key {
			continue
		}
		if c.Kind == spec.EventIs {
			at, ok = ev.Time, true
			continue
		}
		if ok && !p.kept(c.Keeps, at, ev.Time) {
			in, ok = nil, false
		}
		in = append(in, ev)
		have := 0.0
		for _, e := range in {
			if !p.kept(c.Within, e.Time, ev.Time) {
				continue
			}
			if c.Kind == spec.CountIs {
				have++
			} else {
				have += float64(data(&e))
			}
		}
		if have >= c.Reaches {
			at, ok = ev.Time, true
		}
	}
	return at, ok
}

func (p *ancient) holds(c *spec.Condition, now time.Time) bool {
	switch c.Kind {
	case spec.AllOf:
		if c.Within.Day && p.day(p.fired[c]) == p.day(now) {
			return false
		}
		for _, part := range c.Parts {
			if !p.holds(part, now) {
				return false
			}
		}
		return true
	case spec.AnyOf:
		for _, part := range c.Parts {
			if p.holds(part, now) {
				return true
			}
		}
		return false
	}
	at, ok := p.happened(c)
	if !c.InAll {
		return ok && at.Equal(now) && p.past[len(p.past)-1].Key == c.Key
	}
	return ok && p.kept(c.Keeps, at, now)
}

// signals tells whether a signal of the trigger happens now.
func (p *ancient) signals(on *spec.Trigger, now time.Time) bool {
	for _, c := range on.Nodes {
		if c.Signal() && p.past[len(p.past)-1].Key == c.Key {
			if at, ok := p.happened(c); ok && at.Equal(now) {
				return true
			}
		}
	}
	return false
}

// see takes an event and tells whether the trigger fires.
func (p *ancient) see(on *spec.Trigger, ev freshet.Event) bool {
	p.past = append(p.past, ev)
	if !p.signals(on, ev.Time) || !p.holds(on.When, ev.Time) {
		return false
	}
	for _, c := range on.Nodes {
		if c.Kind == spec.AllOf && c.Within.Day && p.holds(c, ev.Time) {
			p.fired[c] = ev.Time
		}
	}
	p.past = nil
	return true
}

func drawCondition(t *rapid.T, depth int) string {
	key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
	within := rapid.SampledFrom([]string{"", "", ", within: 20m", ", within: 3h", ", within: day"}).Draw(t, "within")
	switch n := rapid.IntRange(0, 6).Draw(t, "condition"); {
	case n > 3 && depth < 3:
		var parts []string
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			parts = append(parts, drawCondition(t, depth+1))
		}
		if n == 4 {
			return "{any: [" + strings.Join(parts, ", ") + "]}"
		}
		return "{all: [" + strings.Join(parts, ", ") + "]" + within + "}"
	case n == 1:
		return fmt.Sprintf("{count: {event: %s, reaches: %d}%s}", key, rapid.IntRange(1, 4).Draw(t, "reaches"), within)
	case n == 2:
		return fmt.Sprintf("{sum: {event: %s, of: event.data, reaches: %d}%s}", key, rapid.IntRange(1, 9).Draw(t, "reaches"), within)
	}
	return "{event: " + key + "}"
}

// A trigger fires on the very events on which plain history says it does.
func TestWindowsAgreeWithHistory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		source := drawCondition(rt, 0)
		b := newBureau(t, "timezone: America/New_York\non: ["+source+"]")
		on := b.versions["v1"].On[0]
		p := &ancient{zone: on.Zone, fired: map[*spec.Condition]time.Time{}}
		for range rapid.IntRange(1, 60).Draw(rt, "events") {
			b.now = b.now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 5, 10, 20, 60, 180, 600}).Draw(rt, "minutes")) * time.Minute)
			key, value := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "key"), rapid.IntRange(0, 3).Draw(rt, "value")
			if err := b.line(fmt.Sprintf("event %s %d", key, value)); err != nil {
				rt.Fatal(err)
			}
			got := b.starts()[0] != "NONE"
			want := p.see(on, freshet.Event{Key: key, Value: fmt.Sprint(value), Time: b.now, Offset: b.offset})
			if got != want {
				rt.Fatalf("%s\nevent %s %d at %s: fired %v, history says %v (%+v)", source, key, value, b.now, got, want, b.said)
			}
		}
	})
}
