// Package store is the port behind which everything durable lies: the
// journal, the rows of runs, executions and rules, and the ledger. One writer
// commits batches, each in one transaction; any number of readers look at what
// has been committed.
package store

import (
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
)

// Store is a shard's storage.
type Store interface {
	Writer
	Reader
	Retainer
	Close() error
}

// Writer is what the engine needs.
type Writer interface {
	// Load gives what is alive, to go on from.
	Load(ctx context.Context) (*Snapshot, error)
	// LoadRun gives one run, alive or not; code not_found if there is none.
	LoadRun(ctx context.Context, id int64) (*RunSnapshot, error)
	// Commit stores a batch in one transaction and returns once it is on disk.
	// After an error nothing of it is stored, with code conflict if another
	// leader has taken the shard over.
	Commit(ctx context.Context, b *Batch) error
	// Due gives timers whose time has come, oldest first, and the next due
	// time after them (zero: none).
	Due(ctx context.Context, now time.Time, limit int) ([]TimerRow, time.Time, error)
	// Known finds events that were accepted before, by idempotence.
	Known(ctx context.Context, ids []EventID) (map[EventID]*freshet.Event, error)
	// Backlog gives entries after the cursor that have not been decided.
	Backlog(ctx context.Context, after int64, limit int) ([]machine.Entry, error)
	// Version gives one version of a workflow; code not_found if there is none.
	Version(ctx context.Context, namespace, name, version string) (*machine.VersionRow, error)
	// Sweep removes what housekeeping names, in one transaction, as Commit
	// stores: after an error nothing has gone.
	Sweep(ctx context.Context, s *Sweep) (Swept, error)
	// RunByKey finds the run that was started with an idempotence key, 0 if
	// there is none.
	RunByKey(ctx context.Context, namespace, key string) (int64, error)
}

// What a store says when its disk, not its caller, is at fault. All of them
// have code unavailable: nothing was stored, and a later commit may succeed.
var (
	ErrFull = freshet.Errorf(freshet.Unavailable, "the disk is full").
		WithHint("free some space where Freshet's home lies; nothing that was acknowledged is lost")
	ErrReadOnly = freshet.Errorf(freshet.Unavailable, "the database is read-only").
			WithHint("check the permissions and the mount of Freshet's home")
	ErrBusy = freshet.Errorf(freshet.Unavailable, "another process holds the database").
		WithHint("only one server may run on a home; other programs that have the file open must close it")
	ErrDisk = freshet.Errorf(freshet.Unavailable, "the disk reports an error").
		WithHint("look at the system's log; nothing that was acknowledged is lost unless the disk lost it")
)

// EventID is what makes two events one.
type EventID struct{ Namespace, Sender, ID string }

// Batch is what one transaction stores. Rows come once each, as they are in
// the end: what goes goes first, and what is put stays. Untriggers alone come
// last, because ids of triggers are never given again.
//
// An event that a row refers to is an entry of the journal: an event, or the
// end of a run (machine.EndEvent). Nothing but its offset is stored.
type Batch struct {
	Entries    []machine.Entry
	Ledger     []LedgerRow
	Runs       []machine.RunRow
	Executions []*machine.Execution
	Unheld     []machine.HeldKey // starts whose items are held no more; after Executions
	Waits      []machine.Wait
	Unwaits    []machine.WaitKey
	Rules      []machine.RuleRow // one without anything Stored and without Marks goes; its marks do not
	Marks      []machine.MarkRow // after Unmarks
	Unmarks    []machine.MarkCut
	Timers     []machine.Timer
	Untimers   []machine.Timer
	Workflows  []machine.WorkflowRow
	Unflows    []Unflow // before Workflows
	Unruns     []int64  // runs that have ended and are no more: what else there is of them goes in the background
	Versions   []machine.VersionRow
	Triggers   []machine.TriggerRow
	Unplaces   []machine.PlaceKey
	Places     []machine.PlaceRow
	Untriggers []int64 // with what they remember: their rules, marks and timers go too
	Spaces     []machine.NamespaceRow
	Unspaces   []string
	Cursor     Cursor
	Leader     int64 // epoch of the leader that commits
}

