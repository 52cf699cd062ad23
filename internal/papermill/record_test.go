package papermill_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/freshet/freshet/internal/nbformat"
	. "github.com/freshet/freshet/internal/papermill"
)

// A run that is recorded at the times of papermill's run has papermill's
// blocks, marks and statuses.
func TestRecordAsPapermill(t *testing.T) {
	cells := func(source string) string {
		return notebook(kernelMetadata,
			`{"cell_type": "markdown", "id": "m1", "metadata": {}, "source": "# T"}`, code("c1", "", "1 + 1"), code("c2", `"tags": ["skip-execution"]`, "1 / 0"),
			code("c3", "", source), code("c4", "", "print('after')"))
	}
	questions := []string{cells("2"), cells("1 / 0"), cells("raise SystemExit(3)"), cells("import sys; sys.exit()"), cells("%no_such_magic")}
	var answers []string
	asked(t, "record", `
import papermill, logging
logging.disable(logging.CRITICAL)
answer = []
for q in input:
    open("in.ipynb", "w").write(q)
    try: papermill.execute_notebook("in.ipynb", "out.ipynb", progress_bar=False)
    except papermill.PapermillExecutionError: pass
    answer.append(open("out.ipynb").read().replace(sys.prefix, "/python"))
print(json.dumps(answer))
`, questions, &answers)
	for i, question := range questions {
		theirs := read(t, answers[i])
		nb := read(t, question)
		if _, err := Prepare(nb, Options{Input: "in.ipynb", Output: "out.ipynb"}); err != nil {
			t.Fatal(err)
		}
		replay(t, nb, theirs)
		// What the kernel and the client add is not ours, ids of marks are random.
		theirs.Metadata["language_info"] = nb.Metadata["language_info"]
		for j, c := range theirs.Cells {
			delete(c.Metadata, "execution")
			if c.HasTag(TagError) && j < len(nb.Cells) {
				c.ID = nb.Cells[j].ID
			}
		}
		if diff := cmp.Diff(string(theirs.Append(nil)), string(nb.Append(nil))); diff != "" {
			t.Errorf("%s (-papermill +got):\n%s", question, diff)
		}
	}
}

// replay runs nb as theirs ran.
func replay(t *testing.T, nb, theirs *nbformat.Notebook) {
	byID := map[string]*nbformat.Cell{}
	for _, c := range theirs.Cells {
		byID[c.ID] = c
	}
	r := Begin(nb, moment(t, theirs.Metadata, "start_time"))
	end := moment(t, theirs.Metadata, "end_time")
	for _, c := range nb.Cells {
		their := byID[c.ID]
		block := their.Metadata["papermill"].(map[string]any)
		if block["status"] == Pending {
			break
		}
		r.CellStarted(c, moment(t, their.Metadata, "start_time"))
		c.ExecutionCount, c.Outputs = their.ExecutionCount, their.Outputs
		if block["exception"] == true {
			if theirs.Cells[0].HasTag(TagError) {
				r.CellFailed(c)
				r.CellEnded(c, moment(t, their.Metadata, "end_time"))
				r.End(end)
				MarkError(nb, c, Exception, "")
				return
			}
			r.CellFailed(c) // sys.exit(0)
		}
		r.CellEnded(c, moment(t, their.Metadata, "end_time"))
	}
	r.End(end)
}

