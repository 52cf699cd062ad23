package keeper

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/freshet/freshet"
)

// Protocol is the version that this binary speaks. It only ever gains fields
// and operations: what a side does not know it ignores (a field) or answers
// with an error (an operation), so that a newer server can talk to the keeper
// that an older one started.
const Protocol = 1

// maxFrame bounds a message: far above what a kernel accepts as arguments and
// environment of one process.
const maxFrame = 16 << 20

var errTooLong = fmt.Errorf("message of more than %d bytes", maxFrame)

// Operations of a request.
const (
	opHello   = "hello"
	opStart   = "start"
	opStop    = "stop"
	opList    = "list"
	opRelease = "release"
	opQuit    = "quit"
	opTake    = "take"
	opLetGo   = "let_go"
)

// Hello introduces each side to the other.
type Hello struct {
	Protocol  int    `json:"protocol"`
	Version   string `json:"version"`             // of the binary
	Instance  string `json:"instance,omitempty"`  // of the keeper
	PID       int    `json:"pid,omitempty"`       // of the keeper
	Subscribe bool   `json:"subscribe,omitempty"` // asks for notices
}

// Start says what to execute. It is complete: nothing is taken from the
// keeper's own environment.
type Start struct {
	Key      freshet.Key `json:"key"`
	Epoch    int64       `json:"epoch,omitempty"`
	Args     []string    `json:"args"`
	Env      []string    `json:"env,omitempty"`
	Dir      string      `json:"dir"`
	Log      string      `json:"log"`                 // path; stdout and stderr are appended to it
	LogLimit int64       `json:"log_limit,omitempty"` // bytes; 0: DefaultLogLimit
	Meta     string      `json:"meta,omitempty"`      // opaque; comes back with every State
}

// Stop says which attempt to end, and how patiently.
type Stop struct {
	Key   freshet.Key   `json:"key"`
	Grace time.Duration `json:"grace"` // nanoseconds between SIGTERM and SIGKILL
}

// State is what the keeper knows about an attempt.
type State struct {
	Key       freshet.Key  `json:"key"`
	Epoch     int64        `json:"epoch,omitempty"`
	PID       int          `json:"pid,omitempty"`        // 0: not started, or never
	StartTime uint64       `json:"start_time,omitempty"` // as the kernel counts it; with PID and boot it names a process for ever
	StartedAt time.Time    `json:"started_at,omitzero"`
	EndedAt   time.Time    `json:"ended_at,omitzero"` // zero: alive
	ExitCode  int          `json:"exit_code,omitempty"`
	Code      freshet.Code `json:"code,omitempty"` // empty, CodeStartFailed or CodeLost
	Reason    string       `json:"reason,omitempty"`
	Log       string       `json:"log,omitempty"`
	Meta      string       `json:"meta,omitempty"`
}

// Ended tells whether nothing of the attempt is alive any more.
func (s State) Ended() bool { return !s.EndedAt.IsZero() }

// request is what a server sends.
type request struct {
	ID    int64         `json:"id"`
	Op    string        `json:"op"`
	Hello *Hello        `json:"hello,omitempty"`
	Start *Start        `json:"start,omitempty"`
	Raw   *raw          `json:"raw,omitempty"` // of Start
	Stop  *Stop         `json:"stop,omitempty"`
	Keys  []freshet.Key `json:"keys,omitempty"`
	Warm  *Warm         `json:"warm,omitempty"`
	PID   int           `json:"pid,omitempty"` // of what is let go
}

// message is what a keeper sends: the answer to the request of that id, or,
// with id 0, a notice.
type message struct {
	ID     int64   `json:"id,omitempty"`
	Error  string  `json:"error,omitempty"`
	Hello  *Hello  `json:"hello,omitempty"`
	States []State `json:"states,omitempty"`
	Notice *State  `json:"notice,omitempty"`
	Warmed *Warmed `json:"warmed,omitempty"`
	Gone   *Gone   `json:"gone,omitempty"` // with id 0: of what this peer has taken
}

// frames reads messages, one JSON value on each line.
type frames struct{ r *bufio.Reader }

func newFrames(r io.Reader) *frames { return &frames{bufio.NewReaderSize(r, 64<<10)} }

// next reads one message into v. io.EOF means that the peer has left between
// two messages.
func (f *frames) next(v any) error {
	line, err := f.line()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	return nil
}

// waiting tells whether more has arrived already.
func (f *frames) waiting() bool { return f.r.Buffered() > 0 }

func (f *frames) line() ([]byte, error) {
	part, err := f.r.ReadSlice('\n')
	if err == nil {
		return part, nil
	}
	var whole []byte
	for errors.Is(err, bufio.ErrBufferFull) {
		if whole = append(whole, part...); len(whole) > maxFrame {
			return nil, errTooLong
		}
		part, err = f.r.ReadSlice('\n')
	}
	whole = append(whole, part...)
	if errors.Is(err, io.EOF) && len(whole) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return whole, err
}

// appendFrame adds v to buf as one message.
func appendFrame(buf []byte, v any) []byte {
	b := bytes.NewBuffer(buf)
	e := json.NewEncoder(b) // ends a value with a newline
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // no type of this file can fail
		panic(err)
	}
	return b.Bytes()
}
