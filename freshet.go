// Package freshet holds the words of Freshet: what a workflow, a run, an
// execution, an event and a decision are called, and which shape they have on
// the wire. It imports nothing but the standard library, so that every other
// package, and every user's Go program, can speak of the same things.
//
// Times are UTC and have microseconds; on the wire they are RFC 3339. Sizes
// are bytes. Ids of runs and offsets of events are whole numbers from 1.
package freshet

import "time"

// DefaultNamespace is where workflows and events live that name no other.
const DefaultNamespace = "default"

// Limits that inputs are held to. They are promises: raising one is a change
// of the interface, lowering one breaks users.
const (
	MaxEventBytes    = 1 << 20   // value of an event
	MaxKeyBytes      = 1024      // key, sender, id of an event
	MaxContextBytes  = 64 << 10  // context of an event
	MaxWorkflowBytes = 1 << 20   // a workflow file
	MaxOutputBytes   = 256 << 10 // what a process may write to $FRESHET_OUTPUT
	MaxDepth         = 64        // links of a chain of events that cause events
)

// Time rounds t to what the journal keeps: UTC, microseconds, and no
// monotonic reading, so that a stored time equals the one in memory.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
