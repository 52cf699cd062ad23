package engine

import (
	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// floodLimit is how many events that a run's own tasks have sent may be
// undecided at once, beyond those that they send if each succeeds once. Tasks
// that need a process never come near it; tasks that are decided here, and
// answer each event with two, would fill the disk.
const floodLimit = 10000

// flooded stops a run that sends itself events faster than they are decided.
func (t *turn) flooded(en *machine.Entry) {
	if !ownEvent(en) {
		return
	}
	if t.e.sent[en.Run]++; t.e.sent[en.Run] == floodLimit+t.e.of(t.e.runs[en.Run]).emits {
		t.append(&pending{Entry: machine.Entry{Namespace: en.Namespace, Kind: machine.StopRun, Run: en.Run, Cause: en.Cause,
			Depth: en.Depth, Body: machine.Body{Stop: &machine.RunStop{Code: freshet.CodeRunaway}}}})
		t.write(t.e.backlog[len(t.e.backlog)-1])
	}
}

// ownEvent tells whether an entry is an event that a task of its run has sent
// with its success.
func ownEvent(en *machine.Entry) bool {
	return en.Kind == machine.EventHappened && en.Run != 0 && en.Cause != 0
}
