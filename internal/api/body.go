package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/freshet/freshet"
)

// readJSON reads a body by hand: where huma would round whole numbers to
// what a float64 holds, or is too slow. The error says in words what is wrong.
func readJSON(body []byte, into any) error {
	if !utf8.Valid(body) { // the decoder would put replacement characters into texts
		return freshet.Errorf(freshet.Invalid, "the body of the request is not valid UTF-8").
			WithHint("encode binary data, for example with base64")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	err := dec.Decode(into)
	if err == nil {
		if _, err := dec.Token(); err != io.EOF {
			return errors.New("something follows it")
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%s cannot be of type %s", wrong.Field, wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("it is of type %s", wrong.Value)
	}
	return errors.New(inWords(err.Error()))
}

// badBody says what is wrong with a body that readJSON could not read.
func badBody(err error, what, hint string) error {
	if freshet.CodeOf(err) == freshet.Invalid {
		return err
	}
	return freshet.Errorf(freshet.Invalid, "the body does not %s: %v", what, err).WithHint("%s", hint)
}

// bodyTime is for how long a body may take to arrive.
const bodyTime = time.Minute

// timely is a body that lifts the deadline of its connection once it has
// been read: the deadline is for what comes, and would otherwise give up an
// answer that takes longer.
type timely struct {
	io.ReadCloser
	rc *http.ResponseController
}

func (b *timely) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{}) // not every connection has one
	}
	return n, err
}

// jsonBody describes the body of an operation that reads it by hand.
func jsonBody[T any](a *API, limit int64, required bool) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.MaxBodyBytes, op.SkipValidateBody = limit+1, true
		op.RequestBody = &huma.RequestBody{Required: required}
		// A RawBody makes it a binary body; only the name of its type stays.
		a.after = append(a.after, func() {
			op.RequestBody.Required = required
			op.RequestBody.Content["application/json"].Schema = a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
		})
	}
}

// rawBody describes the body of an operation that takes it as it comes, also
// where there is none.
func rawBody(a *API, limit int64) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.MaxBodyBytes, op.RequestBody = limit+1, &huma.RequestBody{}
		a.after = append(a.after, func() { op.RequestBody.Required = false }) // a RawBody sets it
	}
}
