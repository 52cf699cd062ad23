package inbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// readTrigger makes a trigger of what somebody wants to add to a workflow.
func readTrigger(w *spec.Workflow, r freshet.TriggerRequest) (*spec.Trigger, error) {
	source := r.Entry
	if source == "" {
		var err error
		if source, err = compose(w, r); err != nil {
			return nil, err
		}
	} else if beside := beside(r); beside != "" {
		return nil, freshet.Errorf(freshet.Invalid, "an entry says everything itself, and `%s` is given beside it", beside).
			WithHint("write it into the entry")
	}
	t, diags := spec.ParseTrigger([]byte(source), w)
	if diags.HasErrors() {
		return nil, entryError(r, diags)
	}
	if _, named := written(t)["timezone"]; named || !clocked(t) {
		return t, nil
	}
	// It keeps its clock when the workflow gets another one.
	source = fmt.Sprintf("{timezone: %s, %s", t.Zone, strings.TrimPrefix(t.Text, "{"))
	if t, diags = spec.ParseTrigger([]byte(source), w); diags.HasErrors() {
		return nil, entryError(r, diags)
	}
	return t, nil
}

// written is a trigger's entry as its text has it.
func written(t *spec.Trigger) map[string]any {
	var keys map[string]any
	_ = yaml.Unmarshal([]byte(t.Text), &keys) // it has just been made of such a mapping
	return keys
}

// beside is a field that is set beside an entry, empty if there is none.
func beside(r freshet.TriggerRequest) string {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"name", r.Name != ""}, {"event", r.Event != ""}, {"if", r.If != ""}, {"schedule", r.Schedule != ""}, {"timezone", r.Timezone != ""},
		{"catchup", r.Catchup != ""}, {"with", len(r.With) > 0}, {"with_texts", len(r.Texts) > 0},
	} {
		if f.set {
			return f.name
		}
	}
	return ""
}

// entry is an entry of `on:` as it is composed of a request. It is written as
// JSON, which is YAML as well.
type entry struct {
	Event    string         `json:"event,omitempty"`
	If       string         `json:"if,omitempty"`
	Every    string         `json:"every,omitempty"`
	Schedule string         `json:"schedule,omitempty"`
	Name     string         `json:"name,omitempty"`
	Timezone string         `json:"timezone,omitempty"`
	Catchup  string         `json:"catchup,omitempty"`
	With     map[string]any `json:"with,omitempty"`
}

// compose writes the entry that a request asks for.
func compose(w *spec.Workflow, r freshet.TriggerRequest) (string, error) {
	switch {
	case r.Event == "" && r.Schedule == "":
		return "", freshet.Errorf(freshet.Invalid, "a trigger needs an event or a schedule").
			WithHint("`trigger add WORKFLOW --event KEY`, or `schedule add WORKFLOW EXPRESSION`")
	case r.Event != "" && r.Schedule != "":
		return "", freshet.Errorf(freshet.Invalid, "a trigger goes by an event or by a schedule, not by both").
			WithHint("add two triggers; or one that asks for both, with an entry {all: [{event: …}, {schedule: …}]}")
	case r.Schedule != "" && r.If != "":
		return "", freshet.Errorf(freshet.Invalid, "`if` looks at an event, and a schedule has none").
			WithHint("leave it out, or put the `if` on a task of the workflow")
	case r.Event != "" && r.Catchup != "":
		return "", freshet.Errorf(freshet.Invalid, "`catchup` is for ticks of a schedule that were missed; events are never missed").
			WithHint("leave it out")
	}
	e := entry{Event: r.Event, If: r.If, Schedule: r.Schedule, Name: r.Name, Timezone: r.Timezone, Catchup: r.Catchup}
	if words := strings.Fields(r.Schedule); len(words) > 0 && strings.EqualFold(words[0], "every") {
		e.Every, e.Schedule = strings.Join(words[1:], ""), ""
		if e.Every == "" {
			return "", freshet.Errorf(freshet.Invalid, "`every` needs an interval").WithHint("such as every 10m")
		}
	}
	var err error
	if e.With, err = parameters(w, r); err != nil {
		return "", err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return "", freshet.Errorf(freshet.Invalid, "the parameters cannot be written as JSON: %v", err)
	}
	return b.String(), nil
}

// parameters are what a trigger gives its runs: values as they are, and texts
// that are converted to the type of their parameter, unless they are to be
// computed when a run starts. What the workflow does not know is left to
// ParseTrigger.
func parameters(w *spec.Workflow, r freshet.TriggerRequest) (map[string]any, error) {
	with := make(map[string]any, len(r.With)+len(r.Texts))
	for k, v := range r.With {
		with[k] = v
	}
	some, texts := spec.Workflow{Name: w.Name}, map[string]string{}
	for k, text := range r.Texts {
		if _, twice := with[k]; twice {
			return nil, freshet.Errorf(freshet.Invalid, "parameter `%s`: given twice", k)
		}
		with[k] = text
		i := slices.IndexFunc(w.Parameters, func(p spec.Parameter) bool { return p.Name == k })
		if i >= 0 && !strings.Contains(text, "${{") {
			some.Parameters, texts[k] = append(some.Parameters, w.Parameters[i]), text
		}
	}
	slices.SortFunc(some.Parameters, func(a, b spec.Parameter) int { return strings.Compare(a.Name, b.Name) })
	converted, err := some.CheckParameters(nil, texts)
	if err != nil { // its hint knows these parameters only
		return nil, freshet.Errorf(freshet.Invalid, "%v", err).WithHint("`workflow show %s` shows the parameters", w.Name)
	}
	for k, v := range converted {
		with[k] = v
	}
	return with, nil
}

// clocked tells whether a trigger goes by the clock of a zone: by its
// conditions, or in the dates that it gives its runs.
func clocked(t *spec.Trigger) bool {
	return len(t.With) > 0 && t.Zone != time.UTC || slices.ContainsFunc(t.Nodes, func(c *spec.Condition) bool {
		return c.Tick() || c.Within.Day || c.NotBefore != nil || c.Deadline != nil
	})
}

// entryError says in one error what is wrong with a trigger. Places in a text
// that was composed here tell nobody anything.
func entryError(r freshet.TriggerRequest, diags spec.Diagnostics) error {
	if r.Entry != "" {
		return diags.Err()
	}
	var messages []string
	hint := ""
	for _, d := range diags {
		if d.Severity != spec.Error {
			continue
		}
		messages = append(messages, d.Message)
		if hint == "" {
			hint = d.Hint
		}
	}
	return freshet.Errorf(freshet.Invalid, "%s", strings.Join(messages, "; ")).WithHint("%s", hint)
}
