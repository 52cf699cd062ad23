package cli

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wire is a connection to a server: it sends for so long, and then waits for
// the answer.
type wire struct{ sends, waits time.Duration }

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	trace.GotConn(httptrace.GotConnInfo{})
	time.Sleep(w.sends)
	trace.WroteRequest(httptrace.WroteRequestInfo{})
	time.Sleep(w.waits)
	return &http.Response{StatusCode: http.StatusOK}, nil
}

// dead is a connection that never comes about.
type dead struct{}

func (dead) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Minute)
	return nil, http.ErrServerClosed
}

// early answers before the request has been sent.
type early struct{}

func (early) RoundTrip(r *http.Request) (*http.Response, error) {
	go func() {
		time.Sleep(time.Second)
		httptrace.ContextClientTrace(r.Context()).WroteRequest(httptrace.WroteRequestInfo{})
	}()
	return &http.Response{StatusCode: http.StatusConflict}, nil
}

func TestSlowAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		next http.RoundTripper
		want int
	}{
		"quick":         {wire{}, 0},
		"nearly slow":   {wire{time.Second, slowAnswer - time.Second}, 0},
		"a long upload": {wire{time.Hour, time.Second}, 0},
		"hangs":         {wire{0, time.Hour}, 1},
		"no connection": {dead{}, 1},
		"early":         {early{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := make(chan struct{}, 9)
				c := attentive{next: test.next, slow: func() { slow <- struct{}{} }}
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://server", nil)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = c.RoundTrip(r)
				time.Sleep(time.Hour)
				if got := len(slow); got != test.want {
					t.Errorf("it is said %d times, want %d", got, test.want)
				}
			})
		})
	}
}

// signs tells when a text has been written.
type signs struct {
	text string
	seen chan struct{}
	bytes.Buffer
}

func (s *signs) Write(p []byte) (int, error) {
	defer func() {
		if strings.Contains(s.String(), s.text) {
			select {
			case s.seen <- struct{}{}:
			default:
			}
		}
	}()
	return s.Buffer.Write(p)
}

// A server that takes connections and never answers is waited for, not in
// silence, and Ctrl-C ends that.
func TestServerThatHangs(t *testing.T) {
	t.Parallel() // it takes as long as a person waits
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stderr := &signs{text: "\n", seen: make(chan struct{}, 1)}
	interrupts := make(chan os.Signal, 1)
	go func() {
		<-stderr.seen
		interrupts <- os.Interrupt
	}()
	url := "http://" + l.Addr().String()
	exit := Main(Process{
		Args: []string{"freshet", "run", "list"}, Env: []string{"FRESHET_SERVER=" + url}, Dir: t.TempDir(), UserHome: t.TempDir(),
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: stderr, Interrupts: interrupts,
	})
	if want := "waiting for the server at " + url + "\n"; exit != exitInterrupted || stderr.String() != want {
		t.Errorf("exit %d, %q; want %d, %q", exit, stderr.String(), exitInterrupted, want)
	}
}
