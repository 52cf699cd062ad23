package zmtp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// Read waits for the next message and returns its frames.
func (c *Conn) Read() ([][]byte, error) {
	var frames [][]byte
	left := uint64(MaxMessage)
	for {
		flags, body, err := c.frame(left)
		switch {
		case err != nil:
			return nil, err
		case flags&flagCommand != 0:
			if err := c.commanded(body); err != nil {
				return nil, err
			}
			continue
		}
		left -= uint64(len(body))
		frames = append(frames, body)
		if flags&flagMore == 0 {
			return frames, nil
		}
	}
}

// frame reads one frame of at most limit bytes.
func (c *Conn) frame(limit uint64) (flags byte, body []byte, err error) {
	if flags, err = c.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	var size uint64
	if flags&flagLong == 0 {
		var b byte
		b, err = c.in.ReadByte()
		size = uint64(b)
	} else {
		var b [8]byte
		_, err = io.ReadFull(c.in, b[:])
		size = binary.BigEndian.Uint64(b[:])
	}
	switch {
	case err != nil:
		return 0, nil, cut(err)
	case flags > flagMore|flagLong|flagCommand:
		return 0, nil, fmt.Errorf("%w: a frame with flags %#x", ErrProtocol, flags)
	case size > limit:
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes, where %d are the most", ErrProtocol, size, limit)
	}
	body = make([]byte, size)
	if _, err := io.ReadFull(c.in, body); err != nil {
		return 0, nil, cut(err)
	}
	return flags, body, nil
}

// cut says that the end came inside of a frame.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// commanded does what a peer asks for between messages.
func (c *Conn) commanded(body []byte) error {
	name, rest := commandOf(body)
	if name != "PING" || len(rest) < 2 {
		return nil // PONG, SUBSCRIBE of 3.1, or news of a later version
	}
	return c.command("PONG", rest[2:]) // after the time to live
}

func commandOf(body []byte) (name string, rest []byte) {
	if len(body) == 0 || len(body) < 1+int(body[0]) {
		return "", nil
	}
	n := 1 + int(body[0])
	return string(body[1:n]), body[n:]
}

func (c *Conn) command(name string, rest []byte) error {
	body := append(append([]byte{byte(len(name))}, name...), rest...)
	c.write.Lock()
	defer c.write.Unlock()
	_, err := c.conn.Write(append(header(flagCommand, len(body)), body...))
	return err
}

func header(flags byte, size int) []byte {
	if size < 256 {
		return []byte{flags, byte(size)}
	}
	return binary.BigEndian.AppendUint64([]byte{flags | flagLong}, uint64(size))
}

// Write sends the frames as one message. It waits while the peer does not
// read. If ctx ends in the meantime the connection is closed, because part of
// the message may have been sent.
func (c *Conn) Write(ctx context.Context, frames ...[]byte) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	c.write.Lock()
	defer c.write.Unlock()
	buffers := make(net.Buffers, 0, 2*len(frames))
	for i, f := range frames {
		flags := byte(flagMore)
		if i == len(frames)-1 {
			flags = 0
		}
		buffers = append(buffers, header(flags, len(f)), f)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetWriteDeadline(time.Unix(1, 0)) })
	_, err := buffers.WriteTo(c.conn)
	if !stop() {
		c.conn.Close()
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

// Subscribe asks a PUB for everything whose first frame begins with topic.
func (c *Conn) Subscribe(ctx context.Context, topic string) error {
	return c.Write(ctx, append([]byte{1}, topic...))
}
