package machine

import (
	"slices"
	"time"

	"github.com/freshet/freshet"
)

// Kind is a sort of journal entry.
type Kind string

// The sorts of entries. Facts are always accepted; commands may be refused,
// and the refusal is the answer.
const (
	EventHappened Kind = "event"            // fact: an event
	Started       Kind = "started"          // fact: a process runs
	Ended         Kind = "ended"            // fact: a process is gone, or will never be
	TimerFired    Kind = "timer"            // fact: a due time has come
	Settle        Kind = "settle"           // a run looks over: is it, once all that was accepted before has been decided?
	RunEnded      Kind = "run_ended"        // a run tells its namespace's registry
	ChildStarted  Kind = "child_started"    // fact: the registry tells a run which run its task has called
	ChildEnded    Kind = "child_ended"      // fact: a run tells the run that called it
	RunAdmitted   Kind = "run_admitted"     // the registry tells a queued run that its place is free
	PlacesChanged Kind = "places"           // an upload may have changed how many runs, or executions of tasks, have a place
	AskPlaces     Kind = "places_ask"       // a run tells its namespace which places its tasks want, and which they leave
	GrantPlaces   Kind = "places_grant"     // the namespace tells a run which places its tasks have got
	Upload        Kind = "upload"           // command: workflows to keep
	StartRun      Kind = "run_start"        // command
	StopRun       Kind = "run_stop"         // command
	StartTask     Kind = "task_start"       // command
	StopTask      Kind = "task_stop"        // command
	AnswerTask    Kind = "task_answer"      // command: of an approval
	RestartTask   Kind = "task_restart"     // command
	AddTrigger    Kind = "trigger_add"      // command
	ChangeTrigger Kind = "trigger_change"   // command: pause, resume, delete
	EnableFlow    Kind = "workflow_enable"  // command
	DisableFlow   Kind = "workflow_disable" // command
	DeleteFlow    Kind = "workflow_delete"  // command
	PutNamespace  Kind = "namespace_put"    // command: add or update
	DropNamespace Kind = "namespace_delete" // command
	DeleteRun     Kind = "run_delete"       // command
)

// Entry is one entry of the journal. Every change begins as one.
type Entry struct {
	Offset    int64 // place in the journal
	Namespace string
	Kind      Kind
	Time      time.Time // journal time, never goes backward
	Run       int64     // the run that it concerns or carries, 0 for none
	Depth     int       // links of the chain of events that led here
	Cause     int64     // the entry whose decision made this one, 0 if it came from outside
	Event     *freshet.Event
	Body      Body
	From      int64 // of an event, the run whose task sends it; not stored

	seen *eventObject // Event as expressions see it, made once
}

// Body is what an entry of a kind other than EventHappened says; the field
// of its kind is set.
type Body struct {
	Process  *Process       `json:"process,omitempty"`  // Started, Ended
	Timer    *Timer         `json:"timer,omitempty"`    // TimerFired
	Start    *RunStart      `json:"start,omitempty"`    // StartRun
	Stop     *RunStop       `json:"stop,omitempty"`     // StopRun
	Task     string         `json:"task,omitempty"`     // StartTask, StopTask, RestartTask
	Upload   []Uploaded     `json:"upload,omitempty"`   // Upload
	Status   freshet.Status `json:"status,omitempty"`   // RunEnded
	Workflow string         `json:"workflow,omitempty"` // RunEnded, RunAdmitted, PlacesChanged, AskPlaces, EnableFlow, DisableFlow, DeleteFlow
	Key      string         `json:"key,omitempty"`      // RunEnded: of its workflow's `concurrency`
	Outputs  map[string]any `json:"outputs,omitempty"`  // RunEnded, ChildEnded; of a Rerun by task
	Trigger  *TriggerRow    `json:"trigger,omitempty"`  // AddTrigger; its ID is FirstTrigger
	Child    *Child         `json:"child,omitempty"`    // ChildStarted, ChildEnded
	Answer   *Answer        `json:"answer,omitempty"`   // AnswerTask
	Places   *PlacesChange  `json:"places,omitempty"`   // AskPlaces, GrantPlaces
	Change   *TriggerChange `json:"change,omitempty"`   // ChangeTrigger
	Space    *SpaceChange   `json:"space,omitempty"`    // PutNamespace
	Parent   int64          `json:"parent,omitempty"`   // DeleteRun: the run that had called it

	Traceparent string `json:"traceparent,omitempty"` // RunEnded: what carries on the run's trace

	// FirstTrigger is the first of the ids that the entry may give to new
	// triggers: Upload, AddTrigger.
	FirstTrigger int64 `json:"first_trigger,omitempty"`
	// Up is when the server came up, or woke, last: what was due before that
	// was missed. TimerFired, of a rule's time.
	Up *time.Time `json:"up,omitempty"`
}

