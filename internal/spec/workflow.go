// Package spec turns workflow files into typed, checked workflows. A file is
// read once into a tree that keeps its positions; every problem of every file
// is reported at once, with a position, a stable code and a hint. What comes
// out is immutable, and carries the indexes that the machine needs: which
// rules listen to which key, and which look at which task.
package spec

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/expr"
	"github.com/freshet/freshet/internal/tick"
)

// Workflow is one checked workflow. It is immutable and may be shared.
type Workflow struct {
	Name        string
	Namespace   string // empty: the namespace it is uploaded to
	Description string
	Labels      map[string]string
	Timezone    *time.Location
	Files       []string // paths and directories as written
	Parameters  []Parameter
	Env         []Binding
	Concurrency *Concurrency // nil: no limit
	Ends        Ends
	Stop        *Rule         // nil: none; its Task is NoTask
	Timeout     time.Duration // of a run; 0: none
	Retention   time.Duration // of ended runs; 0: as long as the server says, Forever: never removed
	On          []*Trigger    // what starts runs, in the order of the file
	Tasks       []*Task       // those of `finally` last
	Finally     int           // index of the first task of `finally`; len(Tasks): there are none
	Outputs     []NamedProgram
	Rules       []*Rule  // every rule of the file's tasks, Stop last; a Rule's ID is its index
	Secrets     []string // names of the secrets that its expressions mention, sorted
	Source      []byte   // this document's text

	byName  map[string]int
	byEvent map[string][]Listener
	byTask  [][]*Rule
	timed   []*Rule
}

// NoTask is the task of a rule that belongs to the workflow itself.
const NoTask = -1

// Ends says when a run without anything alive is over.
type Ends string

// The values of `ends`.
const (
	Settled Ends = "settled" // when nothing can start any more
	Idle    Ends = "idle"    // the same without waiting for signals
	Never   Ends = "never"   // when it is stopped
)

// Parameter is one of a workflow's parameters.
type Parameter struct {
	Name     string
	Schema   map[string]any // JSON Schema, as written
	Default  any
	Optional bool // has a default

	checker *checker
}

// Binding is a name with the template that gives its value.
type Binding struct {
	Name  string
	Value *expr.Template
}

// Overlap says what becomes of a start that finds the limit reached.
type Overlap string

// The values of `overlap`.
const (
	QueueRuns  Overlap = "queue"
	SkipRun    Overlap = "skip"
	StopOldest Overlap = "stop_oldest"
)

// Kind is a kind of task.
type Kind string

// The kinds that are built.
const (
	Bash        Kind = "bash"
	Command     Kind = "command"
	Expr        Kind = "expr"
	Request     Kind = "http"
	Notebook    Kind = "notebook"
	SubWorkflow Kind = "workflow"
	Approve     Kind = "approval"
)

// Task is one task.
type Task struct {
	Index        int
	Name         string
	Description  string
	Kind         Kind
	Script       string           // bash
	Shell        string           // bash; empty: bash
	Args         []*expr.Template // command
	Exprs        []NamedProgram   // expr, in the order of the file
	HTTP         *HTTP            // http
	Notebook     *NotebookRun     // notebook
	Flow         string           // workflow: the one that is called
	Approval     *Approval        // approval
	Foreach      *Foreach         // nil: one execution per start
	Rules        []*Rule          // in the order of the file
	After        *Condition       // nil: none; also part of every start rule's condition
	WithRun      bool             // starts with the run: no start, after or schedule, and not in finally
	HasStart     bool             // has a start rule of its own
	If           *expr.Program
	With         []Binding
	Env          []Binding
	WorkingDir   *expr.Template // nil: the run's directory
	Outputs      []Output
	Artifacts    []string // globs, below the working directory
	Emit         []Emit
	Retries      Retries
	Timeout      time.Duration // per try; 0: none
	StopGrace    time.Duration
	LongRunning  bool
	Concurrency  *Concurrency // over all runs; nil: no limit
	Optional     bool
	AllowFailure bool
	Executor     string
	Finally      bool // stands in `finally`
}

// InEngine tells whether the task is decided in the engine, without a process.
func (t *Task) InEngine() bool { return t.Kind == Expr || t.Waits() }

// Waits tells whether the task runs without a process or a slot, until
// somebody answers: a person, or the run that it called.
func (t *Task) Waits() bool { return t.Kind == SubWorkflow || t.Kind == Approve }

// TryTimeout is how long one try may run; 0: as long as it takes.
func (t *Task) TryTimeout() time.Duration {
	switch {
	case t.Kind == Expr:
		return 0
	case t.Approval != nil:
		return t.Approval.Timeout
	}
	return t.Timeout
}

// Approval is what an approval asks of a person.
type Approval struct {
	Message   *expr.Template
	Timeout   time.Duration // 0: as long as it takes
	OnTimeout Answer
}

// Answer is what becomes of an approval.
type Answer string

// The answers.
const (
	Approved Answer = "approve"
	Rejected Answer = "reject"
)

// NamedProgram is a name with the expression that gives its value.
type NamedProgram struct {
	Name    string
	Program *expr.Program
}

// Output is a declared output.
type Output struct {
	Name     string
	Type     OutputType
	Optional bool // may be missing
}

// OutputType is the type that a declared output is converted to.
type OutputType string

