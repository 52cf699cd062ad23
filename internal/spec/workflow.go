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
	Stop        *Rule // nil: none; its Task is NoTask
	Tasks       []*Task
	Rules       []*Rule // every rule of the file, Stop last; a Rule's ID is its index
	Source      []byte  // this document's text

	byName  map[string]int
	byEvent map[string][]Listener
	byTask  [][]*Rule
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

// Concurrency bounds the runs of a workflow that are alive at once.
type Concurrency struct {
	Limit   int
	Overlap Overlap
	Queue   int // bound of Overlap QueueRuns
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
	Bash    Kind = "bash"
	Command Kind = "command"
	Expr    Kind = "expr"
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
	Rules        []*Rule          // in the order of the file
	After        *Condition       // nil: none; also part of every start rule's condition
	WithRun      bool             // starts with the run: no start, no after
	HasStart     bool             // has a start rule of its own
	If           *expr.Program
	With         []Binding
	Env          []Binding
	WorkingDir   *expr.Template // nil: the run's directory
	Outputs      []Output
	Emit         []Emit
	Retries      Retries
	Timeout      time.Duration // per try; 0: none
	StopGrace    time.Duration
	LongRunning  bool
	Optional     bool
	AllowFailure bool
	Executor     string
}

// InEngine tells whether the task is decided in the engine, without a process.
func (t *Task) InEngine() bool { return t.Kind == Expr }

// NamedProgram is a name with the expression that gives its value.
type NamedProgram struct {
	Name    string
	Program *expr.Program
}

// Output is a declared output.
type Output struct {
	Name string
	Type OutputType
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
	StatesOnly bool // no signal in the tree
}

// ConditionKind is a sort of condition.
type ConditionKind string

// The conditions that are built.
const (
	EventIs  ConditionKind = "event"
	CountIs  ConditionKind = "count"
	SumIs    ConditionKind = "sum"
	StatusIs ConditionKind = "status"
	AfterIs  ConditionKind = "after" // `after` in its first two forms
	AllOf    ConditionKind = "all"
	AnyOf    ConditionKind = "any"
)

// Condition is a node of a rule's tree.
type Condition struct {
	Node    int // index in Rule.Nodes
	Kind    ConditionKind
	Key     string        // event, count, sum
	If      *expr.Program // event, count, sum; nil: always
	Of      *expr.Program // sum
	Reaches float64       // count, sum
	Wants   []Want        // status, after
	Parts   []*Condition  // all, any
	InAll   bool          // inside an `all`: its signal is remembered until the rule fires
	Line    int
}

// Signal tells whether the condition happens, rather than being so.
func (c *Condition) Signal() bool {
	return c.Kind == EventIs || c.Kind == CountIs || c.Kind == SumIs
}

// Want is a task and the final statuses that are asked of its latest
// execution.
type Want struct {
	Task     int
	Statuses []freshet.Status
}

// Listener is a task (or NoTask) with those of its rules, and of their
// conditions, that listen to a key.
type Listener struct {
	Task  int
	Rules []RuleNodes
}

// RuleNodes is a rule with those of its conditions that listen to a key.
type RuleNodes struct {
	Rule  *Rule
	Nodes []*Condition
}

// Task finds a task by name.
func (w *Workflow) Task(name string) (*Task, bool) {
	i, ok := w.byName[name]
	if !ok {
		return nil, false
	}
	return w.Tasks[i], true
}

// Listeners are the tasks with rules that listen to an event key, in the
// order of the file, the workflow's own stop last.
func (w *Workflow) Listeners(key string) []Listener { return w.byEvent[key] }

// Keys are the event keys that some rule listens to, in no order.
func (w *Workflow) Keys() []string {
	keys := make([]string, 0, len(w.byEvent))
	for k := range w.byEvent {
		keys = append(keys, k)
	}
	return keys
}

// Watchers are the rules with a state that looks at the task, in the order of
// the file: the rules of one task stand together.
func (w *Workflow) Watchers(task int) []*Rule { return w.byTask[task] }

// index builds what the machine looks up; Parse calls it once.
func (w *Workflow) index() {
	w.byName = make(map[string]int, len(w.Tasks))
	w.byEvent = map[string][]Listener{}
	w.byTask = make([][]*Rule, len(w.Tasks))
	for i, t := range w.Tasks {
		w.byName[t.Name] = i
	}
	for _, r := range w.Rules {
		r.StatesOnly = true
		for _, c := range r.Nodes {
			if c.Signal() {
				r.StatesOnly = false
				w.listen(r, c)
			}
			for _, want := range c.Wants {
				rules := w.byTask[want.Task]
				if len(rules) == 0 || rules[len(rules)-1] != r {
					w.byTask[want.Task] = append(rules, r)
				}
			}
		}
	}
}

func (w *Workflow) listen(r *Rule, c *Condition) {
	ls := w.byEvent[c.Key]
	if len(ls) == 0 || ls[len(ls)-1].Task != r.Task {
		ls = append(ls, Listener{Task: r.Task})
	}
	l := &ls[len(ls)-1]
	if len(l.Rules) == 0 || l.Rules[len(l.Rules)-1].Rule != r {
		l.Rules = append(l.Rules, RuleNodes{Rule: r})
	}
	rn := &l.Rules[len(l.Rules)-1]
	rn.Nodes = append(rn.Nodes, c)
	w.byEvent[c.Key] = ls
}
