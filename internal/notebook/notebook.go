// Package notebook runs a Jupyter notebook from file to file: it starts the
// kernel, executes the cells in order, records what the kernel says as a
// frontend would, and keeps the output file close behind. How a run ended is
// never left to interpretation: whatever stops a notebook (an error, a
// time-out, a dead kernel, somebody's wish) is a Failure with a reason, and
// stands in the output file, which is written in every case.
//
// What is recorded, and where, is what papermill records, so that its users'
// tools read the file. Where this package knowingly differs:
//
//   - What a stream says in several messages is one output, and carriage
//     returns are applied (see screen). The text is the same on a terminal.
//   - Errors of cells tagged raises-exception do not fail the run.
//   - sys.exit(0) is recorded as the success that it is.
//   - A time-out, a dead kernel and one that does not start mark the cell and
//     the notebook as failed, with an error output and a banner.
//   - Output of a cell's threads after its end goes to that cell.
//   - The directory of the output is made where it is missing.
package notebook

import (
	"context"
	"io"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/nbformat"
	"github.com/freshet/freshet/internal/papermill"
)

// Options say what to run, and how.
type Options struct {
	// Input and Output are paths; papermill.Format has filled them in. "-" is
	// Stdin and Stdout; an empty Output writes nothing.
	Input, Output string
	Stdin         io.Reader
	Stdout        io.Writer

	Parameters []papermill.Param // secrets are none: they would stand in the file

	Kernel      string         // name of a kernelspec; empty is the notebook's own
	Interpreter string         // a Python whose ipykernel is used instead
	Search      jupyter.Search // where kernelspecs are
	Dir         string         // working directory of the kernel; empty is the caller's
	Env         []string       // whole environment of the kernel; it is never written to the notebook

	// RuntimeDir is where the private directory of the kernel's sockets is made;
	// empty is /tmp. Who is killed leaves it behind.
	RuntimeDir string

	CellTimeout  time.Duration // of each cell; 0: none
	Timeout      time.Duration // of the whole, the kernel's start included; 0: none
	StartTimeout time.Duration // of the kernel's start; 0: 60 s
	// Grace is how long it may take to end what is stopped: half of it is for the
	// interrupted cell, the other half for the file, which comes first, and the
	// kernel. 0: 8 s.
	Grace time.Duration

	PrepareOnly bool // write the notebook with its parameters, and execute nothing
	HideInput   bool // papermill's report mode: the cells' code is hidden

	// Begin is called when all that was given has been read and found right, and
	// nothing has been written or started yet; after an error of it nothing is.
	// Nil: nobody asks.
	Begin func() error

	Log      io.Writer      // text output as it comes; nil: nowhere
	Progress func(Progress) // before each cell, and when all is over; nil: nobody asks

	// Take gives a warm kernel of a kernelspec, which is used for this notebook
	// only; nil where there is none. It is asked for Python kernels only.
	Take func(context.Context, *jupyter.Spec) *Warm
}

// Progress is how far a run has come.
type Progress struct {
	Cell, Cells int // number of the cell that runs, from 1; how many there are
	Done        int // cells that are over
	Elapsed     time.Duration
	Description string // of the cell, as its source gives it: papermill_description=WORD
}

// Warm is a kernel that waits for work.
type Warm struct {
	Connection jupyter.Connection
	Peer       jupyter.Peer
	// Release is called once, when the kernel is not needed any more and has
	// been asked to end itself. Where ctx has ended it ends the kernel by force.
	Release func(ctx context.Context)
}

// Result is what became of a run.
type Result struct {
	Status   freshet.Status // success, failed, or stopped where somebody stopped it
	Failure  *Failure       // why not success; nil
	Output   string         // path of the executed notebook; empty if it went elsewhere
	Notebook *nbformat.Notebook
	Executed int           // cells that were sent to the kernel
	Warnings []string      // of the preparation and the run, one line each; who has a log shows them there
	Started  time.Duration // until the kernel was ready
	Elapsed  time.Duration
}
