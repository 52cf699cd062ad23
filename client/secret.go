package client

import (
	"context"
	"net/http"

	"github.com/freshet/freshet"
)

// Secrets lists all secrets, by name. Nothing gives a value back.
func (c *Client) Secrets(ctx context.Context) ([]freshet.Secret, error) {
	var list []freshet.Secret
	return list, c.into(ctx, get("secrets"), &list)
}

// SetSecret sets a secret of the home.
func (c *Client) SetSecret(ctx context.Context, name, value string) error {
	r, err := request{method: http.MethodPut, path: []string{"secrets", name}, again: true}.json(freshet.SecretRequest{Value: value})
	if err != nil {
		return err
	}
	return c.into(ctx, r, nil)
}

// DeleteSecret deletes a secret of the home.
func (c *Client) DeleteSecret(ctx context.Context, name string) error {
	return c.into(ctx, request{method: http.MethodDelete, path: []string{"secrets", name}}, nil)
}
