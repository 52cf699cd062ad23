package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/api"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/store"
)

// refused checks that an answer is an error of ours.
func refused(t *testing.T, resp *http.Response, code freshet.ErrorCode, status int, words string) freshet.Error {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e freshet.Error
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%s: %q", resp.Status, text)
	}
	if resp.StatusCode != status || e.Code != code || !strings.Contains(e.Message, words) {
		t.Errorf("%s %s %q; want %d %s %q", resp.Status, e.Code, e.Message, status, code, words)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %q", ct)
	}
	if strings.Contains(string(text), "goroutine") || strings.Contains(string(text), ".go:") {
		t.Errorf("the answer shows our insides: %s", text)
	}
	return e
}

func TestErrors(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	w.run("two")
	for _, c := range []struct {
		method, path, body string
		code               freshet.ErrorCode
		status             int
		words              string
	}{
		{"GET", "/", "", freshet.NotFound, 404, "nothing at /"},
		{"GET", "/api/v1/nothing", "", freshet.NotFound, 404, "nothing at /api/v1/nothing"},
		{"DELETE", "/api/v1/runs", "", freshet.Invalid, 405, "takes GET, HEAD, not DELETE"},
		{"GET", "/api/v1/runs/99", "", freshet.NotFound, 404, "no run 99"},
		{"GET", "/api/v1/runs/x", "", freshet.Invalid, 422, "path.run: it is no whole number"},
		{"GET", "/api/v1/runs/0", "", freshet.Invalid, 422, "path.run"},
		{"GET", "/api/v1/runs?limit=0", "", freshet.Invalid, 422, "query.limit: it is at least 1"},
		{"GET", "/api/v1/runs?limit=1001", "", freshet.Invalid, 422, "query.limit: it is at most 1000"},
		{"GET", "/api/v1/runs?status=odd", "", freshet.Invalid, 422, "query.status[0]: it is one of queued, running"},
		{"GET", "/api/v1/runs?since=yesterday", "", freshet.Invalid, 422, "query.since: it is no time such as 2026-11-20T06:00:00Z"},
		{"GET", "/api/v1/namespaces/default/workflows/two/versions/xyz", "", freshet.Invalid, 422, "path.version: it is no version: four and more of its digits, 0-9 and a-f"},
		{"GET", "/api/v1/blobs/xyz", "", freshet.Invalid, 422, "path.sha256: it is no SHA-256 of 64 digits, 0-9 and a-f"},
		{"POST", "/api/v1/runs/1/progress", `{"done": 1.5}`, freshet.Invalid, 422, "body.done: it is no whole number"},
		{"POST", "/api/v1/runs/1/progress", `{"done": 99999999999999999999, "total": 1, "text": ""}`, freshet.Invalid, 422, "done cannot be of type number"},
		{"POST", "/api/v1/runs/1/progress", `{"done": "x"}`, freshet.Invalid, 422, "body.done: it is no whole number"},
		{"POST", "/api/v1/namespaces/default/workflows/two/runs", `{"at": "tomorrow"}`, freshet.Invalid, 422, `"tomorrow" is no time such as 2026-11-20T06:00:00Z`},
		{"GET", "/api/v1/runs?cursor=%21", "", freshet.Invalid, 422, "no cursor"},
		{"GET", "/api/v1/runs/1/tasks/nobody", "", freshet.NotFound, 404, "no task nobody"},
		{"GET", "/api/v1/runs/1/tasks/nobody/log", "", freshet.NotFound, 404, "no task nobody"},
		{"GET", "/api/v1/runs/1/tasks/first/log?seq=7", "", freshet.NotFound, 404, "no start 7"},
		{"GET", "/api/v1/namespaces/default/workflows/none", "", freshet.NotFound, 404, "no workflow default.none"},
		{"GET", "/api/v1/feed?after=%21", "", freshet.Invalid, 422, "no cursor"},
		{"GET", "/api/v1/names?kind=cat", "", freshet.Invalid, 422, "query.kind"},
		{"POST", "/api/v1/namespaces/default/workflows", "", freshet.Invalid, 422, "body"},
		{"POST", "/api/v1/namespaces/default/workflows", "{", freshet.Invalid, 422, "unexpected end"},
		{"POST", "/api/v1/namespaces/default/workflows", `{"documents": [], "extra": 1}`, freshet.Invalid, 422, "extra"},
		{"POST", "/api/v1/namespaces/default/workflows", `{"documents": []}`, freshet.Invalid, 422, "no workflow"},
		{"POST", "/api/v1/namespaces/default/workflows/none/runs", "", freshet.NotFound, 404, "no workflow"},
		{"POST", "/api/v1/namespaces/default/workflows/two/runs", `{"parameters": {"x": 1}}`, freshet.Invalid, 422, "x"},
		{"POST", "/api/v1/blobs/missing", `{"sha256": ["zz"]}`, freshet.Invalid, 422, "not a SHA-256"},
		{"PUT", "/api/v1/blobs/" + strings.Repeat("0", 64), "hello", freshet.Invalid, 422, "has the SHA-256 2cf24"},
		{"POST", "/api/v1/runs/1/tasks/nobody/stop", "", freshet.NotFound, 404, "nobody"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			resp := w.call(c.method, c.path, body(c.body))
			refused(t, resp, c.code, c.status, c.words)
		})
	}
}

