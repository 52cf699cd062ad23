package api

import (
	"context"
	"net/http"

	"github.com/freshet/freshet"
)

// maxNamespaceBody bounds a request about a namespace; the door refuses less.
const maxNamespaceBody = 1 << 20

func (a *API) addNamespaces() {
	add(a, http.MethodGet, "/namespaces", "list-namespaces", "All namespaces, by name", func(ctx context.Context, _ *none) (*out[[]freshet.Namespace], error) {
		found, err := a.Store.Namespaces(ctx, "")
		for i := range found {
			shapeNamespace(&found[i])
		}
		return list(found), err
	}, tag("namespaces"))
	add(a, http.MethodGet, "/namespaces/{ns}", "get-namespace", "One namespace", func(ctx context.Context, in *InOne) (*out[freshet.Namespace], error) {
		return a.namespace(ctx, in.Namespace)
	}, tag("namespaces"))

	type addInput struct {
		RawBody []byte `contentType:"application/json"`
	}
	add(a, http.MethodPost, "/namespaces", "add-namespace", "Add a namespace", func(ctx context.Context, in *addInput) (*out[freshet.Namespace], error) {
		var r freshet.NamespaceRequest
		if err := readJSON(in.RawBody, &r); err != nil {
			return nil, badBody(err, "add a namespace", `it looks like {"name": "sales", "properties": {"owner": "ann"}}`)
		}
		if err := a.Inbox.AddNamespace(ctx, r.Name, r.Properties); err != nil {
			return nil, err
		}
		n, err := a.namespace(ctx, r.Name)
		return n, recorded(err, "`freshet namespace show %s`", r.Name)
	}, tag("namespaces"), status(http.StatusCreated), jsonBody[freshet.NamespaceRequest](a, maxNamespaceBody, true))

	type updateInput struct {
		InOne
		RawBody []byte `contentType:"application/json"`
	}
	add(a, http.MethodPatch, "/namespaces/{ns}", "update-namespace", "Change properties of a namespace", func(ctx context.Context, in *updateInput) (*out[freshet.Namespace], error) {
		var r freshet.NamespaceRequest
		if err := readJSON(in.RawBody, &r); err != nil {
			return nil, badBody(err, "change a namespace", `it looks like {"properties": {"owner": "ann", "budget": null}}`)
		}
		if r.Name != "" && r.Name != in.Namespace {
			return nil, freshet.Errorf(freshet.Invalid, "a namespace keeps its name").WithHint("leave `name` out")
		}
		if err := a.Inbox.UpdateNamespace(ctx, in.Namespace, r.Properties); err != nil {
			return nil, err
		}
		n, err := a.namespace(ctx, in.Namespace)
		return n, recorded(err, "`freshet namespace show %s`", in.Namespace)
	}, tag("namespaces"), jsonBody[freshet.NamespaceRequest](a, maxNamespaceBody, true),
		describe("Those that are given are set, those that are null are removed, the others stay."))

	add(a, http.MethodDelete, "/namespaces/{ns}", "delete-namespace", "Delete a namespace that holds no workflows", func(ctx context.Context, in *InOne) (*none, error) {
		return nil, a.Inbox.DeleteNamespace(ctx, in.Namespace)
	}, tag("namespaces"))
}

func (a *API) namespace(ctx context.Context, name string) (*out[freshet.Namespace], error) {
	found, err := a.Store.Namespaces(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, freshet.Errorf(freshet.NotFound, "there is no namespace %s", name).
			WithHint("`namespace list` shows what there is")
	}
	shapeNamespace(&found[0])
	return &out[freshet.Namespace]{found[0]}, nil
}

func shapeNamespace(n *freshet.Namespace) {
	if n.Properties == nil {
		n.Properties = map[string]any{}
	}
}
