package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
)

// configuration of huma: our own pages, our own errors, nothing added to
// answers.
func configuration() huma.Config {
	c := huma.DefaultConfig("Freshet", "1")
	c.Info.Description = "The HTTP API of a Freshet server. Every request carries the home's token as `Authorization: Bearer TOKEN`. " +
		"Errors are {code, message, hint}; times are RFC 3339 in UTC; ids of runs and offsets of events are whole numbers from 1."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat,
		"application/x-www-form-urlencoded": huma.DefaultJSONFormat} // what curl says of any -d
	return c
}

// none is a request or an answer without anything.
type none struct{}

// out is an answer.
type out[T any] struct{ Body T }

// RunPath names a run. It is exported, as are other parts of requests, for
// huma to see it.
type RunPath struct {
	Run int64 `path:"run" minimum:"1" doc:"id of a run"`
}

// TaskPath names a task of a run.
type TaskPath struct {
	RunPath
	Task string `path:"task" doc:"name of a task"`
}

// WorkflowPath names a workflow.
type WorkflowPath struct {
	Namespace string `path:"ns" doc:"namespace"`
	Name      string `path:"name" doc:"name of a workflow"`
}

// list makes an answer that is an array, also where there is nothing.
func list[T any](items []T) *out[[]T] {
	if items == nil {
		items = []T{}
	}
	return &out[[]T]{items}
}

// add registers an operation; its name is what programs made from OpenAPI
// call it.
func add[I, O any](a *API, method, path, name, summary string, handle func(context.Context, *I) (*O, error), options ...func(*huma.Operation)) {
	op := huma.Operation{OperationID: name, Method: method, Path: "/api/v1" + path, Summary: summary,
		Tags: []string{strings.SplitN(name, "-", 2)[1]}}
	op.BodyReadTimeout = bodyTime
	for _, o := range options {
		o(&op)
	}
	if _, ok := op.Metadata["task"]; ok {
		a.mux.tasks[op.Method+" "+op.Path] = true
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		answer, err := handle(ctx, in)
		if err != nil {
			if method == http.MethodGet && cutOff(err) {
				err = errCutOff
			}
			return nil, &refusal{a.told(ctx, err)}
		}
		return answer, nil
	})
}

// tag groups an operation on the page.
func tag(name string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Tags = []string{name} }
}

// forTasks lets a running task call an operation with its own token, for its
// own run and namespace.
func forTasks(op *huma.Operation) {
	op.Metadata = map[string]any{"task": true}
	op.Description = strings.TrimSpace(op.Description + "\n\nA task may call this with its own token, for its own run or namespace.")
}

func describe(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Description = strings.TrimSpace(text + "\n\n" + op.Description) }
}

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

// mux is net/http's, with our errors and with the rule of what tasks may call.
type mux struct {
	*http.ServeMux
	tasks map[string]bool // patterns that tasks may call
}

func newMux() *mux { return &mux{http.NewServeMux(), map[string]bool{}} }

// HandleFunc registers a handler that tasks may call only if they may.
func (m *mux) HandleFunc(pattern string, handle func(http.ResponseWriter, *http.Request)) {
	m.ServeMux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := permit(auth.From(r.Context()), m.tasks[pattern], r); err != nil {
			answerError(w, err)
			return
		}
		handle(w, r)
	})
}

// permit says whether the caller may do what it asks for.
func permit(c auth.Caller, tasksMay bool, r *http.Request) *freshet.Error {
	if c.Task == nil {
		return nil
	}
	if !tasksMay {
		return freshet.Errorf(freshet.Forbidden, "a task's token may send events and read its own run, nothing else").
			WithHint("what needs more goes with the token of the server's home")
	}
	if ns := r.PathValue("ns"); ns != "" && ns != c.Task.Namespace {
		return freshet.Errorf(freshet.Forbidden, "this token is for namespace %s, not %s", c.Task.Namespace, ns)
	}
	if run := r.PathValue("run"); run != "" && run != strconv.FormatInt(c.Task.Key.Run, 10) {
		return freshet.Errorf(freshet.Forbidden, "this token is for run %d, not %s", c.Task.Key.Run, run)
	}
	return nil
}

// ServeHTTP answers what no pattern fits as everything else is answered.
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := m.Handler(r)
	if pattern != "" {
		m.ServeMux.ServeHTTP(w, r)
		return
	}
	b := &blank{header: http.Header{}}
	h.ServeHTTP(b, r)
	if b.status == http.StatusMethodNotAllowed {
		allow := b.header.Get("Allow")
		w.Header().Set("Allow", allow)
		answerStatus(w, b.status, freshet.Errorf(freshet.Invalid, "%s takes %s, not %s", r.URL.Path, allow, r.Method))
		return
	}
	answerError(w, freshet.Errorf(freshet.NotFound, "there is nothing at %s", r.URL.Path).WithHint("/api/docs lists what there is"))
}

// blank takes an answer and keeps its status only.
type blank struct {
	header http.Header
	status int
}

func (b *blank) Header() http.Header         { return b.header }
func (b *blank) Write(p []byte) (int, error) { return len(p), nil }
func (b *blank) WriteHeader(status int)      { b.status = status }
