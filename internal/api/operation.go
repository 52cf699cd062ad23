package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
)

// Operation is what operators need of a server.
type Operation struct {
	Trouble func() []string                         // why the server is not ready, one line each
	Count   func(route string, status int)          // called after each answer
	Metrics http.Handler                            // answers /metrics
	Reload  func() ([]freshet.SettingChange, error) // reads the settings again
	// Checks looks at the invariants; deep reads the whole database.
	Checks func(ctx context.Context, deep bool) ([]freshet.Check, error)
	// Backup makes a backup, and gives what writes it. Close frees what it holds.
	Backup func(ctx context.Context, logs bool) (Backup, error)
}

// Backup is one that can be written.
type Backup interface {
	io.WriterTo
	io.Closer
}

// ChecksInput says how closely to look.
type ChecksInput struct {
	Deep bool `query:"deep" doc:"read the whole database"`
}

// BackupInput says what a backup holds.
type BackupInput struct {
	Logs bool `query:"logs" doc:"with the logs of tasks"`
}

func (a *API) addOperation() {
	a.mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if a.Metrics == nil {
			answerError(w, freshet.Errorf(freshet.NotFound, "this server counts nothing"))
			return
		}
		a.Metrics.ServeHTTP(w, r)
	})
	add(a, http.MethodPost, "/server/reload", "reload-server", "Read the settings again",
		func(context.Context, *none) (*out[[]freshet.SettingChange], error) {
			changes, err := a.Reload()
			return list(changes), err
		}, describe("Takes up what can change while the server runs, and says what waits for a restart. Settings that cannot be read change nothing."))
	add(a, http.MethodGet, "/server/checks", "check-server", "Check the server and its home",
		func(ctx context.Context, in *ChecksInput) (*out[[]freshet.Check], error) {
			checks, err := a.Checks(ctx, in.Deep)
			return list(checks), err
		})
	add(a, http.MethodGet, "/server/backup", "backup-server", "A backup of the home",
		func(ctx context.Context, in *BackupInput) (*huma.StreamResponse, error) {
			b, err := a.Backup(ctx, in.Logs)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) { a.sendBackup(hc, b) }}, nil
		}, describe("A tar archive: the database as of one moment, and the files that it refers to. One that breaks off is of no use."),
		func(op *huma.Operation) {
			op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/x-tar": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
		})
}

// sendBackup writes a backup. Where it fails the connection is cut, so that
// nobody takes the half for the whole.
func (a *API) sendBackup(hc huma.Context, b Backup) {
	defer b.Close()
	r, w := humago.Unwrap(hc)
	w.Header().Set("Content-Type", "application/x-tar")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := b.WriteTo(w); err != nil {
		if a.Log != nil {
			a.Log.WarnContext(r.Context(), "a backup broke off", logkey.Error, err)
		}
		panic(http.ErrAbortHandler)
	}
}