// Child is what a task hears of the run that it called.
type Child struct {
	Key    freshet.Key    `json:"key"` // the execution that called
	Run    int64          `json:"run,omitempty"`
	Status freshet.Status `json:"status,omitempty"` // ChildEnded
	Reason string         `json:"reason,omitempty"`
}

// Rerun says what a run takes over from one that has ended. The outputs of the
// tasks that are kept stand in Body.Outputs, by task.
type Rerun struct {
	Of    int64     `json:"of"`
	Newer bool      `json:"newer,omitempty"` // it has another version of the workflow
	From  string    `json:"from,omitempty"`  // the task that it was asked to go on from; empty: from what had failed
	Kept  []Kept    `json:"kept,omitempty"`  // their results are copied; they do not start
	Again []AgainOn `json:"again,omitempty"` // they start at once, with the events that had started them
}

// Kept is a task's result that a new run takes over.
type Kept struct {
	Task   string         `json:"task"`
	Status freshet.Status `json:"status"`
	Code   freshet.Code   `json:"code,omitempty"`
	Offset int64          `json:"offset,omitempty"` // of the newest event that had started it, 0 for none

	Artifacts []freshet.Artifact `json:"artifacts,omitempty"`
}

// AgainOn is a task that starts again, with the newest event of each key that
// took part when it had started, as far as they are kept.
type AgainOn struct {
	Task    string           `json:"task"`
	Event   *freshet.Event   `json:"event,omitempty"`   // the newest of them; nil: none
	Earlier []*freshet.Event `json:"earlier,omitempty"` // the others, oldest first
}

// By are the events that it starts with, oldest first.
func (a *AgainOn) By() []*freshet.Event {
	if a.Event == nil {
		return nil
	}
	return append(slices.Clone(a.Earlier), a.Event)
}

// Answer is a person's answer to an approval.
type Answer struct {
	Approved bool   `json:"approved"`
	Item     int    `json:"item"` // NoItem without foreach
	Comment  string `json:"comment,omitempty"`
}

// TriggerChange asks for triggers to be changed: one by ID, or all of a
// workflow.
type TriggerChange struct {
	Action   freshet.TriggerAction `json:"action"`
	ID       int64                 `json:"id,omitempty"`
	Workflow string                `json:"workflow,omitempty"`
	Kind     freshet.TriggerKind   `json:"kind,omitempty"` // of a workflow's; empty: all
}

// SpaceChange adds a namespace, or changes its properties.
type SpaceChange struct {
	Add        bool           `json:"add,omitempty"` // refused if it exists
	Properties map[string]any `json:"properties,omitempty"`
}

