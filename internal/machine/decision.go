package machine

import (
	"time"

	"github.com/freshet/freshet"
)

// Decision is what one Step decided for one target: rows to write, due times
// to set, entries to append and effects to release after the commit. Applying
// it changes the state in memory exactly as storing it changes the rows.
type Decision struct {
	Target     int64        // the run, 0 for a registry
	Run        *RunRow      // the run's own row changed
	Executions []*Execution // rows, in order of change, each once
	Waits      []Wait       // starts that wait now
	Unwaits    []WaitKey    // starts that wait no longer
	Rules      []RuleRow    // what rules remember
	Unmarks    []MarkCut    // what has fallen out of counts and sums within a span; carried out before Marks
	Marks      []MarkRow    // what has come into them
	Timers     []Timer      // due times to set
	Untimers   []Timer      // due times to forget (Due is not looked at)
	Emit       []Entry      // entries for the same transaction, without Offset
	Outcomes   []freshet.Outcome

	Queue   []Queued      // executions that now wait for a slot
	Unqueue []freshet.Key // executions that do so no longer
	Unheld  []HeldKey     // starts of tasks whose items a loaded run needs no more
	Stops   []StopEffect  // processes to stop

	Due        int64         // registry: the run that was started for later and whose time has come
	Unflow     string        // registry: the workflow that is no more
	Unrun      int64         // registry: the run that has ended and is no more
	Flow       string        // registry: the workflow that those below are about
	NewRuns    []RunRow      // registry
	Admitted   []int64       // registry: queued runs that got their place
	Ended      int64         // registry: the run that ended
	EndedDeep  bool          // registry: it was many links of a chain away from what had set it off
	Stopping   []int64       // registry: runs that were asked to make room
	Later      []int64       // registry: new runs that wait for their time
	Unplaces   []PlaceKey    // registry: executions that neither have a place nor wait for one; carried out before Places
	Places     []PlaceRow    // registry: places that executions have now, or wait for
	Workflows  []WorkflowRow // registry
	Versions   []VersionRow  // registry
	Triggers   []TriggerRow  // registry: new or changed
	Untriggers []int64       // registry: triggers that are no more, with what they remember
	Space      *NamespaceRow // registry: the namespace's own row changed
	Gone       bool          // registry: the namespace is no more

	Reply   any            // what a command answers: UploadReply or an int (seq)
	Refused *freshet.Error // the command changes nothing and is not journaled
	More    *Continuation  // the step is not finished: call Step again with it
}

// Queued is an execution that waits for a slot.
type Queued struct {
	Key  freshet.Key
	Free bool // long_running: takes no slot
}

// StopEffect asks an executor to end a process.
type StopEffect struct {
	Key   freshet.Key
	Grace time.Duration
}

// Wait is the row of a start that waits.
type Wait struct {
	Run  int64
	Task string
	Start
}

// WaitKey names the row of a start that waits.
type WaitKey struct {
	Run  int64
	Task string
	N    int64
}

// RuleRow is what a rule of a run remembers, or, with Run 0, what the trigger
// with the id Rule does. A State without anything Stored deletes the row;
// marks are rows of their own.
type RuleRow struct {
	Run   int64
	Rule  int64
	State RuleState
}

// MarkRow is one mark of a condition.
type MarkRow struct {
	NodeKey
	Mark
}

// cut forgets the marks of a condition before one, those of this decision too.
func (d *Decision) cut(k NodeKey, before int64) {
	d.Marks = without(d.Marks, func(m MarkRow) bool { return m.NodeKey == k && m.N < before })
	d.Unmarks = append(d.Unmarks, MarkCut{k, before})
}

// HeldKey names a start of a task.
type HeldKey struct {
	Run  int64
	Task string
	Seq  int
}

// MarkCut forgets the marks of a condition before one: those with a smaller N.
type MarkCut struct {
	NodeKey
	Before int64
}

// TriggerRow is what is stored of a trigger.
type TriggerRow struct {
	ID         int64                 `json:"id,omitzero"`
	Namespace  string                `json:"namespace,omitzero"`
	Workflow   string                `json:"workflow,omitzero"`
	Name       string                `json:"name,omitzero"`
	Kind       freshet.TriggerKind   `json:"kind,omitzero"`
	Expression string                `json:"expression,omitzero"`
	Timezone   string                `json:"timezone,omitzero"`
	Catchup    string                `json:"catchup,omitzero"`
	Source     freshet.TriggerSource `json:"source,omitzero"`
	Index      int                   `json:"index,omitzero"` // of a file's: in the `on:` of the workflow's current version
	Hash       string                `json:"hash,omitzero"`  // identity over uploads
	Text       string                `json:"text,omitzero"`  // the entry in canonical form
	Events     []string              `json:"events,omitzero"`
	Workflows  []string              `json:"workflows,omitzero"`  // that it listens to
	Unfiltered []string              `json:"unfiltered,omitzero"` // keys one event of which, whatever it holds, starts a run
	Paused     bool                  `json:"paused,omitzero"`
	CreatedAt  time.Time             `json:"created_at,omitzero"`
	Since      time.Time             `json:"since,omitzero"` // since when it watches without a break
}

// NamespaceRow is what is stored of a namespace.
type NamespaceRow struct {
	Name       string
	Properties map[string]any
	CreatedAt  time.Time
}

// WorkflowRow is what is stored of a workflow.
type WorkflowRow struct {
	Namespace   string
	Name        string
	Version     string
	Description string
	Tasks       []string
	Emits       []string      // keys that its tasks are known to send
	Retention   time.Duration // how long its ended runs are kept; 0: as long as the server says, below: for ever
	Enabled     bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// VersionRow is one immutable version of a workflow.
type VersionRow struct {
	Namespace string
	Name      string
	Version   string
	Source    string
	Files     []freshet.File
	CreatedAt time.Time
}

// UploadReply says of each uploaded workflow whether it is new.
type UploadReply []struct {
	Name     string
	Version  string
	Changed  bool
	Warnings []string
}

// Continuation is the rest of a step that would have been too long for one
// decision. It is stored with the journal's cursor.
type Continuation struct {
	Part   int    `json:"part"` // which part of the step comes next, from 1
	Work   []work `json:"work"`
	Starts int    `json:"starts"` // tasks that the step has started so far

	// Was are tasks that the signal at hand has changed already, as its other
	// rules have to see them.
	Was map[int]freshet.Status `json:"was,omitempty"`
}

// work is one signal that rules have yet to see.
type work struct {
	Op     op             `json:"op"`
	Task   int            `json:"task,omitempty"`
	From   int            `json:"from,omitempty"`   // where to go on
	Status freshet.Status `json:"status,omitempty"` // that the task ended with
	Links  int            `json:"links,omitempty"`  // ends of this step that led here
}

type op string

const (
	opBegin    op = "begin"     // tasks that start with the run
	opEvent    op = "event"     // the entry's event
	opEnded    op = "ended"     // the task's latest execution has ended
	opNext     op = "next"      // the task's next waiting start
	opHalt     op = "halt"      // stop all that is alive
	opItems    op = "items"     // the next items of a foreach
	opEndItems op = "end_items" // stop the live items of a foreach
	opMet      op = "met"       // tasks whose conditions what was taken over meets
	opAdmit    op = "admit"     // the starts that waited for the run
)
