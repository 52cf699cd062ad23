package machine

import (
	"time"

	"github.com/freshet/freshet"
)

// Kind is a sort of journal entry.
type Kind string

// The sorts of entries. Facts are always accepted; commands may be refused,
// and the refusal is the answer.
const (
	EventHappened Kind = "event"        // fact: an event
	Started       Kind = "started"      // fact: a process runs
	Ended         Kind = "ended"        // fact: a process is gone, or will never be
	TimerFired    Kind = "timer"        // fact: a due time has come
	Settle        Kind = "settle"       // a run looks over: is it, once all that was accepted before has been decided?
	RunEnded      Kind = "run_ended"    // a run tells its namespace's registry
	RunAdmitted   Kind = "run_admitted" // the registry tells a queued run that its place is free
	PlacesChanged Kind = "places"       // an upload may have changed how many runs have a place
	Upload        Kind = "upload"       // command: workflows to keep
	StartRun      Kind = "run_start"    // command
	StopRun       Kind = "run_stop"     // command
	StartTask     Kind = "task_start"   // command
	StopTask      Kind = "task_stop"    // command
	RestartTask   Kind = "task_restart" // command
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
	Workflow string         `json:"workflow,omitempty"` // RunEnded, RunAdmitted
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
}

// Key is the attempt that the report is about.
func (p *Process) Key(run int64) freshet.Key {
	return freshet.Key{Run: run, Task: p.Task, Item: p.Item, Seq: p.Seq, Try: p.Try}
}

// TimerKind says what a due time is for.
type TimerKind string

// The sorts of due times.
const (
	RetryTimer   TimerKind = "retry"
	TimeoutTimer TimerKind = "timeout"
)

// Timer is a row that waits for its due time.
type Timer struct {
	Kind TimerKind   `json:"kind"`
	Key  freshet.Key `json:"key"`
	Due  time.Time   `json:"due"`
}

// RunStart asks for a run of a workflow. Entry.Run is the id that it gets.
type RunStart struct {
	Workflow    string          `json:"workflow"`
	Version     string          `json:"version"`
	Parameters  map[string]any  `json:"parameters,omitempty"` // checked
	Type        freshet.RunType `json:"type"`
	ScheduledAt *time.Time      `json:"scheduled_at,omitempty"`
	Key         string          `json:"key,omitempty"` // idempotence: the same key is one start
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
}
