package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/logkey"
)

// refusal is an error as huma answers it.
type refusal struct{ err *freshet.Error }

func (r *refusal) Error() string { return r.err.Message }

// GetStatus is the HTTP status of the error's code.
func (r *refusal) GetStatus() int { return r.err.Code.HTTPStatus() }

// MarshalJSON writes the error itself.
func (r *refusal) MarshalJSON() ([]byte, error) { return json.Marshal(r.err) }

// Schema describes the error as what it is.
func (refusal) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[freshet.Error](), true, "")
}

// internal is what callers hear of a fault of ours; the log knows more.
var internal = freshet.Errorf(freshet.Internal, "the server failed at this request").
	WithHint("the server's log says more")

// adoptErrors makes huma's own errors ours. The hook is huma's global.
var adoptErrors = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // lists are never null here
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return &refusal{validation(status, message, errs)}
	}
})

// validation puts what huma found wrong into one line.
func validation(status int, message string, errs []error) *freshet.Error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		_, limit, _ := strings.Cut(message, "limit=")
		return freshet.Errorf(freshet.TooLarge, "the body of the request is too large: at most %s", limit)
	case http.StatusUnsupportedMediaType:
		return freshet.Errorf(freshet.Invalid, "the body of the request is to be JSON").WithHint("send it with `Content-Type: application/json`")
	case http.StatusRequestTimeout:
		return freshet.Errorf(freshet.Invalid, "the body of the request did not arrive in time")
	case http.StatusInternalServerError:
		if message == "cannot read request body" {
			return freshet.Errorf(freshet.Invalid, "the body of the request broke off")
		}
		return internal
	}
	var parts []string
	for _, err := range errs {
		var own *freshet.Error
		if errors.As(err, &own) {
			return own
		}
		d := &huma.ErrorDetail{Message: err.Error()}
		if detailed, ok := err.(huma.ErrorDetailer); ok {
			d = detailed.ErrorDetail()
		}
		parts = append(parts, at(d.Location, inWords(d.Message)))
		if len(parts) == 10 {
			break
		}
	}
	if len(parts) == 0 {
		parts = []string{message}
	}
	return freshet.Errorf(freshet.Invalid, "%s", strings.Join(parts, "; ")).WithHint("/api/docs says what is expected")
}

// cutOff tells whether a request ended before what it asked for: its caller has
// gone, or the server stops.
func cutOff(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// errCutOff is for requests that change nothing.
var errCutOff = freshet.Errorf(freshet.Unavailable, "the request was given up before its answer").WithHint("try again in a moment")

// told is an error as the caller may hear it. What is no freshet.Error is a
// fault of ours, and goes to the log.
func (a *API) told(ctx context.Context, err error) *freshet.Error {
	var e *freshet.Error
	switch {
	case errors.As(err, &e):
		if e.Code.HTTPStatus() == 0 {
			e = internal
		}
		return e
	case cutOff(err):
		// Not unavailable, which promises that nothing was changed.
		return freshet.Errorf(freshet.Unreachable, "the request was given up before its answer; it is not known whether it was recorded").
			WithHint("look, for example with `freshet run list`, before you send it again")
	}
	if body := new(http.MaxBytesError); errors.As(err, &body) {
		return freshet.Errorf(freshet.TooLarge, "the body of the request is too large: at most %d bytes", body.Limit)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return freshet.Errorf(freshet.Invalid, "the body of the request broke off")
	}
	if a.Log != nil {
		a.Log.ErrorContext(ctx, "request failed", logkey.Error, err)
	}
	return internal
}

func (a *API) logPanic(r *http.Request, p any) {
	if a.Log != nil {
		a.Log.ErrorContext(r.Context(), "panic in a request", logkey.Method, r.Method, logkey.Path, r.URL.Path,
			logkey.Fault, fmt.Sprint(p), logkey.Stack, string(debug.Stack()))
	}
}

func answerError(w http.ResponseWriter, e *freshet.Error) { answerStatus(w, e.Code.HTTPStatus(), e) }

func answerStatus(w http.ResponseWriter, status int, e *freshet.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(e) // a caller that is gone hears nothing
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
