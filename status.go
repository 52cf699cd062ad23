package freshet

// Status is where a run or an execution stands.
type Status string

// Statuses of runs are Queued, Running, Stopping, Success, Failed and Stopped;
// executions have all of them.
const (
	Waiting  Status = "waiting"  // not started yet, or behind `busy` or `concurrency`
	Queued   Status = "queued"   // waits for a slot, or, of a run, for its place
	Running  Status = "running"  // a process lives
	Retrying Status = "retrying" // a try failed, the next one has a due time
	Stopping Status = "stopping" // asked to stop, not gone yet

	Success Status = "success"
	Failed  Status = "failed"
	Stopped Status = "stopped"
	Skipped Status = "skipped"
)

// Final tells whether nothing can follow: success, failed, stopped, skipped.
func (s Status) Final() bool {
	switch s {
	case Success, Failed, Stopped, Skipped:
		return true
	}
	return false
}

// Alive tells whether an execution of this status still holds its task: it
// has begun and has no final status.
func (s Status) Alive() bool { return s != "" && s != Waiting && !s.Final() }

// Code says why an execution or a run ended as it did.
type Code string

// The reason codes. An execution that ended in success has none.
const (
	CodeExit            Code = "exit"              // the process ended with another exit code than 0
	CodeTimeout         Code = "timeout"           // its time-out stopped it
	CodeStartFailed     Code = "start_failed"      // the process could not be started
	CodeLost            Code = "lost"              // what kept the process is gone, and how it ended is unknown
	CodeStoppedByRule   Code = "stopped_by_rule"   // a stop or restart rule
	CodeStoppedByPerson Code = "stopped_by_person" // a command
	CodeStoppedWithRun  Code = "stopped_with_run"  // its run was being stopped
	CodeStoppedByLimit  Code = "stopped_by_limit"  // of a run: its overlap made room for a newer one
	CodeRejected        Code = "rejected"          // an approval's answer
	CodeUpstream        Code = "upstream"          // all upstreams were skipped, or one can no longer end as asked; of an item: another failed
	CodeCondition       Code = "condition"         // never ran: its signal can no longer come
	CodeIf              Code = "if"                // its own `if` was false
	CodeOutputs         Code = "outputs"           // its outputs are not as declared
	CodeArtifacts       Code = "artifacts"         // its artifacts could not be kept
	CodeExpression      Code = "expression"        // an expression failed when it was about to start
	CodeStoppedByCaller Code = "stopped_by_caller" // of a run: the task that called it was stopped
	CodeDisabled        Code = "disabled"          // of a run that waited for its time: its workflow was disabled then
	CodeRunaway         Code = "runaway"           // its tasks start each other, or send each other events, without end
	CodeInternal        Code = "internal"          // a fault of Freshet
)

// RunType says what started a run.
type RunType string

// The ways a run comes about.
const (
	Manual      RunType = "manual"
	ByEvent     RunType = "event"
	BySchedule  RunType = "schedule"
	ByPartition RunType = "partition"
	ByWorkflow  RunType = "workflow"
	Rerun       RunType = "rerun"
	Backfill    RunType = "backfill"
)
