package freshet

import "time"

// The shapes that requests and answers of the HTTP API have beside the words
// themselves. The server and the client share them.

// Document is a workflow file to upload.
type Document struct {
	Name   string `json:"name"`            // of the file, for messages
	Source string `json:"source"`          // its text; several YAML documents are several workflows
	Files  []File `json:"files,omitempty"` // that travel with its workflows; their contents are uploaded before
}

// UploadRequest uploads workflow files: all of them, or none.
type UploadRequest struct {
	Documents []Document `json:"documents"`
}

// UploadResult is what became of one workflow of an upload.
type UploadResult struct {
	Namespace string       `json:"namespace"`
	Name      string       `json:"name"`
	Version   string       `json:"version"`
	Changed   bool         `json:"changed"` // false: this version was the current one
	Warnings  []Diagnostic `json:"warnings,omitempty"`
}

// Severity of a diagnostic.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is one problem of a workflow file.
type Diagnostic struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1, in characters
	Code     string   `json:"code"`   // stable
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
}

// RunRequest starts a run.
type RunRequest struct {
	Parameters map[string]any    `json:"parameters,omitempty"`
	Texts      map[string]string `json:"parameter_texts,omitempty"` // converted by the parameters' own types, as `-p name=text` wants it
	At         *time.Time        `json:"at,omitempty"`              // not before; null, or a time that has passed: now

	Traceparent string `json:"-"` // W3C trace context, told by the request's header
}

// NamespaceRequest adds a namespace, or changes its properties.
type NamespaceRequest struct {
	Name       string         `json:"name,omitempty"` // of a new one
	Properties map[string]any `json:"properties,omitempty"`
}

// RerunRequest starts a new go at a run that has ended: all of it, or, with one
// of the first two, only part.
type RerunRequest struct {
	FromFailed bool   `json:"from_failed,omitempty"` // tasks that failed or were stopped start again, others keep their results
	From       string `json:"from,omitempty"`        // this task and what follows it start again
	Latest     bool   `json:"latest,omitempty"`      // with the workflow's current version

	Traceparent string `json:"-"` // W3C trace context, told by the request's header
}

// AnswerRequest answers an approval.
type AnswerRequest struct {
	Comment string `json:"comment,omitempty"`
}

// EventRequest sends an event.
type EventRequest struct {
	Key     string `json:"key"`
	Value   string `json:"value,omitempty"`
	Sender  string `json:"sender,omitempty"`
	ID      string `json:"id,omitempty"`
	Context string `json:"context,omitempty"`
	RunID   int64  `json:"run_id,omitempty"`
	FromRun int64  `json:"-"` // the run whose task sends it, told by its token

	Traceparent string `json:"traceparent,omitempty"` // W3C trace context; empty: the one of the request. A bad one is none
}

// EventResult says where an event stands in the journal.
type EventResult struct {
	Offset int64     `json:"offset"`
	Time   time.Time `json:"time"`
	Known  bool      `json:"known"` // the same event was accepted before
}

// TaskResult answers a command to one task.
type TaskResult struct {
	RunID int64  `json:"run_id"`
	Task  string `json:"task"` // name[3] for an item
	Seq   int    `json:"seq"`  // the start that the command was about
}

// Message is one entry of the committed journal, as the feed tells it.
type Message struct {
	Cursor    string    `json:"cursor"` // opaque; resume after it
	Offset    int64     `json:"offset"`
	Namespace string    `json:"namespace"`
	Kind      string    `json:"kind"` // event, started, ended, run_start, run_ended, …
	Time      time.Time `json:"time"`
	RunID     int64     `json:"run_id,omitempty"`
	Workflow  string    `json:"workflow,omitempty"`
	Task      string    `json:"task,omitempty"`
	Seq       int       `json:"seq,omitempty"`
	Try       int       `json:"try,omitempty"`
	Status    Status    `json:"status,omitempty"` // of run_ended
	Event     *Event    `json:"event,omitempty"`
}

// Explanation says why something ran, or did not, or what it waits for.
type Explanation struct {
	Subject string   `json:"subject"` // such as "task train of run 7"
	Status  Status   `json:"status,omitempty"`
	Summary string   `json:"summary"`           // one sentence
	Because []Reason `json:"because,omitempty"` // most telling first
}

// Reason is one link of an explanation, with what is behind it. Text says it
// to people; the other fields say it to programs, as far as they have a
// meaning for its Kind.
type Reason struct {
	Text       string     `json:"text"`
	Kind       ReasonKind `json:"kind,omitempty"`
	Time       *time.Time `json:"time,omitempty"`       // when it happened
	Due        *time.Time `json:"due,omitempty"`        // when it is to happen
	Offset     int64      `json:"offset,omitempty"`     // entry of the journal
	RunID      int64      `json:"run_id,omitempty"`     //
	Task       string     `json:"task,omitempty"`       //
	Seq        int        `json:"seq,omitempty"`        // start of the task
	Status     Status     `json:"status,omitempty"`     // of the run or the task
	Trigger    int64      `json:"trigger,omitempty"`    // id
	Workflow   string     `json:"workflow,omitempty"`   //
	Key        string     `json:"key,omitempty"`        // of the event
	Expression string     `json:"expression,omitempty"` // an `if`, an `of`, or a schedule
	Met        *bool      `json:"met,omitempty"`        // of a condition
	Have       *float64   `json:"have,omitempty"`       // how much there is of what is needed: events, a sum, seconds, slots
	Need       *float64   `json:"need,omitempty"`       //
	Result     Result     `json:"result,omitempty"`     // what a rule or a trigger made of an event
	Because    []Reason   `json:"because,omitempty"`
}

// ReasonKind says what a Reason is about. That of a condition is the key that
// it has in a file: event, count, sum, missing, every, schedule, workflow,
// status, after, all, any.
type ReasonKind string

// The other kinds of reasons.
const (
	WhyEvent     ReasonKind = "event"     // an event that came, or is waited for
	WhyRun       ReasonKind = "run"       // why a run started, or how it ended
	WhyTask      ReasonKind = "task"      // how an execution stands or ended
	WhyStart     ReasonKind = "start"     // why an execution started
	WhyRule      ReasonKind = "rule"      // one of several rules
	WhyTrigger   ReasonKind = "trigger"   // a trigger, or what it made of something
	WhyOutcome   ReasonKind = "outcome"   // what a rule made of something
	WhyPlace     ReasonKind = "place"     // a run, or an execution, that waits for its place
	WhySlot      ReasonKind = "slot"      // an execution that waits for a slot
	WhyTime      ReasonKind = "time"      // something that comes at a time
	WhyUndecided ReasonKind = "undecided" // an entry whose turn has not come
)

// Server tells about a running server.
type Server struct {
	Version   string    `json:"version"`
	Home      string    `json:"home"`
	URL       string    `json:"url"`
	PID       int       `json:"pid"`
	StartedAt time.Time `json:"started_at"`
	Slots     int64     `json:"slots"`
	Used      int64     `json:"slots_used"`
	Waiting   int64     `json:"waiting"` // executions that wait for a slot
	Commits   int64     `json:"commits"` // transactions since it started

	WritingSeconds float64 `json:"writing_seconds"` // spent in them

	// Trouble is why the server is not ready, as /readyz says; empty: it is.
	Trouble []string `json:"trouble,omitempty"`
	// ClockBehindSeconds is how far the machine's clock is behind the journal,
	// because it was set back. Until it has caught up, time passes at half its
	// speed for all that waits for a time.
	ClockBehindSeconds float64 `json:"clock_behind_seconds,omitempty"`
}
