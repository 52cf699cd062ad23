package client

import (
	"context"
	"net/http"

	"github.com/freshet/freshet"
)

// Namespaces lists all namespaces, by name.
func (c *Client) Namespaces(ctx context.Context) ([]freshet.Namespace, error) {
	var list []freshet.Namespace
	return list, c.into(ctx, get("namespaces"), &list)
}

// Namespace gives one namespace.
func (c *Client) Namespace(ctx context.Context, name string) (freshet.Namespace, error) {
	var n freshet.Namespace
	return n, c.into(ctx, get("namespaces", name), &n)
}

// AddNamespace adds a namespace; one that is there already is a conflict.
func (c *Client) AddNamespace(ctx context.Context, name string, properties map[string]any) (freshet.Namespace, error) {
	var n freshet.Namespace
	r, err := post("namespaces").json(freshet.NamespaceRequest{Name: name, Properties: properties})
	if err != nil {
		return n, err
	}
	return n, c.into(ctx, r, &n)
}

// UpdateNamespace changes properties of a namespace: those that are given are
// set, those given as nil are removed, the others stay.
func (c *Client) UpdateNamespace(ctx context.Context, name string, properties map[string]any) (freshet.Namespace, error) {
	var n freshet.Namespace
	r, err := request{method: http.MethodPatch, path: []string{"namespaces", name}, again: true}.
		json(freshet.NamespaceRequest{Properties: properties})
	if err != nil {
		return n, err
	}
	return n, c.into(ctx, r, &n)
}

// DeleteNamespace deletes a namespace that holds no workflows.
func (c *Client) DeleteNamespace(ctx context.Context, name string) error {
	return c.into(ctx, request{method: http.MethodDelete, path: []string{"namespaces", name}}, nil)
}
