package client_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// TestFollowLog follows a log of a server that is away when it begins, and of
// one that goes away in the middle.
func TestFollowLog(t *testing.T) {
	calls, away := 0, 1
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == away {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h := w.Header()
		h.Set("X-Log-Seq", "1")
		h.Set("X-Log-Try", "1")
		switch r.URL.Query().Get("offset") {
		case "", "0":
			h.Set("X-Log-Offset", "2")
			_, _ = io.WriteString(w, "a\n")
		default:
			h.Set("X-Log-Offset", "4")
			h.Set("X-Log-Complete", "true")
			h.Set("X-Log-Final", "true")
			_, _ = io.WriteString(w, "b\n")
		}
	}))
	defer s.Close()
	c, err := client.New(client.Config{URL: s.URL, Token: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var log bytes.Buffer
	if err := c.FollowLog(t.Context(), 1, "a", 0, &log); freshet.CodeOf(err) != freshet.Unreachable || log.Len() > 0 {
		t.Errorf("%q is read of a server that is away: %v", log.String(), err)
	}
	calls, away = 0, 2
	if err := c.FollowLog(t.Context(), 1, "a", 0, &log); err != nil || log.String() != "a\nb\n" || calls != 3 {
		t.Errorf("%q is read with %d calls, %v", log.String(), calls, err)
	}
}