// Process is what an executor reported of an attempt.
type Process struct {
	Task     string            `json:"task"`
	Item     int               `json:"item"`
	Seq      int               `json:"seq"`
	Try      int               `json:"try"`
	Epoch    int64             `json:"epoch"`
	Time     time.Time         `json:"time"` // when it happened there
	PID      int               `json:"pid,omitempty"`
	Log      string            `json:"log,omitempty"`
	ExitCode int               `json:"exit_code,omitempty"`
	Code     freshet.Code      `json:"code,omitempty"` // start_failed, lost
	Reason   string            `json:"reason,omitempty"`
	Outputs  map[string]string `json:"outputs,omitempty"`
	BadOut   string            `json:"bad_outputs,omitempty"`

	Artifacts    []freshet.Artifact `json:"artifacts,omitempty"`
	BadArtifacts string             `json:"bad_artifacts,omitempty"`
}

// Key is the attempt that the report is about.
func (p *Process) Key(run int64) freshet.Key {
	return freshet.Key{Run: run, Task: p.Task, Item: p.Item, Seq: p.Seq, Try: p.Try}
}

// TimerKind says what a due time is for.
type TimerKind string

// The sorts of due times.
const (
	RetryTimer      TimerKind = "retry"
	TimeoutTimer    TimerKind = "timeout"
	RunTimeoutTimer TimerKind = "run_timeout" // Key has the run only
	RunStartTimer   TimerKind = "run_start"   // a run that was started for later; Key has the run only
	RuleTimer       TimerKind = "rule"        // a condition is to be looked at; Key has the run only, 0 for a trigger's
)

// Timer is a row that waits for its due time. It is one by all but Due.
type Timer struct {
	Kind TimerKind   `json:"kind"`
	Key  freshet.Key `json:"key"`
	Rule int64       `json:"rule,omitempty"` // RuleTimer: id of the rule, or of the trigger
	Node int         `json:"node,omitempty"` // RuleTimer
	Due  time.Time   `json:"due"`
}

// NodeTimer is the timer of a condition.
func NodeTimer(k NodeKey, due time.Time) Timer {
	return Timer{Kind: RuleTimer, Key: freshet.Key{Run: k.Run}, Rule: k.Rule, Node: k.Node, Due: due}
}

// NodeKey is the condition that a RuleTimer is about.
func (t *Timer) NodeKey() NodeKey { return NodeKey{t.Key.Run, t.Rule, t.Node} }

// RunStart asks for a run of a workflow. Entry.Run is the id that it gets.
type RunStart struct {
	Workflow    string          `json:"workflow"`
	Version     string          `json:"version"`
	Parameters  map[string]any  `json:"parameters,omitempty"` // checked
	Type        freshet.RunType `json:"type"`
	ScheduledAt *time.Time      `json:"scheduled_at,omitempty"`
	Key         string          `json:"key,omitempty"` // idempotence: the same key is one start
	At          *time.Time      `json:"at,omitempty"`  // not before; nil: now
	Trigger     int64           `json:"trigger,omitempty"`
	TriggerName string          `json:"trigger_name,omitempty"`
	Missing     []string        `json:"missing,omitempty"`
	Rerun       *Rerun          `json:"rerun,omitempty"`
	Trace       freshet.Trace   `json:"trace,omitempty"`
	Caller      *freshet.Key    `json:"caller,omitempty"` // the execution that calls; Version is the newest then, and Parameters are not checked
}

// RunStop asks a run to end.
type RunStop struct {
	Code freshet.Code `json:"code"` // stopped_by_person, stopped_by_limit
}

// Uploaded is one workflow of an upload.
type Uploaded struct {
	Name        string         `json:"name"`
	Version     string         `json:"version"` // hash of source and files
	Source      string         `json:"source"`
	Files       []freshet.File `json:"files,omitempty"`
	Description string         `json:"description,omitempty"`
	Tasks       []string       `json:"tasks"`
	Emits       []string       `json:"emits,omitempty"` // keys that its tasks are known to send
	Retention   time.Duration  `json:"retention,omitempty"`
	On          []TriggerRow   `json:"on,omitempty"` // the entries of its `on:`; no id, namespace or times yet
}
