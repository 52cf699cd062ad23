// Package executor is the port behind which attempts run: a process on this
// machine, a job in a cluster. An executor is told what to do after the
// decision has been committed, and what becomes of it comes back as reports,
// which are facts for the journal. Everything is idempotent by key, because
// the server may die between any two lines.
package executor

import (
	"context"
	"time"

	"github.com/freshet/freshet"
)

// Attempt is one process to start. It is complete: an executor needs nothing
// else from the server.
type Attempt struct {
	Key       freshet.Key
	Epoch     int64  // of the claim; a report carries it back
	Node      string // the holder that the claim named, see Executor.Node
	Namespace string
	Workflow  string
	Args      []string            // what to execute; Args[0] is looked up in PATH of Env
	Script    string              // for Args that name a shell: the script it runs, handed over so that its length does not matter
	Env       []string            // NAME=value, of a name the last, complete but for what the executor itself adds (FRESHET_RUN_DIR, FRESHET_TASK_DIR, FRESHET_OUTPUT, FRESHET_INPUT, PATH)
	Dir       string              // working directory; empty: the run's; relative: below it
	Input     []byte              // JSON for $FRESHET_INPUT
	Files     []freshet.File      // what the run's directory holds before its first process
	Artifacts []string            // globs of the files to keep when it has ended, below its working directory
	LogLimit  int64               // bytes of log that are kept; the middle goes
	Refused   string              // why it cannot start, whatever else stands here; empty: it can
	Hide      func(string) string // masks secrets in what a report tells of it; nil: it has none
}

// Executor runs attempts. Start, Stop, Recover and Release return once the
// request is safe with whatever keeps the processes; what happens then comes
// as reports.
type Executor interface {
	// Name is what workflows call it.
	Name() string

	// Node names what would hold an attempt that is claimed now: a claim
	// records it before the attempt starts, so that an attempt whose holder is
	// gone is known to be lost. It waits until there is one.
	Node(ctx context.Context) (string, error)

	// Start starts an attempt unless its key has been started before. What
	// makes a start impossible (no such program) is a report with
	// CodeStartFailed, not an error; an error means that nothing is known and
	// Start must be called again.
	Start(ctx context.Context, a Attempt) error

	// Stop asks an attempt to end (SIGTERM) and ends it after the grace
	// (SIGKILL). Stopping what has ended does nothing. Stopping a key that was
	// never started makes it end without starting, reported with CodeLost.
	Stop(ctx context.Context, k freshet.Key, grace time.Duration) error

	// Recover is called once, before anything else but Node, with all that the
	// store believes claimed or running. Each is reported again: running,
	// ended, or, where its holder is gone, made sure dead and ended with
	// CodeLost. Those returned were claimed from the present holder and never
	// reached it: they may be started. What is held but not in the list, of an
	// earlier epoch, is stopped and released.
	Recover(ctx context.Context, held []Held) (start []freshet.Key, err error)

	// Release says that the ends of these attempts are committed and that
	// their holder may forget them.
	Release(ctx context.Context, keys []freshet.Key) error

	// Reports is where facts come out, in order for each key. It is never
	// closed while Run runs. The end of an attempt with artifacts comes once
	// their contents are safe, however it ended; an executor that recovers an
	// end that was not reported keeps them again.
	Reports() <-chan Report

	// Run serves until ctx ends. Attempts go on without it.
	Run(ctx context.Context) error
}

// Preparer is an executor that can get the ground ready for an attempt while
// its claim is still being committed: directories, nothing that anybody would
// miss or that a process could see. Start does not rely on it.
type Preparer interface {
	Prepare(ctx context.Context, a Attempt)
}

// Held is an attempt that the store believes claimed or running.
type Held struct {
	Key       freshet.Key
	Epoch     int64
	Node      string // that the claim named
	Namespace string
	Workflow  string
	Started   bool // a report of its start was committed
	Stopping  bool // it had been asked to stop
	Grace     time.Duration
	Dir       string              // these three as in its Attempt
	Artifacts []string            //
	Hide      func(string) string //
}

// Report is a fact about an attempt.
type Report struct {
	Key      freshet.Key
	Epoch    int64
	Kind     ReportKind
	Time     time.Time
	PID      int
	Log      string            // path of the log file
	ExitCode int               // of Ended; 128+n for signal n
	Code     freshet.Code      // of Ended: empty, CodeStartFailed or CodeLost
	Reason   string            // of Ended with a code: one line
	Outputs  map[string]string // of Ended: what it wrote to $FRESHET_OUTPUT
	BadOut   string            // of Ended: what is wrong with what it wrote there

	Artifacts    []freshet.Artifact // of Ended: what is kept of its files, by path
	BadArtifacts string             // of Ended: why not all that should be kept is; one line
}

// ReportKind is what a report says.
type ReportKind string

// The kinds of reports. An attempt that never started has only Ended.
const (
	Started ReportKind = "started"
	Ended   ReportKind = "ended"
)
