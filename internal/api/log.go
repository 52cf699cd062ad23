package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/secret"
	"github.com/freshet/freshet/internal/store"
)

type logInput struct {
	TaskPath
	Seq    int   `query:"seq" minimum:"0" doc:"which start; without it the latest"`
	Try    int   `query:"try" minimum:"0" doc:"which try; without it the last of that start"`
	Offset int64 `query:"offset" minimum:"0" doc:"first byte"`
	Limit  int64 `query:"limit" minimum:"1" maximum:"16777216" default:"1048576" doc:"at most so many bytes"`
	Tail   int64 `query:"tail" minimum:"0" doc:"only the last so many bytes, where offset is 0"`
}

// logOutput is a part of a log. The headers say where it goes on.
type logOutput struct {
	Type     string `header:"Content-Type"`
	Offset   int64  `header:"X-Log-Offset" doc:"offset of what follows"`
	Seq      int    `header:"X-Log-Seq" doc:"whose log it is; 0: the task has not started"`
	Try      int    `header:"X-Log-Try"`
	Complete bool   `header:"X-Log-Complete" doc:"this try has ended, and this is its last byte"`
	Final    bool   `header:"X-Log-Final" doc:"no try of this start follows"`
	Gone     bool   `header:"X-Log-Gone" doc:"the try has left a log, and it is not there any more"`
	Body     []byte
}

func (a *API) addLogs() {
	add(a, http.MethodGet, "/runs/{run}/tasks/{task}/log", "get-log", "A part of a task's log", a.log, tag("tasks"), forTasks,
		describe("Bytes as the process wrote them, but that *** stands where a secret stood; offsets count what was written. To follow a log, ask again with `offset` from X-Log-Offset, and with the next `try` after X-Log-Complete unless X-Log-Final; "+
			"a try that has not begun yet has an empty log that is not complete. "+
			"The middle of a log that grows too long is removed; an `offset` that then lies behind the end is answered from where it goes on, and X-Log-Offset may be less than before."),
		func(op *huma.Operation) {
			op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"text/plain": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
		})
}

func (a *API) log(ctx context.Context, in *logInput) (*logOutput, error) {
	k, err := a.known(ctx, &in.TaskPath)
	if err != nil {
		return nil, err
	}
	r, w := k.run, k.flow
	if k.task.Foreach != nil && k.item == freshet.NoItem {
		return nil, freshet.Errorf(freshet.Conflict, "task %s of run %d has a log for each of its items", in.Task, in.Run).
			WithHint("name the item: %s[0]", in.Task)
	}
	o := &logOutput{Type: "text/plain; charset=utf-8", Offset: in.Offset, Body: []byte{}}
	tries, err := a.tries(ctx, k, in.Seq)
	if err != nil {
		return nil, err
	}
	if len(tries) == 0 {
		if in.Seq == 0 && !r.Status.Final() {
			return o, nil
		}
		if in.Seq != 0 {
			return nil, freshet.Errorf(freshet.NotFound, "task %s of run %d has no start %d", in.Task, in.Run, in.Seq)
		}
		return nil, freshet.Errorf(freshet.NotFound, "task %s of run %d never ran", in.Task, in.Run).
			WithHint("`why %d %s` says why", in.Run, in.Task)
	}
	last := tries[len(tries)-1]
	x := last
	for _, t := range tries {
		if t.Try == in.Try {
			x = t
		}
	}
	o.Seq, o.Try = x.Seq, x.Try
	if in.Try > last.Try {
		if last.Status.Final() {
			return nil, freshet.Errorf(freshet.NotFound, "start %d of task %s of run %d has no try %d: its last is %d", last.Seq, in.Task, in.Run, in.Try, last.Try)
		}
		o.Try = in.Try
		return o, nil
	}
	ended := x.Try < last.Try || x.Status.Final() || x.Status == freshet.Retrying
	o.Final = ended && x.Try == last.Try && x.Status.Final()
	return o, a.readLog(o, in, a.logOf(r, &x), ended, a.maskOf(r, w))
}

// logOf is where the log of a try lies. The path that was recorded is from
// the day on which it ran; a home may have been moved since, and then the log
// is at the same place below the new one.
func (a *API) logOf(r *freshet.Run, x *freshet.Execution) string {
	if x.Log == "" || strings.HasPrefix(x.Log, a.Logs+string(filepath.Separator)) {
		return x.Log
	}
	item := ""
	if x.Item != nil {
		item = strconv.Itoa(*x.Item)
	}
	return filepath.Join(a.Logs, r.Namespace, r.Workflow, strconv.FormatInt(r.ID, 10), x.Task, item, filepath.Base(x.Log))
}

// tries are those of the start that is asked for, oldest first.
func (a *API) tries(ctx context.Context, k *taskOf, seq int) ([]freshet.Execution, error) {
	f := store.ExecutionFilter{Run: k.run.ID, Task: k.task.Name, Item: &k.item, Seq: seq}
	if seq == 0 {
		f.Newest, f.Limit = true, 1
		latest, err := a.Store.Executions(ctx, f)
		if err != nil || len(latest) == 0 {
			return nil, err
		}
		f.Seq, f.Newest, f.Limit = latest[0].Seq, false, 0
	}
	f.AllTries = true
	return a.Store.Executions(ctx, f)
}

// readLog reads the part that is asked for. Whether the process has ended was
// looked at before, so what is read of one that has is all there is.
func (a *API) readLog(o *logOutput, in *logInput, path string, ended bool, mask *secret.Mask) error {
	o.Complete = ended
	if path == "" {
		return nil
	}
	f, err := openBelow(a.Logs, path)
	if errors.Is(err, fs.ErrNotExist) {
		o.Gone = ended
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("read a log: %w", err)
	}
	if in.Offset == 0 && in.Tail > 0 {
		o.Offset = max(0, size-in.Tail)
	}
	if o.Offset > size {
		if o.Offset, err = resume(f, size, o.Offset); err != nil {
			return fmt.Errorf("read a log: %w", err)
		}
	}
	read, err := o.readPart(f, min(in.Limit, size-o.Offset), ended, mask)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read a log: %w", err)
	}
	o.Offset += read
	o.Complete = ended && o.Offset >= size
	return nil
}

// readPart reads so many bytes of a log, and masks in them what nobody may
// read. It looks at what stands around them, because a secret may stand across
// the borders; where a log that still grows ends in what may become a secret,
// that much is left for the next read.
func (o *logOutput) readPart(f io.ReaderAt, n int64, ended bool, mask *secret.Mask) (int64, error) {
	if n <= 0 {
		return 0, nil
	}
	around := int64(mask.Context())
	from := max(0, o.Offset-around)
	text := make([]byte, o.Offset+n+around-from)
	got, err := f.ReadAt(text, from)
	if err != nil && err != io.EOF {
		return 0, err
	}
	text = text[:got]
	begin := int(o.Offset - from)
	end := min(begin+int(n), got)
	if !ended {
		end = min(end, mask.Open(text))
	}
	if end <= begin {
		return 0, nil
	}
	o.Body = mask.Part(text, begin, end)
	return int64(end - begin), nil
}

// openBelow opens a file that lies below a directory, links followed; what
// lies elsewhere is refused, whatever a row says.
func openBelow(dir, path string) (*os.File, error) {
	rel, err := filepath.Rel(dir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, freshet.Errorf(freshet.Forbidden, "the log does not lie in this server's home").
			WithHint("it was at %s; has the home been moved?", path)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the logs: %w", err)
	}
	defer root.Close()
	f, err := root.Open(rel)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	return f, nil
}
