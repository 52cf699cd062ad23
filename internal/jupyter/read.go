package jupyter

import (
	"time"

	"github.com/freshet/freshet/internal/jupyter/zmtp"
)

// readOutput takes from iopub what comes, at once and all the time.
func (c *Client) readOutput() {
	for {
		frames, err := c.iopub.Read()
		if err == nil {
			err = c.output.put(frames)
		}
		if err != nil {
			c.output.end(err)
			c.lost(err)
			return
		}
	}
}

// giveOutput hands the messages of iopub to whoever they belong to, in order,
// until there are no more.
func (c *Client) giveOutput() error {
	for {
		frames, err := c.output.next()
		if err != nil {
			return err
		}
		if m := c.read(IOPub, frames); m != nil {
			c.hear.Do(func() { close(c.heard) })
			c.give(m)
		}
	}
}

func (c *Client) give(m *Message) {
	c.mu.Lock()
	w := c.waiting[m.Parent.ID]
	c.mu.Unlock()
	if w == nil || closed(w.idle) {
		if c.options.Other != nil {
			c.options.Other(m)
		}
		return
	}
	w.last.Store(time.Now().UnixNano())
	w.mu.Lock()
	if w.handle != nil {
		w.handle(m)
	}
	w.mu.Unlock()
	w.last.Store(time.Now().UnixNano())
	if m.Header.Type == "status" {
		var status struct {
			State string `json:"execution_state"`
		}
		if m.Decode(&status) == nil && status.State == "idle" {
			w.once.Do(func() { close(w.idle) })
		}
	}
}

// readReplies takes the replies of shell or control, until there are no more.
func (c *Client) readReplies(channel Channel, conn *zmtp.Conn) error {
	for {
		frames, err := conn.Read()
		if err != nil {
			return err
		}
		if m := c.read(channel, frames); m != nil && !c.reply(m) {
			c.unasked.Add(1)
		}
	}
}

// reply gives the message to who waits for it; false where nobody does.
func (c *Client) reply(m *Message) bool {
	c.mu.Lock()
	w := c.waiting[m.Parent.ID]
	c.mu.Unlock()
	if w == nil {
		return false
	}
	select {
	case w.reply <- m:
		return true
	default:
		return false
	}
}

// expect begins to wait for the answers to a request.
func (c *Client) expect(id string, handle func(*Message), input Input) *waiting {
	w := &waiting{reply: make(chan *Message, 1), idle: make(chan struct{}), handle: handle, input: input}
	c.mu.Lock()
	c.waiting[id] = w
	c.mu.Unlock()
	return w
}

// forget ends that. The handler has returned for the last time.
func (c *Client) forget(id string) {
	c.mu.Lock()
	w := c.waiting[id]
	delete(c.waiting, id)
	c.mu.Unlock()
	w.mu.Lock()
	w.handle = nil
	w.mu.Unlock()
}
