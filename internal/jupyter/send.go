package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Send sends a message that is not answered, or whose answer nobody waits
// for, as those of widgets. It returns the message's id.
func (c *Client) Send(ctx context.Context, channel Channel, kind string, content any, buffers ...[]byte) (string, error) {
	m := &Message{Channel: channel, Header: c.session.Header(kind), Buffers: buffers}
	return m.Header.ID, c.send(ctx, m, content)
}

func (c *Client) send(ctx context.Context, m *Message, content any) error {
	b, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("send %s: %w", m.Header.Type, err)
	}
	m.Content = b
	frames, err := c.session.Frames(m)
	if err != nil {
		return fmt.Errorf("send %s: %w", m.Header.Type, err)
	}
	conn := c.shell
	switch m.Channel {
	case Control:
		conn = c.control
	case Stdin:
		conn = c.stdin
	}
	err = conn.Write(ctx, frames...)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded):
		<-c.dead // the readers have seen the same end
		return c.death
	}
	return fmt.Errorf("send %s: %w", m.Header.Type, err)
}
