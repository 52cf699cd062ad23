package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxBlob bounds one file that travels with a workflow.
const maxBlob = 1 << 30

// blobTime is for how long it may take to arrive.
const blobTime = time.Hour

// blobInput is an upload whose body is read as it comes.
type blobInput struct {
	Sum  string `path:"sha256" doc:"SHA-256 of the content, in hex"`
	body io.Reader
}

// Resolve takes hold of the body before the handler is called.
func (in *blobInput) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	in.body = http.MaxBytesReader(w, r.Body, maxBlob)
	_ = ctx.SetReadDeadline(time.Now().Add(blobTime))
	return nil
}

func (a *API) addBlobs() {
	type sums struct {
		Body struct {
			SHA256 []string `json:"sha256" maxItems:"100000"`
		}
	}
	type missing struct {
		Missing []string `json:"missing"`
	}
	add(a, http.MethodPost, "/blobs/missing", "list-missing-blobs", "Which contents are not there yet", func(ctx context.Context, in *sums) (*out[missing], error) {
		m, err := a.Blobs.Missing(ctx, in.Body.SHA256)
		if m == nil {
			m = []string{}
		}
		return &out[missing]{missing{m}}, err
	}, tag("workflows"), func(op *huma.Operation) { op.MaxBodyBytes = 16 << 20 })

	add(a, http.MethodGet, "/blobs/{sha256}", "get-blob", "A content", a.blob, tag("workflows"), func(op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {Description: "The content", Content: binaryBody(true).Content}}
	})

	add(a, http.MethodPut, "/blobs/{sha256}", "put-blob", "Upload a content", func(ctx context.Context, in *blobInput) (*none, error) {
		if err := a.Blobs.Put(ctx, in.Sum, in.body); err != nil {
			return nil, err
		}
		_, err := io.Copy(io.Discard, in.body) // of what was there already nothing has been read
		return nil, err
	}, tag("workflows"), describe("The body is the content itself. One that does not have this hash is refused."), func(op *huma.Operation) {
		op.RequestBody = binaryBody(true)
	})
}

// BlobPath names a content.
type BlobPath struct {
	Sum string `path:"sha256" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 of 64 digits, 0-9 and a-f" doc:"SHA-256 of the content, in hex"`
}

// blob sends a content as a file to keep: whatever it is, no browser shall
// show it as a page of this server.
func (a *API) blob(ctx context.Context, in *BlobPath) (*huma.StreamResponse, error) {
	r, err := a.Blobs.Open(ctx, in.Sum)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer r.Close()
		hc.SetHeader("Content-Type", "application/octet-stream")
		hc.SetHeader("Content-Disposition", "attachment")
		hc.SetHeader("ETag", `"`+in.Sum+`"`)
		if _, err := io.Copy(hc.BodyWriter(), r); err != nil {
			panic(http.ErrAbortHandler) // a part must not look like the whole
		}
	}}, nil
}

func binaryBody(required bool) *huma.RequestBody {
	return &huma.RequestBody{Required: required, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
}

var _ huma.Resolver = (*blobInput)(nil)
