package papermill

import (
	"slices"
	"time"

	"github.com/freshet/freshet/internal/nbformat"
)

// The states of a cell.
const (
	Pending   = "pending"
	Running   = "running"
	Completed = "completed"
	Failed    = "failed"
)

// Record keeps the papermill blocks of a notebook during a run: one call at
// each turn, with the time of it. It changes cells; the caller tells its
// encoder.
type Record struct {
	nb      *nbformat.Notebook
	started time.Time
	cells   map[*nbformat.Cell]time.Time // when each started
}

// Begin clears what an earlier run left and says that this one began.
func Begin(nb *nbformat.Notebook, at time.Time) *Record {
	RemoveErrorMarks(nb)
	block := notebookBlock(nb)
	block["start_time"], block["end_time"], block["duration"], block["exception"] = isoTime(at), nil, nil, nil
	for _, c := range nb.Cells {
		if c.Type == nbformat.Code {
			c.ExecutionCount, c.Outputs = nil, nil
		}
		c.Metadata["papermill"] = map[string]any{
			"exception": nil, "start_time": nil, "end_time": nil, "duration": nil, "status": Pending,
		}
	}
	return &Record{nb, at, map[*nbformat.Cell]time.Time{}}
}

// CellStarted says that a cell begins. Papermill says so of every cell, code
// or not.
func (r *Record) CellStarted(c *nbformat.Cell, at time.Time) {
	r.cells[c] = at
	block := cellBlock(c)
	block["start_time"], block["status"], block["exception"] = isoTime(at), Running, false
}

// CellFailed says that the cell did not do what it should: an exception, a
// time-out, a dead kernel, a stop. An end in success (sys.exit(0)) is none of
// them: papermill has it as an exception.
func (r *Record) CellFailed(c *nbformat.Cell) {
	block := cellBlock(c)
	block["exception"], block["status"] = true, Failed
	notebookBlock(r.nb)["exception"] = true
}

// CellEnded says that the cell is over, failed or not.
func (r *Record) CellEnded(c *nbformat.Cell, at time.Time) {
	block := cellBlock(c)
	block["end_time"] = isoTime(at)
	if start, ok := r.cells[c]; ok {
		block["duration"] = seconds(at.Sub(start))
	}
	if block["status"] != Failed {
		block["status"] = Completed
	}
}

// End says that the run is over. Cells whose turn never came stay pending;
// those that were left out before the last one that ran are completed. It
// tells which cells it changed.
func (r *Record) End(at time.Time) (changed []*nbformat.Cell) {
	block := notebookBlock(r.nb)
	block["end_time"], block["duration"] = isoTime(at), seconds(at.Sub(r.started))
	last := -1
	for i, c := range r.nb.Cells {
		if _, ran := r.cells[c]; ran {
			last = i
		}
	}
	for _, c := range r.nb.Cells[:last+1] {
		if b := cellBlock(c); b["status"] == Pending {
			b["status"] = Completed
			changed = append(changed, c)
		}
	}
	return changed
}

// Fail ends a run that failed: the cell, nil if none had begun, is failed and
// marked, and the notebook says so. It replaces CellFailed, CellEnded and End.
func (r *Record) Fail(c *nbformat.Cell, cause Cause, detail string, at time.Time) (changed []*nbformat.Cell) {
	if c != nil {
		r.CellFailed(c)
		r.CellEnded(c, at)
		changed = append(changed, c)
	}
	notebookBlock(r.nb)["exception"] = true
	changed = append(changed, r.End(at)...)
	MarkError(r.nb, c, cause, detail)
	return slices.Clip(changed)
}

// isoTime is the time as Python's isoformat writes it, in UTC.
func isoTime(t time.Time) string {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05+00:00")
	}
	return t.Format("2006-01-02T15:04:05.000000+00:00")
}

// seconds is a duration as Python's total_seconds gives it.
func seconds(d time.Duration) any {
	return nbformat.Float(float64(d.Microseconds()) / 1e6)
}
