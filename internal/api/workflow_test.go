package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func TestWorkflows(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	sum := sha256.Sum256([]byte("print(1)\n"))
	file := freshet.File{Path: "lib/a.py", Mode: 0o644, Size: 9, SHA256: hex.EncodeToString(sum[:])}
	r := freshet.UploadRequest{Documents: []freshet.Document{{Name: "two.yaml", Source: two, Files: []freshet.File{file}}}}
	if _, err := w.client.Upload(ctx, "default", r, nil); err == nil {
		t.Error("a file that nobody has was uploaded")
	}
	opened := 0
	open := func(f freshet.File) (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader("print(1)\n")), nil
	}
	for i, changed := range []bool{true, false} {
		results, err := w.client.Upload(ctx, "default", r, open)
		if err != nil || len(results) != 1 || results[0].Changed != changed || results[0].Name != "two" || opened != 1 {
			t.Errorf("upload %d: %+v %v, opened %d", i, results, err, opened)
		}
	}
	w.upload("name: three\nnamespace: other\ntasks:\n  a: {bash: exit 1}\n")
	d, err := w.client.Workflow(ctx, "default", "two")
	if err != nil || !cmp.Equal(d.Files, []freshet.File{file}) || len(d.Versions) != 1 || d.Versions[0].Version != d.Version ||
		!cmp.Equal(d.Tasks, []string{"first", "second"}) || !strings.Contains(d.Source, "second: {after: first") {
		t.Errorf("%+v %v", d, err)
	}
	all, err := w.client.Workflows(ctx, client.WorkflowQuery{})
	if err != nil || len(all) != 2 {
		t.Errorf("all: %+v %v", all, err)
	}
	one, err := w.client.Workflows(ctx, client.WorkflowQuery{Namespace: "other"})
	if err != nil || len(one) != 1 || one[0].Name != "three" {
		t.Errorf("one: %+v %v", one, err)
	}
	for _, c := range []struct{ kind, namespace, prefix, want string }{
		{"workflow", "", "t", "three two"}, {"workflow", "other", "", "three"}, {"namespace", "", "o", "other"}, {"key", "default", "", ""},
	} {
		names, err := w.client.Names(ctx, c.kind, c.namespace, c.prefix)
		if got := strings.Join(names, " "); err != nil || got != c.want {
			t.Errorf("%+v: %q %v", c, got, err)
		}
	}
}

func TestServer(t *testing.T) {
	w := newWorld(t)
	s, err := w.client.Server(t.Context())
	if err != nil || s.Home != w.Home || s.URL != w.URL {
		t.Errorf("%+v %v", s, err)
	}
	if resp := w.call(http.MethodPost, "/api/v1/server/stop", nil); resp.StatusCode != http.StatusAccepted || w.Asked.Load() != 1 {
		t.Errorf("%s, asked %d", resp.Status, w.Asked.Load())
	}
	if err := w.client.StopServer(t.Context(), true); err != nil || w.Asked.Load() != 2 {
		t.Errorf("%v, asked %d", err, w.Asked.Load())
	}
}

func TestWhy(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	if _, err := w.client.SendEvent(ctx, "default", freshet.EventRequest{Key: "k"}); err != nil {
		t.Fatal(err)
	}
	for what, explain := range map[string]func() (freshet.Explanation, error){
		"run":      func() (freshet.Explanation, error) { return w.client.WhyRun(ctx, run.ID) },
		"task":     func() (freshet.Explanation, error) { return w.client.WhyTask(ctx, run.ID, "second") },
		"workflow": func() (freshet.Explanation, error) { return w.client.WhyWorkflow(ctx, "default", "two") },
		"event":    func() (freshet.Explanation, error) { return w.client.WhyEvent(ctx, 3) },
	} {
		if e, err := explain(); err != nil || !strings.Contains(e.Subject, what) || e.Summary == "" {
			t.Errorf("%s: %+v %v", what, e, err)
		}
	}
}

// TestDirectoriesTravel: a directory is a file without a content, and one
// whose content was forgotten is none.
func TestDirectoriesTravel(t *testing.T) {
	w := newWorld(t)
	files := []freshet.File{{Path: "out/deep"}}
	r := freshet.UploadRequest{Documents: []freshet.Document{{Name: "two.yaml", Source: two, Files: files}}}
	if _, err := w.client.Upload(t.Context(), "default", r, nil); err != nil {
		t.Fatal(err)
	}
	d, err := w.client.Workflow(t.Context(), "default", "two")
	if err != nil || !cmp.Equal(d.Files, files) {
		t.Errorf("%+v %v", d.Files, err)
	}
	files[0].Size = 3
	if _, err := w.client.Upload(t.Context(), "default", r, nil); freshet.CodeOf(err) != freshet.Invalid || !strings.Contains(err.Error(), "out/deep") {
		t.Errorf("3 bytes without a hash: %v", err)
	}
}
