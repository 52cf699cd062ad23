package cli

import (
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// slowAnswer is how long a server may take to answer before a person hears
// that it is waited for.
const slowAnswer = 3 * time.Second

// attentive notices that a server does not answer: one that hangs takes
// connections as one that works does. It goes on waiting.
type attentive struct {
	next http.RoundTripper
	slow func()
}

// RoundTrip makes one call. A request that takes long to be sent is not a slow
// answer.
func (t *attentive) RoundTrip(r *http.Request) (*http.Response, error) {
	var answered atomic.Bool
	timer := time.AfterFunc(slowAnswer, func() {
		if !answered.Load() {
			t.slow()
		}
	})
	defer func() {
		answered.Store(true)
		timer.Stop()
	}()
	trace := &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { timer.Stop() },
		WroteRequest: func(httptrace.WroteRequestInfo) { timer.Reset(slowAnswer) },
	}
	return t.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
}

// httpClient is one for the server at a URL.
func (a *app) httpClient(url string) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil // a token for this machine is nothing for a proxy
	return &http.Client{Transport: &attentive{next: t, slow: func() {
		a.slow.Do(func() { a.err.line("waiting for the server at %s", url) })
	}}}
}
