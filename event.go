package freshet

import (
	"time"
	"unicode/utf8"
)

// Event is something that happened, as the journal keeps it.
type Event struct {
	Offset    int64     `json:"offset"`    // place in the journal; increases within a namespace
	ID        string    `json:"id"`        // idempotence: (namespace, sender, id) is one event; may be empty
	Namespace string    `json:"namespace"` //
	Key       string    `json:"key"`       // what rules listen to
	Value     string    `json:"value"`     // any text, at most MaxEventBytes
	Sender    string    `json:"sender"`    // the task that sent it; empty outside a task
	Context   string    `json:"context"`   // carried, never read by rules
	Time      time.Time `json:"time"`      // when it was accepted
	RunID     int64     `json:"run_id"`    // the run that it carries, 0 for none

	Traceparent string `json:"traceparent,omitempty"` // the W3C trace context that it carries on; empty: none
}

// Check tells what is wrong with the texts of an event that somebody wants to
// send.
func (e *Event) Check() error {
	for _, f := range []struct {
		name, text string
		max        int
	}{
		{"key", e.Key, MaxKeyBytes},
		{"value", e.Value, MaxEventBytes},
		{"sender", e.Sender, MaxKeyBytes},
		{"id", e.ID, MaxKeyBytes},
		{"context", e.Context, MaxContextBytes},
	} {
		if len(f.text) > f.max {
			err := Errorf(TooLarge, "the %s of an event is at most %d bytes long; this one has more", f.name, f.max)
			if f.name == "value" {
				return err.WithHint("keep the data in a file or a store, and send where it is")
			}
			return err
		}
		if !utf8.ValidString(f.text) {
			return Errorf(Invalid, "the %s of the event is not valid UTF-8", f.name).
				WithHint("encode binary data, for example with base64")
		}
	}
	if e.Key == "" {
		return Errorf(Invalid, "an event needs a key")
	}
	return nil
}

// Key names one process: the try of one start of one task of one run. All
// that reaches outside is idempotent by it.
type Key struct {
	Run  int64  `json:"run"`
	Task string `json:"task"`
	Item int    `json:"item"` // index in a foreach; NoItem without one
	Seq  int    `json:"seq"`  // which start of the task, from 1
	Try  int    `json:"try"`  // which process of that start, from 1
}

// NoItem is the item of an execution whose task has no foreach.
const NoItem = -1
