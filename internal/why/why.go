// Package why explains every decision: why something ran, why it did not, and
// what it waits for. What happened is read back from the journal and the
// ledger, what is still to come from the state of the run, and the words are
// made here, when somebody asks. Nothing is decided or written.
//
// An answer costs a bounded number of reads, however long a run or a chain of
// events is; where it stops looking it says so. Of a wide run it reads where
// every task stands, and in full only what it shows. Each answer has one idea
// of now.
package why

import (
	"context"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// How far an answer looks, and how much of a long list it shows.
const (
	chainDepth      = 8   // links of the chain behind a start
	waitDepth       = 3   // tasks that wait for tasks that wait
	recentRows      = 200 // newest decisions of a run
	searchRows      = 300 // decisions searched around a moment
	eventRows       = 2000
	shownRuns       = 20
	readOutcomes    = 100 // outcomes of triggers of which is read what they became
	shownTasks      = 10
	shownParts      = 8
	shownStarts     = 5
	shownFires      = 3      // newest decisions of a trigger
	triggerPage     = 1000   // triggers that are counted with one read
	countedTriggers = 20_000 // and at most
	childRows       = 400    // entries behind one that are searched for what it caused
)

// Reader is what an explanation reads; every store has it.
type Reader interface {
	Workflows(ctx context.Context, f store.WorkflowFilter) ([]freshet.Workflow, error)
	Version(ctx context.Context, namespace, name, version string) (*machine.VersionRow, error)
	Run(ctx context.Context, id int64) (*freshet.Run, error)
	Runs(ctx context.Context, f store.RunFilter) ([]freshet.Run, error)
	Executions(ctx context.Context, f store.ExecutionFilter) ([]freshet.Execution, error)
	Places(ctx context.Context, f store.PlaceFilter) ([]machine.PlaceRow, error)
	Events(ctx context.Context, f store.EventFilter) ([]freshet.Event, error)
	Journal(ctx context.Context, after int64, limit int) ([]machine.Entry, error)
	Entry(ctx context.Context, offset int64) (*machine.Entry, error)
	LedgerOf(ctx context.Context, offset int64, limit int) ([]store.LedgerRow, error)
	LedgerFor(ctx context.Context, run int64, before int64, limit int) ([]store.LedgerRow, error)
	LedgerTask(ctx context.Context, run int64, task string, before int64, limit int) ([]store.LedgerRow, bool, error)
	Cursor(ctx context.Context) (store.Cursor, error)
	Survey(ctx context.Context, id int64) (*store.RunSnapshot, error)
	Held(ctx context.Context, run int64, task string) ([]*machine.Execution, error)
	Triggers(ctx context.Context, f store.TriggerFilter) ([]freshet.Trigger, error)
	Trigger(ctx context.Context, id int64) (*store.TriggerSnapshot, error)
}

// Explainer answers questions. It may be used from many goroutines.
type Explainer struct {
	reader   Reader
	slots    func() (used, total int64)
	now      func() time.Time // asked once for each question
	versions versions
}

// New makes an explainer. slots tells how many slots are taken, out of how
// many; it may be nil where nobody knows.
func New(reader Reader, slots func() (used, total int64)) *Explainer {
	return &Explainer{reader: reader, slots: slots, now: time.Now}
}
