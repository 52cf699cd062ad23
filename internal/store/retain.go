package store

import (
	"context"
	"time"

	"github.com/freshet/freshet"
)

// Sweep is what one small transaction of housekeeping removes. What it names
// and is not there any more is no error. It says nothing that has to be
// decided, and never touches what a loaded state holds.
type Sweep struct {
	// Runs are no more from now on: of those that have ended the row goes, and
	// what else there is of them is found with RemovedRuns.
	Runs       []int64
	Ledger     []LedgerKey
	Executions []freshet.Key
	Memory     []int64 // removed runs: a part of what their rules remembered goes, at most SweepRows rows
	// Entries go where nothing that stays needs them: no run, execution or
	// decision of a run, and where they are decided and not the newest one.
	Entries   []int64
	Gone      []int64      // removed runs of which nothing is left
	Workflows []WorkflowID // removed workflows of which no run is left: their versions go

	Upto   int64 // entries up to here have been looked at; 0: not said
	Shrink int   // so many pages that are not in use, about, are given back to the file system
	Leader int64 // epoch of the leader
}

// SweepRows is about how many rows one transaction of housekeeping removes.
const SweepRows = 250

// Empty tells whether there is nothing to do.
func (s *Sweep) Empty() bool {
	return len(s.Runs)+len(s.Ledger)+len(s.Executions)+len(s.Memory)+len(s.Entries)+len(s.Gone)+len(s.Workflows) == 0 && s.Upto == 0 && s.Shrink == 0
}

// LedgerKey names what one run, or with run 0 the registry, decided about an
// entry, with all its parts.
type LedgerKey struct{ Offset, Run int64 }

// Swept counts what a sweep has removed.
type Swept struct {
	Runs, Executions, Entries, Decisions int64
}

// Add sums.
func (s *Swept) Add(o Swept) {
	s.Runs += o.Runs
	s.Executions += o.Executions
	s.Entries += o.Entries
	s.Decisions += o.Decisions
}

// Retainer finds what can go. Each answer is of one moment, and costs what it
// gives and not what there is.
type Retainer interface {
	// EndedFlows are the workflows, deleted ones too, that have ended runs.
	EndedFlows(ctx context.Context) ([]EndedFlow, error)
	// EndedRuns of a workflow that ended before a time, oldest first; with
	// below, only those with ids below it.
	EndedRuns(ctx context.Context, namespace, workflow string, before time.Time, below int64, limit int) ([]int64, error)
	RemovedRuns(ctx context.Context, limit int) ([]RemovedRun, error)
	RemovedWorkflows(ctx context.Context) ([]RemovedWorkflow, error)
	// Remains are rows of a removed run.
	Remains(ctx context.Context, run int64, limit int) (Remains, error)
	// OftenStarted are the tasks of runs that are alive that have started more
	// often than KeptStarts.
	OftenStarted(ctx context.Context) ([]OftenStarted, error)
	// EndedExecutions of a task of a run up to a start, that have ended before
	// a time (zero: whenever) and that no loaded run holds, oldest first.
	EndedExecutions(ctx context.Context, run int64, task string, seq int, before time.Time, limit int) ([]EndedExecution, error)
	// OldRuns are runs that are alive and were created before a time, by id.
	OldRuns(ctx context.Context, created time.Time, after int64, limit int) ([]OldRun, error)
	// Decisions of a run about entries before an offset, oldest first.
	Decisions(ctx context.Context, run, before int64, limit int) ([]LedgerKey, error)
	// Unneeded looks at so many entries after an offset, none above another,
	// and gives those that no run, execution or decision of a run needs, and
	// how far it has looked.
	Unneeded(ctx context.Context, after, upto int64, look int) (offsets []int64, last int64, err error)
	// Remembered are the entries up to an offset that rules, triggers and
	// starts that wait remember.
	Remembered(ctx context.Context, upto int64) (map[int64]bool, error)
	// OffsetAt is an offset below which all entries are older than a time, and
	// from which on none is.
	OffsetAt(ctx context.Context, t time.Time) (int64, error)
	// Blobs gives the hashes of all contents that a row names, in parts that
	// have room in memory: each is those that begin with a prefix of up to two
	// digits, and together the prefixes are all there are.
	Blobs(ctx context.Context, yield func(prefix string, sums []string) error) error
	// Pages counts those of the file, and those of them that are not in use.
	Pages(ctx context.Context) (spare, all int64, err error)
	// HasRuns tells which of some runs there are, those that are being removed
	// among them.
	HasRuns(ctx context.Context, ids []int64) (map[int64]bool, error)
}

// KeptStarts is how many starts of a task are kept at least of a run that is
// alive.
const KeptStarts = 1000

// EndedFlow is a workflow with ended runs.
type EndedFlow struct {
	Namespace, Workflow string
	Retention           time.Duration // its own; 0: the server's, below: for ever
	Oldest              time.Time     // when the first of them ended
}

// RemovedRun is a run that is no more.
type RemovedRun struct {
	ID                  int64
	Namespace, Workflow string
}

// RemovedWorkflow is a workflow that is no more. Its runs have ids below
// NextRun.
type RemovedWorkflow struct {
	WorkflowID
	NextRun int64
}

// Remains are rows of a removed run.
type Remains struct {
	Ledger     []LedgerKey
	Executions []EndedExecution
	Memory     bool // rules or marks
}

// Empty tells whether nothing is left.
func (r *Remains) Empty() bool { return len(r.Ledger)+len(r.Executions) == 0 && !r.Memory }

// OftenStarted is a task of a run that is alive.
type OftenStarted struct {
	Run                          int64
	Namespace, Workflow, Version string
	Task                         string
	Seq                          int // of its newest start
	Ended                        bool
}

// EndedExecution is an execution that can go.
type EndedExecution struct {
	freshet.Key
	Offset int64 // of the event that started it, 0 for none
}

// OldRun is a run that is alive.
type OldRun struct {
	ID                  int64
	Namespace, Workflow string
	CreatedAt           time.Time
	Retention           time.Duration // of its workflow
}
