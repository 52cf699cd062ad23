package jupyter

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Info is what a kernel says of itself.
type Info struct {
	ProtocolVersion       string       `json:"protocol_version"`
	Implementation        string       `json:"implementation"`
	ImplementationVersion string       `json:"implementation_version"`
	Language              LanguageInfo `json:"language_info"`
	Banner                string       `json:"banner"`
	SupportedFeatures     []string     `json:"supported_features"`

	// Reply is the whole answer, for what a notebook's metadata takes over.
	Reply *Message `json:"-"`
}

// LanguageInfo is a kernel's language.
type LanguageInfo struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	MIMEType      string `json:"mimetype"`
	FileExtension string `json:"file_extension"`
}

// Ready asks the kernel what it is until it answers, and until something was
// heard on iopub: before the kernel knows who listens, it sends to nobody.
func (c *Client) Ready(ctx context.Context) (*Info, error) {
	began := time.Now()
	for again := 10 * time.Millisecond; ; again = min(2*again, time.Second) {
		info, err := c.ask(ctx)
		if err == nil {
			select {
			case <-c.heard:
				return info, nil
			case <-time.After(again):
				continue
			case <-ctx.Done():
				err = errors.New("nothing came on iopub")
			case <-c.dead:
				err = c.death
			}
		}
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, err
		}
		f := &Failure{Kind: NotReady, Kernel: c.name, After: time.Since(began).Round(time.Millisecond)}
		if d := c.Dropped(); d.BadSignature > 0 {
			f.Err = fmt.Errorf("%d messages had a wrong signature", d.BadSignature)
		}
		return nil, f
	}
}

func (c *Client) ask(ctx context.Context) (*Info, error) {
	m, err := c.Request(ctx, Shell, "kernel_info_request", struct{}{})
	if err != nil {
		return nil, err
	}
	info := &Info{Reply: m}
	if err := m.Decode(info); err != nil {
		return nil, &Failure{Kind: Protocol, Kernel: c.name, Err: err}
	}
	c.ipython.Store(info.Implementation == "ipython")
	return info, nil
}

// Request sends a request and waits for its reply.
func (c *Client) Request(ctx context.Context, channel Channel, kind string, content any) (*Message, error) {
	m := &Message{Channel: channel, Header: c.session.Header(kind)}
	w := c.expect(m.Header.ID, nil, nil)
	defer c.forget(m.Header.ID)
	if err := c.send(ctx, m, content); err != nil {
		return nil, err
	}
	select {
	case reply := <-w.reply:
		return reply, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-c.dead:
		return nil, c.death
	}
}