// WorkflowID names a workflow.
type WorkflowID struct{ Namespace, Name string }

// Unflow is a workflow that is no more: its runs go in the background.
type Unflow struct {
	WorkflowID
	NextRun int64     // its runs have ids below
	Time    time.Time // its versions are not younger
}

// Cursor says how far the journal has been decided: every entry up to Offset
// for all that it concerns, and of the next one the targets up to Target.
type Cursor struct {
	Offset      int64
	Target      int64                 // run up to which the entry after Offset has been decided; 0: none, -1: the registry
	More        *machine.Continuation // of the run after Target: its step is under way
	Run         int64                 // whose step that is
	NextRun     int64                 // id of the next run
	NextTrigger int64                 // id of the next trigger
	Time        time.Time             // newest journal time
}

// LedgerRow says what became of an entry for one target.
type LedgerRow struct {
	Offset    int64
	Namespace string
	Run       int64 // 0: the namespace's registry
	Part      int   // of a step in several parts, from 0
	Outcomes  []freshet.Outcome
}

// TimerRow is a timer with the namespace of its run or trigger.
type TimerRow struct {
	Namespace string
	machine.Timer
}

// Snapshot is all that is alive in a shard. A new one has the namespace
// `default`.
type Snapshot struct {
	Cursor    Cursor
	Last      int64 // newest offset of the journal
	Leader    int64 // epoch of the present leader; Load has raised it
	Spaces    []machine.NamespaceRow
	Workflows []machine.WorkflowRow
	Triggers  []TriggerSnapshot  // by id
	Runs      []RunSnapshot      // that have not ended, by id
	Places    []machine.PlaceRow // of tasks, those that came first before others
	NextDue   time.Time          // of the earliest timer; zero: none
}

// RunSnapshot is what is stored of a run. Events stand in it in full where
// the machine needs them: the run's own, and those of starts that wait, of
// rules that remember and of executions that have not ended.
type RunSnapshot struct {
	Row   machine.RunRow
	Held  []*machine.Execution
	Waits []machine.Wait
	Rules []machine.RuleRow // with their marks; of one without a row, up to the last condition that has some
	Dues  machine.Dues      // of its rules
	Later time.Time         // when it is to start; zero: it does not wait for a time
}

// TriggerSnapshot is what is stored of a trigger, its events in full.
type TriggerSnapshot struct {
	Row   machine.TriggerRow
	State machine.RuleState // with its marks; nil: nothing is remembered
	Dues  machine.Dues      // nil: it waits for no time
}

