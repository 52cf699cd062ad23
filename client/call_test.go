package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is the network between a client and nobody.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func answer(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

var (
	errDial  = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	errBroke = &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
)

// TestPatience proves that a call is made again only where that cannot do
// anything twice, and no longer than it should.
func TestPatience(t *testing.T) {
	keyed := freshet.EventRequest{Key: "k", ID: "1"}
	send := func(e freshet.EventRequest) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.SendEvent(ctx, "default", e)
			return err
		}
	}
	start := func(key string) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.StartRun(ctx, "default", "w", key, freshet.RunRequest{})
			return err
		}
	}
	starting := func() (*http.Response, error) {
		return answer(503, `{"code": "unavailable", "message": "the server is starting"}`)
	}
	dial := func() (*http.Response, error) { return nil, errDial }
	broke := func() (*http.Response, error) { return nil, errBroke }
	gaveUp := func() (*http.Response, error) {
		return answer(502, `{"code": "unreachable", "message": "it is not known whether it was recorded"}`)
	}
	proxy := func() (*http.Response, error) { return answer(503, "try later") }
	for name, c := range map[string]struct {
		patience time.Duration
		call     func(context.Context, *client.Client) error
		fails    func() (*http.Response, error)
		times    int // how often it fails before it works
		want     freshet.ErrorCode
		tries    int // at least; negative: exactly one
	}{
		"no patience":               {0, send(keyed), dial, 1, freshet.Unreachable, -1},
		"nobody listens yet":        {time.Minute, send(freshet.EventRequest{Key: "k"}), dial, 5, "", 6},
		"it is starting":            {time.Minute, start(""), starting, 5, "", 6},
		"it broke, event with id":   {time.Minute, send(keyed), broke, 2, "", 3},
		"it broke, event without":   {time.Minute, send(freshet.EventRequest{Key: "k"}), broke, 2, freshet.Unreachable, -1},
		"it broke, start with key":  {time.Minute, start("k"), broke, 2, "", 3},
		"it broke, start without":   {time.Minute, start(""), broke, 2, freshet.Unreachable, -1},
		"given up, event with id":   {time.Minute, send(keyed), gaveUp, 2, "", 3},
		"given up, event without":   {time.Minute, send(freshet.EventRequest{Key: "k"}), gaveUp, 2, freshet.Unreachable, -1},
		"a proxy's 503, start":      {time.Minute, start(""), proxy, 2, freshet.Unreachable, -1},
		"it never comes":            {2 * time.Minute, send(keyed), dial, 1 << 30, freshet.Unreachable, 100},
		"a refusal is not repeated": {time.Minute, send(keyed), func() (*http.Response, error) { return answer(409, `{"code": "conflict", "message": "no"}`) }, 9, freshet.Conflict, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				cl, err := client.New(client.Config{Patience: c.patience, HTTPClient: &http.Client{Transport: wire(func(r *http.Request) (*http.Response, error) {
					if tries++; tries <= c.times {
						return c.fails()
					}
					if strings.HasSuffix(r.URL.Path, "/runs") {
						return answer(201, `{"id": 1}`)
					}
					return answer(200, `[{"offset": 1}]`)
				})}})
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				err = c.call(t.Context(), cl)
				if freshet.CodeOf(err) != c.want {
					t.Errorf("%v after %d tries", err, tries)
				}
				if c.tries < 0 && tries != 1 || tries < c.tries {
					t.Errorf("%d tries", tries)
				}
				if took := time.Since(begin); took > c.patience {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	c, err := client.New(client.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Server(t.Context())
	var e *freshet.Error
	if !errors.As(err, &e) || e.Code != freshet.Unreachable || e.Message != "no server answers at "+url || !strings.Contains(e.Hint, "freshet server start") {
		t.Errorf("%+v", err)
	}
}

// TestNotOurs: something else listens there.
func TestNotOurs(t *testing.T) {
	for body, status := range map[string]int{"<html>not found</html>": 404, "bad gateway": 502, "hello": 200, `{"error": "x"}`: 500} {
		c, err := client.New(client.Config{HTTPClient: &http.Client{Transport: wire(func(*http.Request) (*http.Response, error) { return answer(status, body) })}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Server(t.Context())
		var e *freshet.Error
		if !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%d %q: %v", status, body, err)
		}
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := client.New(client.Config{Patience: time.Hour, HTTPClient: &http.Client{Transport: wire(func(r *http.Request) (*http.Response, error) {
		cancel()
		return nil, errDial
	})}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Server(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []string{"127.0.0.1:3737", "ftp://x", "http://", "::"} {
		if _, err := client.New(client.Config{URL: bad}); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	c, err := client.New(client.Config{URL: "http://[::1]:3737/"})
	if err != nil || c.URL() != "http://[::1]:3737" {
		t.Errorf("%v %v", c, err)
	}
}
