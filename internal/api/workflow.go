package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// maxUpload bounds the documents of one upload.
const maxUpload = 64 << 20

func (a *API) addWorkflows() {
	type query struct {
		Namespace string `query:"namespace" doc:"only of this namespace"`
		Name      string `query:"name" doc:"only the one of this name"`
		Limit     int    `query:"limit" minimum:"1" maximum:"10000" default:"50"`
	}
	add(a, http.MethodGet, "/workflows", "list-workflows", "Workflows as they stand now", func(ctx context.Context, in *query) (*out[[]freshet.Workflow], error) {
		found, err := a.Store.Workflows(ctx, store.WorkflowFilter{Namespace: in.Namespace, Name: in.Name, Limit: in.Limit})
		for i := range found {
			shapeWorkflow(&found[i])
		}
		return list(found), err
	}, tag("workflows"))
	add(a, http.MethodGet, "/namespaces/{ns}/workflows/{name}", "get-workflow", "One workflow with its text, files and versions", a.workflow, tag("workflows"))
	add(a, http.MethodGet, "/namespaces/{ns}/workflows/{name}/versions/{version}", "get-workflow-version", "One version of a workflow with its text and files", a.version, tag("workflows"))

	for _, c := range []struct {
		verb, summary string
		change        func(ctx context.Context, namespace, name string) error
	}{
		{"enable", "Let a workflow start runs again", func(ctx context.Context, ns, name string) error { return a.Inbox.EnableWorkflow(ctx, ns, name) }},
		{"disable", "Keep a workflow from starting runs", func(ctx context.Context, ns, name string) error { return a.Inbox.DisableWorkflow(ctx, ns, name) }},
	} {
		add(a, http.MethodPost, "/namespaces/{ns}/workflows/{name}/"+c.verb, c.verb+"-workflow", c.summary, func(ctx context.Context, in *WorkflowPath) (*out[freshet.Workflow], error) {
			if err := c.change(ctx, in.Namespace, in.Name); err != nil {
				return nil, err
			}
			w, err := a.find(ctx, in.Namespace, in.Name)
			return &out[freshet.Workflow]{w}, recorded(err, "`freshet workflow show %s.%s`", in.Namespace, in.Name)
		}, tag("workflows"), describe("Runs that are alive go on. What comes while it is disabled is not made up for."))
	}

	add(a, http.MethodDelete, "/namespaces/{ns}/workflows/{name}", "delete-workflow", "Delete a workflow of which no run is alive", func(ctx context.Context, in *WorkflowPath) (*none, error) {
		return nil, a.Inbox.DeleteWorkflow(ctx, in.Namespace, in.Name)
	}, tag("workflows"), describe("Its triggers and versions go with it, and its runs, with their logs and files, soon after, in the background."))

	type upload struct {
		Namespace string `path:"ns" doc:"where workflows go that name no namespace"`
		Body      freshet.UploadRequest
	}
	add(a, http.MethodPost, "/namespaces/{ns}/workflows", "upload-workflows", "Upload workflow files", func(ctx context.Context, in *upload) (*out[[]freshet.UploadResult], error) {
		results, err := a.Inbox.Upload(ctx, in.Namespace, in.Body)
		return list(results), err
	}, tag("workflows"), describe("All documents are kept, or none. What is wrong with them stands in the error's diagnostics. "+
		"The contents of files that travel with them are uploaded to /blobs before."), func(op *huma.Operation) { op.MaxBodyBytes = maxUpload })
}

// versionsShown bounds the versions that are listed with a workflow.
const versionsShown = 50

func (a *API) workflow(ctx context.Context, in *WorkflowPath) (*out[freshet.WorkflowDetail], error) {
	w, err := a.find(ctx, in.Namespace, in.Name)
	if err != nil {
		return nil, err
	}
	row, err := a.Store.Version(ctx, in.Namespace, w.Name, w.Version)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Versions(ctx, in.Namespace, w.Name, versionsShown)
	if err != nil {
		return nil, err
	}
	d := freshet.WorkflowDetail{Workflow: w, Source: row.Source, Files: row.Files, Versions: make([]freshet.Version, len(rows))}
	if d.Files == nil {
		d.Files = []freshet.File{}
	}
	for i, r := range rows {
		d.Versions[i] = freshet.Version{Version: r.Version, CreatedAt: r.CreatedAt}
	}
	return &out[freshet.WorkflowDetail]{d}, nil
}

// find gives a workflow as it stands now.
func (a *API) find(ctx context.Context, namespace, name string) (freshet.Workflow, error) {
	found, err := a.Store.Workflows(ctx, store.WorkflowFilter{Namespace: namespace, Name: name, Limit: 1})
	if err != nil {
		return freshet.Workflow{}, err
	}
	if len(found) == 0 {
		return freshet.Workflow{}, freshet.Errorf(freshet.NotFound, "there is no workflow %s.%s", namespace, name).
			WithHint("`workflow list -A` shows what there is")
	}
	shapeWorkflow(&found[0])
	return found[0], nil
}

func shapeWorkflow(w *freshet.Workflow) {
	if w.Tasks == nil {
		w.Tasks = []string{}
	}
}
