package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/freshet/freshet"
)

// WorkflowQuery selects workflows; what is empty selects all.
type WorkflowQuery struct {
	Namespace string
	Name      string
	Limit     int // 0: 50
}

// Workflows lists workflows.
func (c *Client) Workflows(ctx context.Context, f WorkflowQuery) ([]freshet.Workflow, error) {
	q := newQuery().text("namespace", f.Namespace).text("name", f.Name).number("limit", int64(f.Limit))
	var list []freshet.Workflow
	return list, c.into(ctx, get("workflows").with(q.Values), &list)
}

// Workflow gives one workflow with its text and versions.
func (c *Client) Workflow(ctx context.Context, namespace, name string) (freshet.WorkflowDetail, error) {
	var w freshet.WorkflowDetail
	return w, c.into(ctx, get("namespaces", namespace, "workflows", name), &w)
}

// WorkflowVersion gives one version of a workflow with its text. So much of
// the version as is unique is enough.
func (c *Client) WorkflowVersion(ctx context.Context, namespace, name, version string) (freshet.VersionDetail, error) {
	var v freshet.VersionDetail
	return v, c.into(ctx, get("namespaces", namespace, "workflows", name, "versions", version), &v)
}

// SetEnabled enables or disables a workflow. A disabled one starts nothing;
// what runs goes on.
func (c *Client) SetEnabled(ctx context.Context, namespace, workflow string, enabled bool) (freshet.Workflow, error) {
	action := "disable"
	if enabled {
		action = "enable"
	}
	r := post("namespaces", namespace, "workflows", workflow, action)
	r.again = true
	var w freshet.Workflow
	return w, c.into(ctx, r, &w)
}

// DeleteWorkflow deletes a workflow of which no run is alive, with its
// triggers and its runs; those go in the background.
func (c *Client) DeleteWorkflow(ctx context.Context, namespace, workflow string) error {
	return c.into(ctx, request{method: http.MethodDelete, path: []string{"namespaces", namespace, "workflows", workflow}}, nil)
}

// Upload keeps workflows: all documents, or none. Open gives the content of a
// file that travels with one of them; it is called for those that the server
// does not have yet, and may be nil where no document has files.
func (c *Client) Upload(ctx context.Context, namespace string, r freshet.UploadRequest, open func(freshet.File) (io.ReadCloser, error)) ([]freshet.UploadResult, error) {
	if err := c.uploadFiles(ctx, r, open); err != nil {
		return nil, err
	}
	req, err := post("namespaces", namespace, "workflows").json(r)
	if err != nil {
		return nil, err
	}
	req.again = true // the same upload twice is one
	var results []freshet.UploadResult
	return results, c.into(ctx, req, &results)
}

// uploadFiles sends the contents that the server does not have.
func (c *Client) uploadFiles(ctx context.Context, r freshet.UploadRequest, open func(freshet.File) (io.ReadCloser, error)) error {
	files := map[string]freshet.File{}
	var sums []string
	for _, d := range r.Documents {
		for _, f := range d.Files {
			if f.SHA256 == "" { // a directory
				continue
			}
			if _, ok := files[f.SHA256]; !ok {
				files[f.SHA256] = f
				sums = append(sums, f.SHA256)
			}
		}
	}
	if len(sums) == 0 {
		return nil
	}
	missing, err := c.MissingBlobs(ctx, sums)
	if err != nil {
		return err
	}
	for _, sum := range missing {
		f := files[sum]
		if open == nil {
			return freshet.Errorf(freshet.Invalid, "the server does not have file %s, and there is nothing to read it from", f.Path)
		}
		content, err := open(f)
		if err != nil {
			return fmt.Errorf("open %s: %w", f.Path, err)
		}
		err = c.PutBlob(ctx, sum, f.Size, content)
		content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// MissingBlobs tells which contents, by their SHA-256 in hex, the server does
// not have.
func (c *Client) MissingBlobs(ctx context.Context, sums []string) ([]string, error) {
	r, err := post("blobs", "missing").json(map[string][]string{"sha256": sums})
	if err != nil {
		return nil, err
	}
	r.again = true
	var answer struct {
		Missing []string `json:"missing"`
	}
	return answer.Missing, c.into(ctx, r, &answer)
}

// Blob reads a content by its SHA-256 in hex.
func (c *Client) Blob(ctx context.Context, sum string) (io.ReadCloser, error) {
	resp, err := c.do(ctx, get("blobs", sum))
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// PutBlob uploads a content of that many bytes, named by its SHA-256 in hex.
func (c *Client) PutBlob(ctx context.Context, sum string, size int64, content io.Reader) error {
	r := request{method: http.MethodPut, path: []string{"blobs", sum}, header: http.Header{"Content-Type": {"application/octet-stream"}}}
	if size == 0 {
		content = bytes.NewReader(nil)
	}
	req, err := c.request(ctx, r, content)
	if err != nil {
		return err
	}
	req.ContentLength = size
	resp, err := c.http.Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "ContentLength=") { // the file changed while it was read
			return freshet.Errorf(freshet.Conflict, "a file changed while it was uploaded").WithHint("upload again")
		}
		return c.foreign(ctx, err)
	}
	defer drain(resp.Body)
	if resp.StatusCode >= 400 {
		return c.refusal(resp)
	}
	return nil
}