// Reader is what the API needs. Lists are newest first unless said otherwise;
// After is the last id or offset of the page before, 0 for the first page. A
// Limit of 0 is none. Of two times, Since is included and Till is not.
type Reader interface {
	Workflows(ctx context.Context, f WorkflowFilter) ([]freshet.Workflow, error)
	// Triggers are by id, oldest first. One that is paused, or whose workflow
	// is disabled or no more, has no next time.
	Triggers(ctx context.Context, f TriggerFilter) ([]freshet.Trigger, error)
	// Trigger gives one with what it remembers; code not_found if there is none.
	Trigger(ctx context.Context, id int64) (*TriggerSnapshot, error)
	// Namespaces are by name; name, if set, selects one.
	Namespaces(ctx context.Context, name string) ([]freshet.Namespace, error)
	Versions(ctx context.Context, namespace, name string, limit int) ([]machine.VersionRow, error) // newest first, without Source
	Version(ctx context.Context, namespace, name, version string) (*machine.VersionRow, error)
	Run(ctx context.Context, id int64) (*freshet.Run, error)
	Runs(ctx context.Context, f RunFilter) ([]freshet.Run, error)
	// Executions of a run: one per start and item, with its last try, or, with
	// AllTries, all; in the order in which they were queued, which for one
	// task is by seq, item and try.
	Executions(ctx context.Context, f ExecutionFilter) ([]freshet.Execution, error)
	// Artifacts gives, of all tries of the task that f names, those that have
	// left artifacts, by seq, item and try; of f they look at Seq and Item too.
	Artifacts(ctx context.Context, f ExecutionFilter) ([]freshet.Execution, error)
	// Places gives who has a place of a task's `concurrency`, and who waits for
	// one: those that have one first, then those that came first.
	Places(ctx context.Context, f PlaceFilter) ([]machine.PlaceRow, error)
	// Event and Events know nothing of ends of runs.
	Event(ctx context.Context, namespace string, offset int64) (*freshet.Event, error)
	// Events are oldest first; with Newest the newest Limit of them.
	Events(ctx context.Context, f EventFilter) ([]freshet.Event, error)
	CountEvents(ctx context.Context, f EventFilter) ([]SenderCount, error)
	// Journal gives entries after an offset, oldest first, of every namespace.
	Journal(ctx context.Context, after int64, limit int) ([]machine.Entry, error)
	Entry(ctx context.Context, offset int64) (*machine.Entry, error)
	// Ledger rows of an entry, or of a run from the newest back; the limit of
	// the latter counts entries, so that the parts of one stay together.
	LedgerOf(ctx context.Context, offset int64, limit int) ([]LedgerRow, error)
	LedgerFor(ctx context.Context, run int64, before int64, limit int) ([]LedgerRow, error)
	// LedgerTask gives, of the rows that LedgerFor would give, those that have
	// an outcome of a task; whole tells that there are no older ones.
	LedgerTask(ctx context.Context, run int64, task string, before int64, limit int) (rows []LedgerRow, whole bool, err error)
	// Cursor says how far the journal has been decided.
	Cursor(ctx context.Context) (Cursor, error)
	// Swept is the offset up to which entries may have been removed.
	Swept(ctx context.Context) (int64, error)
	// Survey gives a run as LoadRun does, but of its executions no more than
	// key, status and code; Held gives those of one task in full.
	Survey(ctx context.Context, id int64) (*RunSnapshot, error)
	Held(ctx context.Context, run int64, task string) ([]*machine.Execution, error)
	LoadRun(ctx context.Context, id int64) (*RunSnapshot, error)
	// Names completes words: workflows, namespaces, event keys.
	Names(ctx context.Context, kind, namespace, prefix string, limit int) ([]string, error)
	// Size tells rows and bytes, for people and for benchmarks.
	Size(ctx context.Context) (Size, error)
}

// WorkflowFilter selects workflows. An empty Namespace is every namespace.
type WorkflowFilter struct {
	Namespace, Name string
	Limit           int
}

// TriggerFilter selects triggers. Empty fields select all.
type TriggerFilter struct {
	Namespace, Workflow string
	Kind                freshet.TriggerKind
	After               int64 // ids above
	Before              int64 // ids below, newest first; 0: all, oldest first
	Limit               int
}

// RunFilter selects runs.
type RunFilter struct {
	Namespace, Workflow string
	Status              []freshet.Status
	Place               string    // with Workflow: what the key of its `concurrency` came to; empty: all
	Since               time.Time // created at or after
	Before              int64     // ids below; 0: all
	Limit               int
}

// ExecutionFilter selects executions of a run.
type ExecutionFilter struct {
	Run      int64
	Task     string // empty: all
	Item     *int   // with Task: one item, or with NoItem what is none; nil: all
	Seq      int    // 0: all
	Status   []freshet.Status
	AllTries bool
	// Newest gives the newest Limit, still in order. Of a whole run those
	// come first that are no items, and then the items that have changed last.
	Newest bool
	Limit  int // 0: all
}

// PlaceFilter selects places of a task.
type PlaceFilter struct {
	Namespace, Workflow, Task string
	Key                       string
	Limit                     int
}

// EventFilter selects events.
type EventFilter struct {
	Namespace   string // empty: every namespace
	Keys        []string
	Sender      string
	HasSender   bool // Sender is looked at even if empty
	Run         int64
	After       int64 // offsets above
	Before      int64 // offsets below; 0: all
	Since, Till time.Time
	Newest      bool
	Limit       int
}

// SenderCount is how many events a sender has sent.
type SenderCount struct {
	Sender string `json:"sender"`
	Count  int64  `json:"count"`
}

// Size is how much a store holds.
type Size struct {
	Bytes int64            `json:"bytes"` // pages in use
	Rows  map[string]int64 `json:"rows"`  // by table
}