// The types of outputs.
const (
	StringOutput  OutputType = "string"
	IntegerOutput OutputType = "integer"
	NumberOutput  OutputType = "number"
	BooleanOutput OutputType = "boolean"
	ArrayOutput   OutputType = "array"
	ObjectOutput  OutputType = "object"
	jsonOutput    OutputType = "json" // of any type; not for files
)

// Emit is an event that a task sends with its success.
type Emit struct {
	Key   *expr.Template
	Value *expr.Template // nil: the empty string
}

// Retries says which final failures are tried again, and when.
type Retries struct {
	Limit    int // further tries after the first
	Delay    time.Duration
	Backoff  float64 // factor from one delay to the next, at least 1
	MaxDelay time.Duration
	On       []freshet.Code
	OnExit   []int // empty: any
}

// Action is what a rule does.
type Action string

// The actions.
const (
	Start   Action = "start"
	Stop    Action = "stop"
	Restart Action = "restart"
)

// Busy says what a start does that finds its task alive.
type Busy string

// The values of `busy`.
const (
	Ignore      Busy = "ignore"
	QueueStarts Busy = "queue"
	Latest      Busy = "latest"
	RestartBusy Busy = "restart"
)

// Rule is a condition and an action.
type Rule struct {
	ID         int // index in Workflow.Rules
	Task       int // NoTask: the workflow itself
	Action     Action
	When       *Condition
	Busy       Busy
	BusyLimit  int          // of QueueStarts
	Nodes      []*Condition // every condition of the tree in depth-first order; a Condition's Node is its index
	Line       int
	StatesOnly bool           // no signal in the tree
	Zone       *time.Location // whose days and clocks its conditions mean
}

// Trigger is an entry of `on:`: a rule that starts runs.
type Trigger struct {
	Rule       // ID: index in On; Task: NoTask
	Name       string
	With       []Binding
	Catchup    Catchup
	Kind       string   // freshet.TriggerKind of the outermost condition
	Expression string   // the condition on one line, for people
	Text       string   // the entry in canonical form: what ParseTrigger reads
	Hash       string   // of Text, zone and, of several that are equal, which it is: the identity of what it remembers
	Events     []string // keys that it listens to, sorted
	Workflows  []string // names that it listens to, sorted; "*": every other
	Unfiltered []string // keys one event of which, whatever it holds, starts a run
}

// Catchup says which ticks, missed while the server was down, are made up for.
type Catchup struct {
	Mode CatchupMode
	Span time.Duration // of CatchupSpan
}

// CatchupMode is a value of `catchup`.
type CatchupMode string

// The values of `catchup`.
const (
	CatchupNone   CatchupMode = "none"
	CatchupLatest CatchupMode = "latest"
	CatchupAll    CatchupMode = "all"
	CatchupSpan   CatchupMode = "span" // those of the last Span
)

// String is the value as it is written: none, latest, all, 7d.
func (c Catchup) String() string {
	if c.Mode == CatchupSpan {
		return spanText(c.Span)
	}
	return string(c.Mode)
}

// Window is a `within`: a span of time, or the day at hand; both where one
// `within` stands inside another. The zero Window is none.
type Window struct {
	Span time.Duration
	Day  bool
}

// FlowWant is a workflow and the final statuses that are asked of a run of it.
type FlowWant struct {
	Name     string // "*": every other workflow of the namespace
	Statuses []freshet.Status
}

// ConditionKind is a sort of condition.
type ConditionKind string

// The conditions that are built.
const (
	EventIs    ConditionKind = "event"
	CountIs    ConditionKind = "count"
	SumIs      ConditionKind = "sum"
	MissingIs  ConditionKind = "missing"
	EveryIs    ConditionKind = "every"
	ScheduleIs ConditionKind = "schedule"
	WorkflowIs ConditionKind = "workflow" // in `on:`
	StatusIs   ConditionKind = "status"
	AfterIs    ConditionKind = "after" // `after` in its first two forms
	AllOf      ConditionKind = "all"
	AnyOf      ConditionKind = "any"
)

// Condition is a node of a rule's tree.
type Condition struct {
	Node      int // index in Rule.Nodes
	Kind      ConditionKind
	Key       string         // event, count, sum, missing; empty in a missing that is about workflows
	If        *expr.Program  // event, count, sum, missing; nil: always
	Of        *expr.Program  // sum
	Reaches   float64        // count, sum
	For       time.Duration  // missing
	Ticks     *tick.Schedule // every, schedule
	Flows     []FlowWant     // workflow, missing
	Wants     []Want         // status, after
	Parts     []*Condition   // all, any
	Within    Window         // all, count, sum
	NotBefore *tick.Clock    // all, outermost of `on:`
	Deadline  *tick.Clock    // all, outermost of `on:`
	InAll     bool           // inside an `all`: its signal is remembered until the rule fires
	Keeps     Window         // how long its signal is remembered: the narrowest of the `all`s around it
	Line      int
}

// Signal tells whether the condition happens, rather than being so.
func (c *Condition) Signal() bool {
	switch c.Kind {
	case StatusIs, AfterIs, AllOf, AnyOf:
		return false
	}
	return true
}

// Tick tells whether the condition is a tick of a clock.
func (c *Condition) Tick() bool { return c.Kind == EveryIs || c.Kind == ScheduleIs }

// Want is a task and the final statuses that are asked of its latest
// execution.
type Want struct {
	Task     int
	Statuses []freshet.Status
}
