package jupyter

import (
	"context"
	"errors"

	"github.com/freshet/freshet/internal/jupyter/zmtp"
)

// listen makes the connection on which the kernel asks.
func (c *Client) listen(ctx context.Context) error {
	c.mu.Lock()
	there := c.stdin != nil
	c.mu.Unlock()
	if there {
		return nil
	}
	conn, err := c.dial(ctx, Stdin, zmtp.Dealer)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.stdin != nil {
		return errors.Join(conn.Close(), c.death)
	}
	c.stdin = conn
	c.running.Go(func() { c.answer(conn) })
	return nil
}

// answer answers what the kernel asks, until the connection ends.
func (c *Client) answer(conn *zmtp.Conn) {
	for {
		frames, err := conn.Read()
		if err != nil {
			return // shell tells what it means
		}
		m := c.read(Stdin, frames)
		if m == nil || m.Header.Type != "input_request" {
			continue
		}
		c.mu.Lock()
		w := c.waiting[m.Parent.ID]
		c.mu.Unlock()
		var question struct {
			Prompt   string `json:"prompt"`
			Password bool   `json:"password"`
		}
		if w == nil || w.input == nil || m.Decode(&question) != nil {
			c.unasked.Add(1)
			continue
		}
		value, err := w.input(question.Prompt, question.Password)
		if err != nil {
			_ = c.Interrupt(context.Background()) // the kernel waits for an answer and gets none
			continue
		}
		reply := &Message{Channel: Stdin, Header: c.session.Header("input_reply"), Parent: m.Header}
		_ = c.send(context.Background(), reply, map[string]string{"value": value})
	}
}
