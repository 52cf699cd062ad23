package jupyter

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// queue takes messages as fast as a kernel sends them and gives them as slowly
// as they are handled, and loses none: a kernel throws output away when it is
// not taken from it. Up to limit bytes are held in memory, what is more waits
// in a file.
type queue struct {
	limit int
	dir   string

	mu      sync.Mutex
	changed sync.Cond
	held    [][][]byte
	bytes   int
	file    *os.File // of what did not fit; all of it is later than held
	in, out int64    // offsets in file: the next write and the next read
	ended   error    // no more comes, for this reason
	busy    bool     // what was given last is being handled
	touched time.Time
}

func newQueue(limit int, dir string) *queue {
	q := &queue{limit: limit, dir: dir, touched: time.Now()}
	q.changed.L = &q.mu
	return q
}

// put never waits for who handles.
func (q *queue) put(frames [][]byte) error {
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.changed.Signal()
	q.touched = time.Now()
	if q.in > q.out || len(q.held) > 0 && q.bytes+size > q.limit {
		return q.spill(frames)
	}
	q.held = append(q.held, frames)
	q.bytes += size
	return nil
}

func (q *queue) spill(frames [][]byte) error {
	if q.file == nil {
		f, err := os.CreateTemp(q.dir, "freshet-output-")
		if err != nil {
			return fmt.Errorf("keep output that waits: %w", err)
		}
		_ = os.Remove(f.Name()) // it lives as long as it is open
		q.file = f
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(q.file, q.in), 64<<10)
	head := binary.AppendUvarint(nil, uint64(len(frames)))
	for _, f := range frames {
		head = binary.AppendUvarint(head, uint64(len(f)))
	}
	size := int64(len(head))
	_, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(head))))
	if err == nil {
		_, err = w.Write(head)
	}
	for _, f := range frames {
		if err == nil {
			_, err = w.Write(f)
		}
		size += int64(len(f))
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return fmt.Errorf("keep output that waits: %w", err)
	}
	q.in += 4 + size
	return nil
}

// end says that no more comes. What is there is still given.
func (q *queue) end(reason error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended == nil {
		q.ended = reason
	}
	q.changed.Broadcast()
}

// next waits for a message. The one that it gave before has been handled.
func (q *queue) next() ([][]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.touched = time.Now()
	for q.busy = false; len(q.held) == 0 && q.in == q.out; q.changed.Wait() {
		if q.ended != nil {
			return nil, q.ended
		}
	}
	q.busy = true
	if len(q.held) == 0 {
		return q.unspill()
	}
	frames := q.held[0]
	q.held[0] = nil
	if q.held = q.held[1:]; len(q.held) == 0 {
		q.held = nil
	}
	for _, f := range frames {
		q.bytes -= len(f)
	}
	return frames, nil
}

func (q *queue) unspill() ([][]byte, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(q.file, q.out, q.in-q.out), 64<<10)
	frames, size, err := readSpilled(r)
	if err != nil {
		return nil, fmt.Errorf("read output that waited: %w", err)
	}
	if q.out += size; q.out == q.in {
		q.in, q.out = 0, 0
		if err := q.file.Truncate(0); err != nil {
			return nil, fmt.Errorf("keep output that waits: %w", err)
		}
	}
	return frames, nil
}

func readSpilled(r io.Reader) (frames [][]byte, size int64, err error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, 0, err
	}
	head := make([]byte, binary.BigEndian.Uint32(n[:]))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, 0, err
	}
	size = 4 + int64(len(head))
	count, used := binary.Uvarint(head)
	frames = make([][]byte, count)
	for i := range frames {
		head = head[used:]
		var length uint64
		length, used = binary.Uvarint(head)
		frames[i] = make([]byte, length)
		if _, err := io.ReadFull(r, frames[i]); err != nil {
			return nil, 0, err
		}
		size += int64(length)
	}
	return frames, size, nil
}

// quiet is for how long nothing has come, waited or been handled.
func (q *queue) quiet() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy || len(q.held) > 0 || q.in > q.out {
		return 0
	}
	return max(time.Since(q.touched), 1)
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.file != nil {
		q.file.Close()
	}
}
