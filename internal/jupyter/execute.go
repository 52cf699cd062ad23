package jupyter

import (
	"context"
	"time"
)

// Request is code to execute.
type Request struct {
	Code         string
	Silent       bool // leaves no trace: no output of the code itself, no count
	StoreHistory bool // counts the execution
	StopOnError  bool // aborts what was sent after it, if it fails
	// Input answers the kernel's questions. With nil, code that asks fails.
	Input Input
}

// Input answers a question of the kernel. Its error interrupts the code that
// asked.
type Input func(prompt string, password bool) (string, error)

// The states of a Reply.
const (
	StatusOK      = "ok"
	StatusError   = "error"   // the code raised
	StatusAborted = "aborted" // it was not executed, because something before it failed
)

// Reply is how an execution ended.
type Reply struct {
	Status         string   `json:"status"`
	ExecutionCount int      `json:"execution_count"`
	ErrorName      string   `json:"ename"`
	ErrorValue     string   `json:"evalue"`
	Traceback      []string `json:"traceback"`

	Message *Message `json:"-"` // the whole reply
}

// Execute runs code and waits until the kernel has replied and says that it
// is idle again, in whichever order. handle gets every message of iopub that
// belongs to it, in order, one at a time, and may take its time: what comes
// meanwhile waits. It is not called after Execute has returned.
//
// Code that raises is no error: see Reply. With a Failure of kind NoIdle the
// reply is there too. When ctx ends nobody waits any longer, and the kernel
// goes on: who wants to stop it, and to see what it says then, calls Interrupt
// while Execute waits.
func (c *Client) Execute(ctx context.Context, r Request, handle func(*Message)) (*Reply, error) {
	if r.Input != nil {
		if err := c.listen(ctx); err != nil {
			return nil, err
		}
	}
	m := &Message{Channel: Shell, Header: c.session.Header("execute_request")}
	w := c.expect(m.Header.ID, handle, r.Input)
	defer c.forget(m.Header.ID)
	err := c.send(ctx, m, map[string]any{
		"code": r.Code, "silent": r.Silent, "store_history": r.StoreHistory, "stop_on_error": r.StopOnError,
		"user_expressions": struct{}{}, "allow_stdin": r.Input != nil,
	})
	if err != nil {
		return nil, err
	}
	answer, err := c.await(ctx, w)
	if answer == nil {
		return nil, err
	}
	reply, e := readReply(answer)
	if e != nil {
		return nil, &Failure{Kind: Protocol, Kernel: c.name, Err: e}
	}
	return reply, err
}

// await waits for both, the reply and the word that the kernel is idle.
func (c *Client) await(ctx context.Context, w *waiting) (reply *Message, err error) {
	patience := time.NewTimer(c.options.Patience)
	defer patience.Stop()
	idle, since := w.idle, time.Now()
	for reply == nil || idle != nil {
		select {
		case reply = <-w.reply:
			since = time.Now()
			patience.Reset(c.options.Patience)
		case <-idle:
			idle, since = nil, time.Now()
			patience.Reset(c.options.Patience)
		case <-patience.C:
			left := c.patienceLeft(w, since, reply != nil || idle == nil)
			if left <= 0 && len(w.reply) == 0 && !closed(idle) {
				return reply, c.impatient(reply != nil)
			}
			patience.Reset(max(left, time.Millisecond))
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.dead:
			return c.last(ctx, w, reply)
		}
	}
	return reply, nil
}

// patienceLeft is how long to wait before it is asked again, 0 where too
// little came for too long. Output that is still being handled is no silence.
func (c *Client) patienceLeft(w *waiting, since time.Time, half bool) time.Duration {
	if !half || c.output.quiet() == 0 {
		return c.options.Patience
	}
	if last := time.Unix(0, w.last.Load()); last.After(since) {
		since = last
	}
	return time.Until(since.Add(c.options.Patience))
}

func (c *Client) impatient(replied bool) error {
	kind := NoReply
	if replied {
		kind = NoIdle
	}
	return &Failure{Kind: kind, Kernel: c.name, After: c.options.Patience}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// last is the end of an execution whose kernel is gone: what it said before
// is still handled.
func (c *Client) last(ctx context.Context, w *waiting, reply *Message) (*Message, error) {
	handled := time.NewTicker(10 * time.Millisecond)
	defer handled.Stop()
	for said := c.said; said != nil; {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-said:
			said = nil
		case <-handled.C:
			// A process that the kernel forked may hold the connection.
			if c.output.quiet() > 200*time.Millisecond {
				said = nil
			}
		}
	}
	if reply == nil {
		select {
		case reply = <-w.reply:
		default:
		}
	}
	if reply != nil && closed(w.idle) {
		return reply, nil // it was done before it died
	}
	return nil, c.death
}
