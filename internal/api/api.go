// Package api is the HTTP face of a server: JSON over /api/v1, described by
// OpenAPI at /api/openapi.json and by a page at /api/docs. It reads the store
// and the feed, and changes nothing but through the door. Whatever goes wrong,
// the answer is a freshet.Error.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// Inbox is the door for what changes something.
type Inbox interface {
	Send(ctx context.Context, namespace string, events []freshet.EventRequest) ([]freshet.EventResult, []error, error)
	Upload(ctx context.Context, namespace string, r freshet.UploadRequest) ([]freshet.UploadResult, error)
	StartRun(ctx context.Context, namespace, name, key string, r freshet.RunRequest) (int64, error)
	StopRun(ctx context.Context, id int64) error
	DeleteRun(ctx context.Context, id int64) error
	EnableWorkflow(ctx context.Context, namespace, name string) error
	DisableWorkflow(ctx context.Context, namespace, name string) error
	DeleteWorkflow(ctx context.Context, namespace, name string) error
	AddTrigger(ctx context.Context, namespace string, r freshet.TriggerRequest) (freshet.Trigger, error)
	ChangeTriggers(ctx context.Context, namespace string, c machine.TriggerChange) ([]int64, error)
	AddNamespace(ctx context.Context, name string, properties map[string]any) error
	UpdateNamespace(ctx context.Context, name string, properties map[string]any) error
	DeleteNamespace(ctx context.Context, name string) error
	Task(ctx context.Context, id int64, task string, kind machine.Kind) (freshet.TaskResult, error)
	Rerun(ctx context.Context, id int64, r freshet.RerunRequest) (int64, error)
	Answer(ctx context.Context, id int64, task string, approved bool, comment string) (freshet.TaskResult, error)
}

// Feed tells what has been committed.
type Feed interface {
	Follow(ctx context.Context, after int64, filter feed.Filter, yield func(freshet.Message) error, looked func(offset int64)) error
	Last() int64
}

// Explainer says why.
type Explainer interface {
	Run(ctx context.Context, run int64) (freshet.Explanation, error)
	Task(ctx context.Context, run int64, task string) (freshet.Explanation, error)
	Workflow(ctx context.Context, namespace, name string) (freshet.Explanation, error)
	Event(ctx context.Context, offset int64) (freshet.Explanation, error)
}

// Gate lets callers in.
type Gate interface {
	Admit(r *http.Request) (auth.Caller, error)
}

// Config is what the API needs.
type Config struct {
	Gate    Gate
	Inbox   Inbox
	Store   store.Reader
	Feed    Feed
	Blobs   blob.Store
	Why     Explainer
	Secrets Secrets // nil: there are none
	Progress
	Logs   string                // the directory below which all logs lie
	Ready  <-chan struct{}       // closed when the engine has its state; nil: it has
	Server func() freshet.Server // tells about the server as it is now
	Stop   func(stopTasks bool)  // begins to end the server; must not block
	Operation
	Log *slog.Logger // where panics and faults go
}

// API answers requests.
type API struct {
	Config
	huma     huma.API
	mux      *mux
	versions versions
	after    []func() // completes the description
	spec     []byte   // OpenAPI, as JSON
}

// New makes an API. Streams end with the context of their request, so a
// server that ends cancels its base context.
func New(c Config) *API {
	adoptErrors()
	a := &API{Config: c, mux: newMux()}
	a.huma = humago.New(a.mux, configuration())
	for _, add := range []func(){a.addServer, a.addOperation, a.addWorkflows, a.addBlobs, a.addRuns, a.addTasks, a.addProgress, a.addLogs, a.addArtifacts,
		a.addEvents, a.addCloudEvents, a.addFeed, a.addTriggers, a.addSchedule, a.addNamespaces, a.addSecrets, a.addWhy, a.addNames} {
		add()
	}
	for _, f := range a.after {
		f()
	}
	spec, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		panic(err) // it is made of what this package registers
	}
	a.spec = append(spec, '\n')
	a.addDocs()
	return a
}

// OpenAPI is the description of the API, as JSON.
func (a *API) OpenAPI() []byte { return a.spec }

func (a *API) ready() bool {
	select {
	case <-a.Ready:
		return true
	default:
		return a.Ready == nil
	}
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &answered{ResponseWriter: w}
	w = answer
	defer func() { a.tally(r, answer.status) }()
	defer a.rescue(w, r)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.URL.Path {
	case "/healthz":
		answerText(w, http.StatusOK, "ok\n")
		return
	case "/readyz":
		a.answerReady(w)
		return
	}
	if !a.ready() {
		answerError(w, errStarting)
		return
	}
	caller, err := a.Gate.Admit(r)
	if err != nil {
		if freshet.CodeOf(err) == freshet.Unauthed {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		answerError(w, a.told(r.Context(), err))
		return
	}
	r = r.WithContext(auth.With(r.Context(), caller))
	r.Body = &timely{ReadCloser: r.Body, rc: http.NewResponseController(w)}
	a.mux.ServeHTTP(w, r)
}

// rescue turns a panic into an answer, and says in the log where it came from.
func (a *API) rescue(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	a.logPanic(r, p)
	answerError(w, internal)
}
