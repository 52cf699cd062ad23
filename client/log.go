package client

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/freshet/freshet"
)

// LogQuery selects a part of a task's log.
type LogQuery struct {
	Seq    int   // which start; 0: the latest
	Try    int   // which try; 0: the last of that start
	Offset int64 // first byte
	Limit  int64 // at most so many bytes; 0: 1 MiB
	Tail   int64 // only the last so many bytes, where Offset is 0
}

// LogPart is a part of a log.
type LogPart struct {
	Data     []byte
	Next     int64 // offset of what follows; less than before where the middle of the log was removed
	Seq, Try int   // whose log it is; 0: the task has not started
	Complete bool  // this try has ended, and Data reaches its last byte
	Final    bool  // no try follows
	Gone     bool  // this try has left a log, and it is not there any more
}

// Log reads a part of a task's log.
func (c *Client) Log(ctx context.Context, run int64, task string, f LogQuery) (LogPart, error) {
	q := newQuery().number("seq", int64(f.Seq)).number("try", int64(f.Try)).number("offset", f.Offset).
		number("limit", f.Limit).number("tail", f.Tail)
	resp, err := c.do(ctx, get("runs", id(run), "tasks", task, "log").with(q.Values))
	if err != nil {
		return LogPart{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return LogPart{}, c.foreign(ctx, err)
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(resp.Header.Get(name), 10, 64)
		return n
	}
	return LogPart{Data: data, Next: number("X-Log-Offset"), Seq: int(number("X-Log-Seq")), Try: int(number("X-Log-Try")),
		Complete: resp.Header.Get("X-Log-Complete") == "true", Final: resp.Header.Get("X-Log-Final") == "true",
		Gone: resp.Header.Get("X-Log-Gone") == "true"}, nil
}

// FollowLog copies the log of one start of a task (0: the latest) to w, one
// try after the other, from the first byte until the last try has ended. A
// task that has not started yet is waited for. The server has to answer at
// first; when it goes away later, it is waited for.
func (c *Client) FollowLog(ctx context.Context, run int64, task string, seq int, w io.Writer) error {
	at := LogQuery{Seq: seq, Try: 1}
	answered := false
	for wait := minPoll; ; {
		part, err := c.Log(ctx, run, task, at)
		away := freshet.CodeOf(err) == freshet.Unreachable || freshet.CodeOf(err) == freshet.Unavailable
		if err != nil && !(answered && away) {
			return err
		}
		answered = true
		if err == nil && part.Seq != 0 {
			at.Seq, at.Offset = part.Seq, part.Next
			if _, err := w.Write(part.Data); err != nil {
				return fmt.Errorf("write the log: %w", err)
			}
			if part.Complete {
				if part.Final {
					return nil
				}
				at.Try, at.Offset = at.Try+1, 0
			}
		}
		if len(part.Data) > 0 {
			wait = minPoll
			continue
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
		wait = min(2*wait, maxPoll)
	}
}

// How often a log that is followed is looked at.
const (
	minPoll = 50 * time.Millisecond
	maxPoll = 500 * time.Millisecond
)
