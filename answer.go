package freshet

import "time"

// The shapes of answers that hold several words, shared by the server and the
// client as those of requests are.

// WorkflowDetail is a workflow with the text of its current version.
type WorkflowDetail struct {
	Workflow
	Source   string    `json:"source"`
	Files    []File    `json:"files"`
	Versions []Version `json:"versions"` // newest first
}

// Version is one version of a workflow.
type Version struct {
	Version   string    `json:"version"`
	CreatedAt time.Time `json:"created_at"`
}

// VersionDetail is one version of a workflow with its text and files.
type VersionDetail struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Version
	Source string `json:"source"`
	Files  []File `json:"files"`
}

// RunPage is a page of runs, newest first.
type RunPage struct {
	Items []Run  `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the page after it; empty: this is the last
}

// TriggerPage is a page of triggers, oldest first.
type TriggerPage struct {
	Items []Trigger `json:"items"`
	Next  string    `json:"next,omitempty"` // cursor of the page after it; empty: this is the last
}

// EventPage is a page of events, oldest first. Its cursors lead on in both
// directions; an empty one says that nothing was there when it was made.
type EventPage struct {
	Items []Event `json:"items"`
	Older string  `json:"older,omitempty"`
	Newer string  `json:"newer,omitempty"`
}

// Tick is a time at which a schedule is due.
type Tick struct {
	Time  time.Time `json:"time"`
	Local string    `json:"local"` // the same in the schedule's zone, RFC 3339
}

// EventReply is what became of one event of a batch: its place in the
// journal, or why it was refused.
type EventReply struct {
	EventResult
	Error *Error `json:"error,omitempty"`
}

// EventCount is how many events there are, by sender.
type EventCount struct {
	Count   int64         `json:"count"`
	Senders []SenderCount `json:"senders"`
}

// SenderCount is how many events a sender has sent.
type SenderCount struct {
	Sender string `json:"sender"` // empty: from outside of tasks
	Count  int64  `json:"count"`
}
