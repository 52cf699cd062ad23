package api

import (
	"context"
	"net/http"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/secret"
)

// Secrets are the values that workflows use and nobody may read.
type Secrets interface {
	List() ([]freshet.Secret, error)
	Set(name, value string) error
	Delete(name string) error
	Values(names []string) []string // to be masked
}

var _ Secrets = (*secret.Secrets)(nil)

// SecretPath names a secret.
type SecretPath struct {
	Name string `path:"name" doc:"name of a secret"`
}

// maxSecretBody bounds a request about a secret, whose value may be escaped.
const maxSecretBody = 8*secret.MaxValue + 1024

func (a *API) addSecrets() {
	add(a, http.MethodGet, "/secrets", "list-secrets", "All secrets, by name; never a value", func(context.Context, *none) (*out[[]freshet.Secret], error) {
		all, err := a.Secrets.List()
		return list(all), err
	}, tag("secrets"))
	type setInput struct {
		SecretPath
		RawBody []byte `contentType:"application/json"`
	}
	add(a, http.MethodPut, "/secrets/{name}", "set-secret", "Set a secret of the home", func(_ context.Context, in *setInput) (*none, error) {
		var r freshet.SecretRequest
		if err := readJSON(in.RawBody, &r); err != nil {
			return nil, badBody(err, "set a secret", `it looks like {"value": "…"}`)
		}
		return nil, a.Secrets.Set(in.Name, r.Value)
	}, tag("secrets"), jsonBody[freshet.SecretRequest](a, maxSecretBody, true),
		describe("It is kept encrypted, and given to processes that start from now on. No operation gives it back."))
	add(a, http.MethodDelete, "/secrets/{name}", "delete-secret", "Delete a secret of the home", func(_ context.Context, in *SecretPath) (*none, error) {
		return nil, a.Secrets.Delete(in.Name)
	}, tag("secrets"))
}