func moment(t *testing.T, metadata map[string]any, key string) time.Time {
	t.Helper()
	text, _ := metadata["papermill"].(map[string]any)[key].(string)
	at, err := time.Parse("2006-01-02T15:04:05.999999-07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Where papermill leaves a file that looks successful, this one does not.
func TestFailuresNeverLookLikeSuccess(t *testing.T) {
	banner := func(words, place string) string {
		return words + ` at '<a href="#papermill-error-cell">` + place + `</a>'.</span>`
	}
	for _, test := range []struct {
		cause          Cause
		detail         string
		begun          bool
		banner, anchor string
	}{
		{Exception, "", true, banner("An Exception was encountered", "In [2]"), "Execution using papermill encountered an exception here and stopped:</span>"},
		{TimedOut, "after 30 s", true, banner("A time-out was reached (after 30 s)", "In [2]"), "Execution took longer than allowed here and was stopped:</span>"},
		{KernelDied, "signal <9>", true, banner("The kernel died (signal &lt;9&gt;)", "In [2]"), "The kernel died here and execution stopped:</span>"},
		{Interrupted, "", true, banner("Execution was stopped", "In [2]"), "Execution was stopped here:</span>"},
		{NotStarted, "no such kernelspec: x", false, "No kernel was started (no such kernelspec: x).</span>", ""},
		{TimedOut, "", false, "A time-out was reached.</span>", ""},
	} {
		nb := read(t, notebook(kernelMetadata, code("c1", "", "1"), code("c2", "", "2"), code("c3", "", "3")))
		r := Begin(nb, start)
		first, second := nb.Cells[0], nb.Cells[1]
		var failing *nbformat.Cell
		want := []string{Pending, Pending, Pending}
		if test.begun {
			r.CellStarted(first, start.Add(time.Second))
			r.CellEnded(first, start.Add(2*time.Second))
			r.CellStarted(second, start.Add(2*time.Second))
			second.ExecutionCount = new(int)
			*second.ExecutionCount = 2
			failing, want = second, []string{Completed, Failed, Pending}
		}
		r.Fail(failing, test.cause, test.detail, start.Add(5*time.Second))
		var statuses []string
		var marks []string
		for _, c := range nb.Cells {
			if c.HasTag(TagError) {
				marks = append(marks, c.Source)
				continue
			}
			statuses = append(statuses, c.Metadata["papermill"].(map[string]any)["status"].(string))
		}
		if diff := cmp.Diff(want, statuses); diff != "" {
			t.Errorf("%v: statuses (-want +got):\n%s", test, diff)
		}
		if !strings.HasSuffix(marks[0], test.banner) || nb.Cells[0].Source != marks[0] {
			t.Errorf("banner: %s", marks[0])
		}
		if test.begun && (!strings.HasSuffix(marks[1], test.anchor) || nb.Cells[3] != failing) {
			t.Errorf("anchor: %s", marks[1])
		}
		block := nb.Metadata["papermill"].(map[string]any)
		if block["exception"] != true || block["end_time"] != "2026-01-02T03:04:10+00:00" {
			t.Errorf("%v", block)
		}
		RemoveErrorMarks(nb)
		if len(nb.Cells) != 3 {
			t.Errorf("marks are left: %d cells", len(nb.Cells))
		}
	}
}

func TestErrorText(t *testing.T) {
	nb := read(t, notebook("", code("a", "", "1/0")))
	nb.Cells[0].Outputs = []*nbformat.Output{{Type: nbformat.Error, Traceback: []string{"\x1b[0;31mZeroDivisionError\x1b[0m", "\x1b[Kline"}}}
	want := strings.Repeat("-", 75) + "\nException encountered at \"In [4]\":\nZeroDivisionError\nline\n"
	if diff := cmp.Diff(want, ErrorText(nb.Cells[0])); diff != "" {
		t.Error(diff)
	}
}

// A second run clears what the first left, and times have microseconds.
func TestBeginAgain(t *testing.T) {
	nb := read(t, notebook(kernelMetadata, code("c1", "", "1")))
	r := Begin(nb, start)
	r.CellStarted(nb.Cells[0], start)
	r.Fail(nb.Cells[0], TimedOut, "", start)
	r = Begin(nb, start.Add(1500*time.Microsecond))
	r.CellStarted(nb.Cells[0], start)
	r.CellEnded(nb.Cells[0], start.Add(1234567*time.Microsecond))
	r.End(start.Add(time.Minute))
	if len(nb.Cells) != 1 || nb.Cells[0].Outputs != nil || nb.Cells[0].ExecutionCount != nil {
		t.Errorf("%+v", nb.Cells)
	}
	want := map[string]any{"exception": false, "start_time": "2026-01-02T03:04:05+00:00", "end_time": "2026-01-02T03:04:06.234567+00:00", "duration": nbformat.Float(1.234567), "status": "completed"}
	if diff := cmp.Diff(want, nb.Cells[0].Metadata["papermill"]); diff != "" {
		t.Error(diff)
	}
	block := nb.Metadata["papermill"].(map[string]any)
	if block["exception"] != nil || block["start_time"] != "2026-01-02T03:04:05.001500+00:00" {
		t.Error(cmp.Diff(nil, block, cmpopts.EquateEmpty()))
	}
}
