package freshet

import "time"

// Trigger is what starts runs of a workflow: an entry of its file's `on:`, or
// one that was added at run time.
type Trigger struct {
	ID         int64         `json:"id"`
	Name       string        `json:"name"`
	Namespace  string        `json:"namespace"`
	Workflow   string        `json:"workflow"`
	Kind       TriggerKind   `json:"kind"`
	Expression string        `json:"expression"` // the condition on one line; of a schedule the five fields, or `every 10m`
	Timezone   string        `json:"timezone"`   // whose clock it goes by
	Source     TriggerSource `json:"source"`
	Paused     bool          `json:"paused"`
	Enabled    bool          `json:"enabled"` // false: its workflow is disabled, so it does not fire either
	NextAt     *time.Time    `json:"next_at"` // the next tick, or other time that it waits for; null: none
	Catchup    string        `json:"catchup"`
	Entry      string        `json:"entry"` // the whole entry, as it would stand in a file
	CreatedAt  time.Time     `json:"created_at"`
}

// TriggerKind is a sort of trigger.
type TriggerKind string

// The sorts of triggers, by the outermost condition.
const (
	OnEvent     TriggerKind = "event"     // event, count, sum
	OnSchedule  TriggerKind = "schedule"  // every, schedule
	OnWorkflow  TriggerKind = "workflow"  // a run of another workflow ends
	OnCondition TriggerKind = "condition" // all, any, missing
)

// TriggerSource says where a trigger comes from.
type TriggerSource string

// The sources of triggers.
const (
	FromFile TriggerSource = "file"  // it comes and goes with the workflow's file; it can be paused, not deleted
	Added    TriggerSource = "added" // at run time
)

// TriggerRequest adds a trigger. Either Entry is set, or the fields below it.
type TriggerRequest struct {
	Workflow string            `json:"workflow"`
	Entry    string            `json:"entry,omitempty"` // YAML, as an entry of `on:`
	Name     string            `json:"name,omitempty"`
	Event    string            `json:"event,omitempty"`
	If       string            `json:"if,omitempty"`
	Schedule string            `json:"schedule,omitempty"`   // five fields, @daily and the like, or `every 10m`
	Timezone string            `json:"timezone,omitempty"`   // empty: the workflow's
	Catchup  string            `json:"catchup,omitempty"`    // none, latest, all or a duration
	With     map[string]any    `json:"with,omitempty"`       // parameters of the runs; ${{ }} may stand in texts
	Texts    map[string]string `json:"with_texts,omitempty"` // converted by the parameters' own types, as `-p name=text` wants it
}

// TriggerAction is what can be done with triggers that are there.
type TriggerAction string

// The actions on triggers.
const (
	PauseTrigger  TriggerAction = "pause"
	ResumeTrigger TriggerAction = "resume"
	DeleteTrigger TriggerAction = "delete"
)

// Namespace is a world of its own: workflows, events and triggers of one never
// meet those of another.
type Namespace struct {
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties"`
	Workflows  int            `json:"workflows"`           // how many it holds
	CreatedAt  time.Time      `json:"created_at,omitzero"` // not there: it has always been
}
