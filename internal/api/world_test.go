package api_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/api/apitest"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
)

const token = apitest.Token

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server and its owner.
type world struct {
	*apitest.Server
	t      testing.TB
	client *client.Client
	http   *http.Client
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := apitest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{Server: s, t: t, http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(w.http.CloseIdleConnections)
	w.client = w.as(token)
	return w
}

// as is a client with another token.
func (w *world) as(token string) *client.Client {
	w.t.Helper()
	c, err := client.New(client.Config{URL: w.URL, Token: token})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return c
}

// upload keeps workflows of the default namespace.
func (w *world) upload(source string) {
	w.t.Helper()
	if _, err := w.client.Upload(w.t.Context(), "default", freshet.UploadRequest{
		Documents: []freshet.Document{{Name: "w.yaml", Source: source}}}, nil); err != nil {
		w.t.Fatal(err)
	}
}

// run starts a run.
func (w *world) run(name string) freshet.Run {
	w.t.Helper()
	r, err := w.client.StartRun(w.t.Context(), "default", name, "", freshet.RunRequest{})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// next is the next process that the engine wants.
func (w *world) next() engine.Start {
	w.t.Helper()
	select {
	case s := <-w.Starts:
		return s
	case <-time.After(10 * time.Second):
		w.t.Fatal("the engine starts nothing")
		panic("unreachable")
	}
}

// report tells the engine what an executor would.
func (w *world) report(s engine.Start, kind machine.Kind, exit int) {
	w.t.Helper()
	if err := w.Report(w.t.Context(), s, kind, exit); err != nil {
		w.t.Fatal(err)
	}
}

// write appends to the log of a process.
func (w *world) write(s engine.Start, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.LogPath(s)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	f, err := os.OpenFile(w.LogPath(s), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
}

// call makes a raw request.
func (w *world) call(method, path string, change func(*http.Request)) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if change != nil {
		change(req)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	return resp
}
