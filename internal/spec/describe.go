package spec

import (
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// triggerKind is the sort of a trigger with this condition.
func (c *Condition) triggerKind() string {
	switch c.Kind {
	case EventIs, CountIs, SumIs:
		return string(freshet.OnEvent)
	case EveryIs, ScheduleIs:
		return string(freshet.OnSchedule)
	case WorkflowIs:
		return string(freshet.OnWorkflow)
	}
	return string(freshet.OnCondition)
}

// text is the condition on one line, for people. That of a tick is what `tick`
// reads again.
func (c *Condition) text() string {
	switch c.Kind {
	case EveryIs, ScheduleIs:
		return c.Ticks.String()
	case EventIs:
		return "event " + c.Key + c.filter()
	case CountIs:
		return "count of " + c.Key + " reaches " + strconv.FormatFloat(c.Reaches, 'f', -1, 64) + c.Within.text() + c.filter()
	case SumIs:
		return "sum of " + oneLine(c.Of.Source()) + " over " + c.Key + " reaches " + strconv.FormatFloat(c.Reaches, 'f', -1, 64) + c.Within.text() + c.filter()
	case MissingIs:
		if c.Key == "" {
			return "workflow " + flowsText(c.Flows) + " missing for " + spanText(c.For)
		}
		return "event " + c.Key + " missing for " + spanText(c.For) + c.filter()
	case WorkflowIs:
		return "workflow " + flowsText(c.Flows)
	}
	parts := make([]string, len(c.Parts))
	for i, p := range c.Parts {
		if parts[i] = p.text(); p.Kind == AllOf || p.Kind == AnyOf {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	if c.Kind == AnyOf {
		return "any of: " + strings.Join(parts, "; ")
	}
	if within := c.Within.text(); within != "" {
		parts = append(parts, within[1:])
	}
	if c.NotBefore != nil {
		parts = append(parts, "not before "+c.NotBefore.String())
	}
	if c.Deadline != nil {
		parts = append(parts, "deadline "+c.Deadline.String())
	}
	return "all of: " + strings.Join(parts, "; ")
}

func (c *Condition) filter() string {
	if c.If == nil {
		return ""
	}
	return " if " + oneLine(c.If.Source())
}

func (w Window) text() string {
	switch {
	case w.Day:
		return " within day"
	case w.Span > 0:
		return " within " + spanText(w.Span)
	}
	return ""
}

func flowsText(flows []FlowWant) string {
	texts := make([]string, len(flows))
	for i, f := range flows {
		words := make([]string, len(f.Statuses))
		for j, s := range f.Statuses {
			words[j] = string(s)
		}
		texts[i] = f.Name + ": " + strings.Join(words, " or ")
	}
	return strings.Join(texts, ", ")
}

// spanText is a duration in its largest whole unit: 90m, 36h, 7d.
func spanText(d time.Duration) string {
	for _, u := range []string{"d", "h", "m", "s", "ms"} {
		if d%units[u] == 0 {
			return strconv.FormatInt(int64(d/units[u]), 10) + u
		}
	}
	return d.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
