package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// Executions tells how executions stand.
type Executions interface {
	Executions(ctx context.Context, f store.ExecutionFilter) ([]freshet.Execution, error)
}

// Caller is who calls. The zero value is whoever holds the home's token.
type Caller struct {
	Task *Claims // the execution that calls; nil: no task does
}

// Gate lets callers in.
type Gate struct {
	token  [sha256.Size]byte
	issuer *Issuer
	names  *Names
	store  Executions
}

// NewGate makes a gate for the holder of token and the executions whose
// tokens issuer has made.
func NewGate(token string, issuer *Issuer, names *Names, store Executions) *Gate {
	return &Gate{token: sha256.Sum256([]byte(token)), issuer: issuer, names: names, store: store}
}

// Admit says who makes a request, or refuses it.
func (g *Gate) Admit(r *http.Request) (Caller, error) {
	if err := g.names.Check(r); err != nil {
		return Caller{}, err
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Caller{}, freshet.Errorf(freshet.Unauthed, "the request carries no token").
			WithHint("send `Authorization: Bearer TOKEN`; the token stands in the file %s of the server's home, and the command line takes it from there or from $FRESHET_TOKEN", TokenFile)
	}
	if sum := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 {
		return Caller{}, nil
	}
	if !strings.HasPrefix(token, prefix) {
		return Caller{}, freshet.Errorf(freshet.Unauthed, "the token is not the one of this server").
			WithHint("the token stands in the file %s of the server's home; is $FRESHET_TOKEN or $FRESHET_HOME set for another server?", TokenFile)
	}
	claims, err := g.issuer.Verify(token)
	if err != nil {
		return Caller{}, err
	}
	if err := g.lives(r.Context(), claims); err != nil {
		return Caller{}, err
	}
	return Caller{Task: &claims}, nil
}

// lives tells whether the execution of a token still runs: with its end, its
// token is void.
func (g *Gate) lives(ctx context.Context, c Claims) error {
	rows, err := g.store.Executions(ctx, store.ExecutionFilter{Run: c.Key.Run, Task: c.Key.Task, Item: &c.Key.Item, Seq: c.Key.Seq, AllTries: true})
	if err != nil && freshet.CodeOf(err) != freshet.NotFound {
		return err
	}
	for _, x := range rows {
		item := freshet.NoItem
		if x.Item != nil {
			item = *x.Item
		}
		if x.Try != c.Key.Try || item != c.Key.Item {
			continue
		}
		if x.Status.Final() || x.Status == freshet.Retrying || x.EndedAt != nil {
			return freshet.Errorf(freshet.Unauthed, "this token was for run %d task %s, which has ended", c.Key.Run, c.Key.Task).
				WithHint("a task's token is void when the task ends; what outlives it needs a token of its own")
		}
		return nil
	}
	return freshet.Errorf(freshet.Unauthed, "this token is for run %d task %s, which this server does not know", c.Key.Run, c.Key.Task)
}

type callerKey struct{}

// With keeps the caller in a request's context.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From is the caller of the request that a context belongs to.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
