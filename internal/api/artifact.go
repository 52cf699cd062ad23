package api

import (
	"cmp"
	"context"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// ArtifactsPath names what tries of a task have left.
type ArtifactsPath struct {
	TaskPath
	Seq int `query:"seq" minimum:"0" doc:"only of this start"`
	Try int `query:"try" minimum:"0" doc:"only of tries of this number"`
}

type artifactInput struct {
	ArtifactsPath
	Path string `path:"path" doc:"as it stands in the list; it may hold slashes"`
}

func (a *API) addArtifacts() {
	const newest = "Of several tries with the same path the newest counts, unless `seq` or `try` say otherwise. Without an item, `name[3]`, those of all items are seen."
	add(a, http.MethodGet, "/runs/{run}/tasks/{task}/artifacts", "list-artifacts", "The files of a task that are kept, by path",
		func(ctx context.Context, in *ArtifactsPath) (*out[[]freshet.TaskArtifact], error) {
			found, err := a.artifacts(ctx, in)
			if err != nil {
				return nil, err
			}
			return list(slices.SortedFunc(maps.Values(found), func(x, y freshet.TaskArtifact) int { return cmp.Compare(x.Path, y.Path) })), nil
		}, tag("tasks"), describe(newest), forTasks)
	const one = "/runs/{run}/tasks/{task}/artifacts/{path"
	add(a, http.MethodGet, one+"...}", "get-artifact", "The content of a file of a task that is kept",
		a.artifact, tag("tasks"), describe(newest+" The ETag is the SHA-256 of the content; Range is understood."), forTasks,
		func(op *huma.Operation) {
			op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
		})
	a.after = append(a.after, func() { // the dots are the router's, not OpenAPI's
		paths := a.huma.OpenAPI().Paths
		paths["/api/v1"+one+"}"] = paths["/api/v1"+one+"...}"]
		delete(paths, "/api/v1"+one+"...}")
	})
}

// artifacts finds by path, as it is shown, what is kept of a task. Rows come
// oldest first, so that the newest of a path stays; of several items it is the
// one that ended last.
func (a *API) artifacts(ctx context.Context, in *ArtifactsPath) (map[string]freshet.TaskArtifact, error) {
	k, err := a.known(ctx, &in.TaskPath)
	if err != nil {
		return nil, err
	}
	f := store.ExecutionFilter{Run: in.Run, Task: k.task.Name, Seq: in.Seq}
	if k.item != freshet.NoItem {
		f.Item = &k.item
	}
	rows, err := a.Store.Artifacts(ctx, f)
	if err == nil && len(rows) == 0 {
		err = a.begun(ctx, k, f)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(x, y freshet.Execution) int {
		return cmp.Or(cmp.Compare(x.Seq, y.Seq), endOf(&x).Compare(endOf(&y)))
	})
	m := a.maskOf(k.run, k.flow)
	found := map[string]freshet.TaskArtifact{}
	for _, x := range rows {
		maskArtifacts(m, x.Artifacts)
		if in.Try != 0 && in.Try != x.Try {
			continue
		}
		for _, f := range x.Artifacts {
			found[f.Path] = freshet.TaskArtifact{Artifact: f, Item: x.Item, Seq: x.Seq, Try: x.Try}
		}
	}
	return found, nil
}

// begun refuses an item and a start that are not there: what there is may have
// left nothing.
func (a *API) begun(ctx context.Context, k *taskOf, f store.ExecutionFilter) error {
	if f.Item == nil && f.Seq == 0 {
		return nil
	}
	f.Limit = 1
	rows, err := a.Store.Executions(ctx, f)
	switch {
	case err != nil || len(rows) > 0:
		return err
	case f.Seq == 0:
		return k.noItem()
	}
	return freshet.Errorf(freshet.NotFound, "task %s of run %d has no start %d", freshet.TaskName(k.task.Name, k.item), k.run.ID, f.Seq).
		WithHint("`task list %d` shows its starts", k.run.ID)
}

func endOf(x *freshet.Execution) time.Time {
	if x.EndedAt == nil {
		return time.Time{}
	}
	return *x.EndedAt
}

// artifact answers with a content. It comes from a stranger's program as far
// as a browser is concerned: it is saved, and never shown or run.
func (a *API) artifact(ctx context.Context, in *artifactInput) (*huma.StreamResponse, error) {
	found, err := a.artifacts(ctx, &in.ArtifactsPath)
	if err != nil {
		return nil, err
	}
	f, ok := found[in.Path]
	if !ok {
		return nil, freshet.Errorf(freshet.NotFound, "task %s of run %d has no artifact %q", in.Task, in.Run, in.Path).
			WithHint("`task artifacts %d %s` lists what there is", in.Run, in.Task)
	}
	content, err := a.Blobs.Open(ctx, f.SHA256)
	if freshet.CodeOf(err) == freshet.NotFound {
		return nil, freshet.Errorf(freshet.NotFound, "the content of the artifact %q is gone", in.Path).
			WithHint("`freshet doctor` says what else is gone")
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer content.Close()
		r, w := humago.Unwrap(hc)
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", attachment(path.Base(f.Path)))
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		h.Set("ETag", `"`+f.SHA256+`"`)
		if r.Header.Get("Range") != "" {
			w = &ranged{ResponseWriter: w, size: f.Size}
		}
		http.ServeContent(w, r, "", f.ModifiedAt, content)
	}}, nil
}

// attachment is what makes a browser save a file under a name.
func attachment(name string) string {
	return cmp.Or(mime.FormatMediaType("attachment", map[string]string{"filename": name}), "attachment")
}

// ranged answers as all else does where a content has no such range.
type ranged struct {
	http.ResponseWriter
	size    int64
	refused bool
}

// WriteHeader puts our error in the place of net/http's.
func (w *ranged) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	w.Header().Del("Content-Disposition")
	answerStatus(w.ResponseWriter, status, freshet.Errorf(freshet.Invalid, "the artifact has %d bytes, and none of them is in the range that is asked for", w.size).
		WithHint("for example `Range: bytes=0-999`"))
}

// Write leaves out what net/http says of it.
func (w *ranged) Write(text []byte) (int, error) {
	if w.refused {
		return len(text), nil
	}
	return w.ResponseWriter.Write(text)
}
