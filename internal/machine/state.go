package machine

import (
	"cmp"
	"fmt"
	"iter"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Run is the state of one run that is alive: its row, and what is kept of
// its tasks and rules. Rows reachable from it are never changed in place, so
// a reader may keep them.
type Run struct {
	RunRow
	Tasks []TaskState // by index of the task
	Rules []RuleState // by id of the rule; empty where nothing is remembered
	Dues  Dues        // when conditions of its rules are looked at next
	Alive int         // tasks with an execution that has no final status, or with a start that waits

	// asked is the entry after whose decision it was last asked whether the
	// run is over. It is not stored: 0 after a load makes the machine ask again.
	asked int64
}

// RunRow is what is stored of a run itself.
type RunRow struct {
	ID          int64
	Namespace   string
	Workflow    string
	Version     string
	Status      freshet.Status
	Type        freshet.RunType
	Parameters  map[string]any
	CreatedAt   time.Time
	ScheduledAt time.Time // zero: no tick
	StartedAt   time.Time
	EndedAt     time.Time
	Code        freshet.Code
	Reason      string
	Event       *freshet.Event // that started it; nil: none
	Asked       freshet.Code   // why it is being stopped; CodeStoppedByRule: its own `stop`
	Parent      int64
	Caller      *freshet.Key // the execution of Parent that called it
	RerunOf     int64
	Key         string   // idempotence of its start
	Trigger     int64    // that started it, 0 for none
	Missing     []string // parts of the trigger's condition that its deadline left out
	Depth       int      // links of the chain of triggers that led here
	Outputs     map[string]any
	Result      freshet.Status // what the run comes to, once its `finally` has begun; empty: it has not
	Place       string         // what the key of its workflow's `concurrency` came to; empty without one
	Trace       freshet.Trace
}

// TaskState is what a run knows of one task.
type TaskState struct {
	Latest    *Execution // nil: has never run
	Success   *Execution // the latest that succeeded; may be Latest
	Items     Items      // of the latest start, while it is alive
	Successor *Start     // follows the live execution when it has stopped
	Waiting   []Start    // behind `busy`, or behind the run's own place; oldest first
}

// Seq counts the starts so far.
func (t *TaskState) Seq() int {
	if t.Latest == nil {
		return 0
	}
	return t.Latest.Key.Seq
}

// Status of the latest execution, Waiting where there is none.
func (t *TaskState) Status() freshet.Status {
	if t.Latest == nil {
		return freshet.Waiting
	}
	return t.Latest.Status
}

// Running tells whether an execution has no final status.
func (t *TaskState) Running() bool { return t.Latest != nil && !t.Latest.Status.Final() }

// Alive tells whether the task holds its run open: it runs, or a start waits.
func (t *TaskState) Alive() bool { return t.Running() || len(t.Waiting) > 0 }

// Live are the executions of a run that have no final status, with their
// tasks' indexes, in the order of the file and of items.
func (st *Run) Live() iter.Seq2[int, *Execution] {
	return func(yield func(int, *Execution) bool) {
		for i := range st.Tasks {
			t := &st.Tasks[i]
			if !t.Running() {
				continue
			}
			if !yield(i, t.Latest) {
				return
			}
			for _, x := range t.Items.List {
				if x != nil && !x.Status.Final() && !yield(i, x) {
					return
				}
			}
		}
	}
}

// Start is the decision to start a task, before it has begun.
type Start struct {
	N    int64 // order among the waiting starts of the task; 0: a successor
	Rule int   // that decided it; -1: a command, or the run's start
	By   []*freshet.Event
	At   time.Time
}

// Execution is the row of one try of one start of a task.
type Execution struct {
	Key       freshet.Key
	Status    freshet.Status
	QueuedAt  time.Time
	StartedAt time.Time
	EndedAt   time.Time
	ExitCode  int
	HasExit   bool
	Code      freshet.Code
	Reason    string
	Offset    int64            // of the newest event that started it, 0 for none
	By        []*freshet.Event // the newest event of each key that took part, oldest first; dropped when it has ended
	Asked     freshet.Code     // why it was asked to stop; empty: it was not
	Call      *Call            // what its expressions gave when it was started; nil: nothing to keep
	Outputs   map[string]any
	Due       time.Time // of the next try, while Retrying
	Epoch     int64     // of the claim; 0: not claimed
	Node      string    // what holds the process
	PID       int
	Log       string
	Executor  string
	Child     int64              // the run that it called, once that is known
	Place     string             // what the key of its task's `concurrency` came to
	Artifacts []freshet.Artifact // what is kept of its files, by path
	Asks      int                // how often it has asked for a place; 0: it needs none
	Held      bool               // the latest of its task, or its latest success: what a loaded run needs
}

// Event is what started the execution; nil: no event did.
func (e *Execution) Event() *freshet.Event {
	if len(e.By) == 0 {
		return nil
	}
	return e.By[len(e.By)-1]
}

// Call holds the values that were computed at the start decision.
type Call struct {
	Args  []string       `json:"args,omitempty"`
	Env   [][2]string    `json:"env,omitempty"` // of workflow and task, in order
	Input map[string]any `json:"input,omitempty"`
	Dir   string         `json:"dir,omitempty"`

	Message string `json:"message,omitempty"` // of an approval
	Items   []any  `json:"items,omitempty"`   // of a task with foreach: what its items are
	Later   *Later `json:"later,omitempty"`   // what mentions secrets; nil: nothing does
}

// RuleState is what a rule remembers, by node of its tree.
type RuleState []NodeState

// NodeState is what one condition remembers.
type NodeState struct {
	Event *freshet.Event // newest of its signal, or of what it counts; nil: none, or a tick or an absence
	At    time.Time      // when its signal happened, of a tick the tick's own time; zero: it has not since the rule last fired
	Count int64
	Sum   float64
	Since time.Time // of a missing: when it last came; of an `all` within a day: when the rule last fired by it
	Marks []Mark    // of a count or sum within a span: what came in, oldest first; stored as rows of their own
}

// Mark is what one event adds to a count or sum within a span of time.
type Mark struct {
	N      int64 // order among the marks of its condition, from 1
	At     time.Time
	Amount float64
}

// Stored tells whether there is something to store in the rule's own row.
func (n *NodeState) Stored() bool {
	return n.Event != nil || !n.At.IsZero() || n.Count != 0 || n.Sum != 0 || !n.Since.IsZero()
}

// NodeKey names a condition of a rule of a run, or, with Run 0, of a trigger.
type NodeKey struct {
	Run  int64
	Rule int64 // id of the rule in its version, or of the trigger
	Node int
}

// Compare orders conditions.
func (k NodeKey) Compare(o NodeKey) int {
	return cmp.Or(cmp.Compare(k.Run, o.Run), cmp.Compare(k.Rule, o.Rule), cmp.Compare(k.Node, o.Node))
}

// MarshalText lets a condition be a key in JSON.
func (k NodeKey) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d/%d/%d", k.Run, k.Rule, k.Node), nil
}

// Dues tells when conditions are looked at next: ticks, absences, clocks. It
// is what is stored as timers of kind RuleTimer.
type Dues map[NodeKey]time.Time

// NewRun is the state of a run that has just been created.
func NewRun(w *spec.Workflow, row RunRow) *Run {
	return &Run{RunRow: row, Tasks: make([]TaskState, len(w.Tasks)), Rules: make([]RuleState, len(w.Rules)), Dues: Dues{}}
}
