package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// request is one call.
type request struct {
	method string
	path   []string // segments, escaped when they are joined
	query  url.Values
	header http.Header
	body   []byte
	again  bool // the call may be made twice with no other effect than once
}

func get(path ...string) request { return request{method: http.MethodGet, path: path, again: true} }

func post(path ...string) request { return request{method: http.MethodPost, path: path} }

// with adds query parameters that have a value.
func (r request) with(q url.Values) request { r.query = q; return r }

// json gives the request a body.
func (r request) json(v any) (request, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return r, freshet.Errorf(freshet.Invalid, "this cannot be sent as JSON: %v", err)
	}
	r.body, r.header = body, http.Header{"Content-Type": {"application/json"}}
	return r, nil
}

// into makes a call and decodes its answer; a nil out drops it.
func (c *Client) into(ctx context.Context, r request, out any) error {
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer drain(resp.Body)
	if out == nil {
		return nil
	}
	return c.decode(ctx, resp.Body, out)
}

// decode reads the body of an answer.
func (c *Client) decode(ctx context.Context, body io.Reader, out any) error {
	dec := json.NewDecoder(body)
	dec.UseNumber()
	if err := dec.Decode(out); err != nil {
		return c.foreign(ctx, fmt.Errorf("read the answer: %w", err))
	}
	return nil
}

// do makes a call, again and again while patience lasts, and returns an
// answer that is no error.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	begin := time.Now()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		resp, sent, err := c.try(ctx, r)
		if err == nil {
			return resp, nil
		}
		code := freshet.CodeOf(err)
		// Unavailable promises that nothing was changed; of a call that broke
		// off, or that the server gave up, nobody knows.
		worth := code == freshet.Unavailable || code == freshet.Unreachable && (!sent || r.again)
		if !worth || time.Since(begin)+wait > c.patience {
			return nil, err
		}
		if !pause(ctx, wait) {
			return nil, ctx.Err()
		}
	}
}

// try makes a call once. Sent tells whether the server may have acted on it.
func (c *Client) try(ctx context.Context, r request) (resp *http.Response, sent bool, err error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := c.request(ctx, r, body)
	if err != nil {
		return nil, false, err
	}
	resp, err = c.http.Do(req)
	if err != nil {
		var op *net.OpError
		dial := errors.As(err, &op) && op.Op == "dial"
		return nil, !dial, c.foreign(ctx, err)
	}
	if resp.StatusCode >= 400 {
		defer drain(resp.Body)
		return nil, true, c.refusal(resp)
	}
	return resp, true, nil
}

func (c *Client) request(ctx context.Context, r request, body io.Reader) (*http.Request, error) {
	segments := make([]string, len(r.path))
	for i, s := range r.path {
		segments[i] = url.PathEscape(s)
	}
	u := c.base.String() + "/api/v1/" + strings.Join(segments, "/")
	if len(r.query) > 0 {
		u += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u, body)
	if err != nil {
		return nil, freshet.Errorf(freshet.Invalid, "make a request: %v", err)
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", c.agent)
	if c.trace != "" {
		req.Header.Set("Traceparent", c.trace)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// foreign says what it means that a call got no answer of a server.
func (c *Client) foreign(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return freshet.Errorf(freshet.Unreachable, "no server answers at %s", c.base).
			WithHint("start one with `freshet server start`, or say with --server where it is")
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return freshet.Errorf(freshet.Unreachable, "the connection to %s broke off: %v", c.base, err).
		WithHint("look whether the server still runs, with `freshet server status`")
}

// refusal decodes an error of the server.
func (c *Client) refusal(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	e := &freshet.Error{}
	if json.Unmarshal(text, e) == nil && e.Code != "" && e.Message != "" {
		return e
	}
	code := freshet.Internal
	if resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusGatewayTimeout {
		code = freshet.Unreachable
	}
	return freshet.Errorf(code, "%s answers %s, which is not an answer of a Freshet server", c.base, resp.Status).
		WithHint("look whether another program listens there")
}

// drain lets the connection be used again.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}

// pause waits; false: ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
