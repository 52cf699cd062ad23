// Package client speaks with a Freshet server. Its methods are those of the
// HTTP API, with the words of package freshet; the command line is built on
// nothing else. A Client is safe for use by several goroutines.
//
// Every error of a call is a *freshet.Error, whose code tells programs what
// happened and whose hint tells people what to do, except those of the
// caller's own context, writers and callbacks. Numbers in parameters and
// outputs are json.Number, so that none is rounded.
package client

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/freshet/freshet"
)

// DefaultURL is where a server listens that was not told otherwise.
const DefaultURL = "http://127.0.0.1:3737"

// Config says how to reach a server.
type Config struct {
	URL        string       // such as http://127.0.0.1:3737; empty: DefaultURL
	Token      string       // of the server's home, or of an execution
	HTTPClient *http.Client // empty: one that goes through no proxy
	UserAgent  string       // empty: freshet-client

	// Traceparent is the W3C trace context that events, and runs that are
	// started, carry on; empty: none.
	Traceparent string

	// Patience is for how long a call waits for a server that does not answer
	// or is not ready, as one that is being restarted. It tries again only
	// where nothing can have been changed by the try before. Zero: not at all.
	Patience time.Duration
}

// Client calls a server.
type Client struct {
	base     *url.URL
	token    string
	agent    string
	trace    string
	http     *http.Client
	patience time.Duration
}

// New makes a client. It does not call the server yet.
func New(c Config) (*Client, error) {
	if c.URL == "" {
		c.URL = DefaultURL
	}
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, freshet.Errorf(freshet.Invalid, "%q is not the URL of a server", c.URL).
			WithHint("it looks like %s", DefaultURL)
	}
	if c.UserAgent == "" {
		c.UserAgent = "freshet-client"
	}
	if c.HTTPClient == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy = nil // a token for this machine is nothing for a proxy
		t.MaxIdleConnsPerHost = 16
		c.HTTPClient = &http.Client{Transport: t}
	}
	return &Client{base: base, token: c.Token, agent: c.UserAgent, trace: c.Traceparent, http: c.HTTPClient, patience: c.Patience}, nil
}

// URL is where the server is expected.
func (c *Client) URL() string { return c.base.String() }

// Close gives up connections that are kept for later calls.
func (c *Client) Close() { c.http.CloseIdleConnections() }