func body(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		if text == "" {
			r.Body = http.NoBody
		}
	}
}

func TestUploadDiagnostics(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Upload(t.Context(), "default", freshet.UploadRequest{Documents: []freshet.Document{
		{Name: "good.yaml", Source: two}, {Name: "bad.yaml", Source: "name: bad\ntasks:\n  a: {bsh: x}\n"}}}, nil)
	var e *freshet.Error
	if !asError(err, &e) || e.Code != freshet.Invalid || len(e.Diagnostics) == 0 || e.Diagnostics[0].File != "bad.yaml" || e.Diagnostics[0].Line != 3 {
		t.Errorf("%+v", err)
	}
	if list, err := w.client.Workflows(t.Context(), clientAll); err != nil || len(list) != 0 {
		t.Errorf("after a refused upload: %v %v", list, err)
	}
}

// open lets everybody in.
type open struct{}

func (open) Admit(*http.Request) (auth.Caller, error) { return auth.Caller{}, nil }

func TestPanic(t *testing.T) {
	a := api.New(api.Config{Gate: open{}, Server: func() freshet.Server { panic("secret insides") }})
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest("GET", "/api/v1/server", nil))
	e := refused(t, rec.Result(), freshet.Internal, 500, "failed")
	if strings.Contains(e.Message+e.Hint, "secret") {
		t.Errorf("the answer tells %q", e.Message)
	}
}

func TestReady(t *testing.T) {
	ready := make(chan struct{})
	a := api.New(api.Config{Gate: open{}, Ready: ready})
	get := func(path string) *http.Response {
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		return rec.Result()
	}
	if s := get("/healthz").StatusCode; s != 200 {
		t.Errorf("healthz %d", s)
	}
	refused(t, get("/readyz"), freshet.Unavailable, 503, "starting")
	close(ready)
	if s := get("/readyz").StatusCode; s != 200 {
		t.Errorf("readyz %d", s)
	}
}

// late records what it is asked for, and its caller is gone before it can say.
type late struct{ api.Inbox }

func (late) StopRun(context.Context, int64) error { return context.Canceled }

// TestGivenUp proves that a request which was cut off does not claim that
// nothing was changed: clients would make it again.
func TestGivenUp(t *testing.T) {
	a := api.New(api.Config{Gate: open{}, Inbox: late{}})
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest("POST", "/api/v1/runs/1/stop", nil))
	refused(t, rec.Result(), freshet.Unreachable, 502, "not known whether it was recorded")
}

// busy records what it is asked for, but cannot be read.
type busy struct {
	api.Inbox
	store.Reader
}

func (busy) StartRun(context.Context, string, string, string, freshet.RunRequest) (int64, error) {
	return 7, nil
}

func (busy) Run(context.Context, int64) (*freshet.Run, error) { return nil, store.ErrBusy }

// TestRecordedUnread proves that a run which was started is not answered like
// one that was not.
func TestRecordedUnread(t *testing.T) {
	a := api.New(api.Config{Gate: open{}, Inbox: busy{}, Store: busy{}})
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest("POST", "/api/v1/namespaces/default/workflows/w/runs", nil))
	refused(t, rec.Result(), freshet.Unreachable, 502, "this was recorded, but how it stands now cannot be read")
}
