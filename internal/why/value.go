package why

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// falseWords says that a task's `if` was false, with the values that it looked
// at.
func (q *inquiry) falseWords(v *view, t *spec.Task, x execution) string {
	if t.If == nil {
		return "its `if` was false"
	}
	text := fmt.Sprintf("its `if`, %s, was false", clip(t.If.Source()))
	var values, said []string
	for _, ref := range t.If.Refs() {
		path := strings.Join(ref.Path, ".")
		if ref.Has || slices.Contains(said, path) || len(said) == shownStarts {
			continue
		}
		said = append(said, path)
		if was, ok := q.was(v, ref.Path, x); ok {
			values = append(values, path+" was "+was)
		}
	}
	if len(values) == 0 {
		return text
	}
	return text + " (" + strings.Join(values, ", ") + ")"
}

// was is what a name meant when a start was decided, as far as that is kept.
func (q *inquiry) was(v *view, path []string, x execution) (string, bool) {
	switch {
	case path[0] == "params" && len(path) > 1 && v.w.Hides(path[1]):
		return freshet.Masked, true
	case path[0] == "params" && len(path) > 1:
		return member(v.Parameters, path[1:])
	case path[0] == "event" && len(path) > 1:
		return q.eventWas(v, path[1:], x)
	case path[0] == "tasks" && len(path) > 2:
		up, ok := q.startAt(v, path[1], x.queued, ending)
		switch {
		case path[2] == "status" && ok:
			return text(string(up.status))
		case path[2] != "outputs" || len(path) < 4:
			return "", false
		}
		for ok && up.status != freshet.Success && up.Seq > 1 {
			up, ok = q.start(v, path[1], up.Seq-1)
		}
		if !ok || up.status != freshet.Success {
			return "", false
		}
		return member(up.outputs, path[3:])
	}
	return "", false
}

// eventWas is a field of the event that started an execution, or else its run.
func (q *inquiry) eventWas(v *view, path []string, x execution) (string, bool) {
	ev := v.Event
	if x.offset != 0 {
		if ev = nil; q.entry(x.offset) != nil {
			ev = q.entry(x.offset).Event
		}
	}
	if ev == nil {
		ev = &freshet.Event{}
	}
	switch path[0] {
	case "key":
		return text(ev.Key)
	case "value":
		return text(ev.Value)
	case "sender":
		return text(ev.Sender)
	case "data":
		var data any
		if json.Unmarshal([]byte(ev.Value), &data) != nil {
			data = ev.Value
		}
		return member(data, path[1:])
	}
	return "", false
}

// member goes down into a value.
func member(value any, path []string) (string, bool) {
	for _, name := range path {
		m, ok := value.(map[string]any)
		if !ok {
			return "", false
		}
		if value, ok = m[name]; !ok {
			return "", false
		}
	}
	return text(value)
}

// text is a value as JSON, cut short.
func text(value any) (string, bool) {
	b, err := json.Marshal(value)
	if err != nil {
		return "", false
	}
	short := []rune(string(b))
	if len(short) > 60 {
		short = append(short[:60], '…')
	}
	return string(short), true
}
