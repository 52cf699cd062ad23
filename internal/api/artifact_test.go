package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
)

// leave ends a process that has left files: path, content, path, content.
func (w *world) leave(s engine.Start, exit int, files ...string) {
	w.t.Helper()
	kept := disk.New(filepath.Join(w.Home, "blobs"))
	var list []freshet.Artifact
	for i := 0; i < len(files); i += 2 {
		sum, size, err := kept.Add(w.t.Context(), strings.NewReader(files[i+1]))
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, freshet.Artifact{Path: files[i], Size: size, SHA256: sum, Mode: 0o600, ModifiedAt: freshet.Time(time.Now())})
	}
	k := s.Execution.Key
	replies, err := w.Engine.Submit(w.t.Context(), machine.Entry{Kind: machine.Ended, Run: k.Run, Body: machine.Body{Process: &machine.Process{
		Task: k.Task, Item: k.Item, Seq: k.Seq, Try: k.Try, Epoch: s.Execution.Epoch, Time: freshet.Time(time.Now()), ExitCode: exit, Artifacts: list}}})
	if err != nil || replies[0].Err != nil {
		w.t.Fatal(err, replies)
	}
}

const leaving = `
name: leaving
tasks:
  only: {bash: "x", retries: {limit: 1, delay: 1ms}, artifacts: "**"}
  items: {after: only, foreach: [1, 2], bash: "x", artifacts: "**"}
`

func TestArtifacts(t *testing.T) {
	w := newWorld(t)
	w.upload(leaving)
	run := w.run("leaving")
	odd := []string{"a b", "ü/€.csv", `back\slash`, "100%25", "new\nline", "q?x#y", ".hidden", "...", "a+b&c;d=e", "%2e%2e/x"}
	first := []string{"same", "old", "early", "1"}
	w.leave(w.next(), 1, first...)
	second := []string{"same", "new"}
	for _, name := range odd {
		second = append(second, name, "content of "+name)
	}
	w.leave(w.next(), 0, second...)
	for range 2 {
		s := w.next()
		w.leave(s, 0, "same", fmt.Sprint("of item ", s.Execution.Key.Item), fmt.Sprint("only", s.Execution.Key.Item), "x")
	}
	names := func(task string, q client.ArtifactQuery) []string {
		t.Helper()
		list, err := w.client.Artifacts(t.Context(), run.ID, task, q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list {
			r, err := w.client.Artifact(t.Context(), run.ID, task, f.Path, q)
			if err != nil {
				t.Errorf("%q: %v", f.Path, err)
				continue
			}
			content, err := io.ReadAll(r)
			r.Close()
			if sum := sha256.Sum256(content); err != nil || hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(content)) != f.Size {
				t.Errorf("%q: %q %v", f.Path, content, err)
			}
			got = append(got, fmt.Sprintf("%s of %d.%d", f.Path, f.Seq, f.Try))
		}
		return got
	}
	for what, c := range map[string]struct {
		task string
		q    client.ArtifactQuery
		want []string
	}{
		"the first try": {"only", client.ArtifactQuery{Try: 1}, []string{"early of 1.1", "same of 1.1"}},
		"all": {"only", client.ArtifactQuery{}, []string{"%2e%2e/x of 1.2", "... of 1.2", ".hidden of 1.2", "100%25 of 1.2", "a b of 1.2", "a+b&c;d=e of 1.2",
			`back\slash of 1.2`, "early of 1.1", "new\nline of 1.2", "q?x#y of 1.2", "same of 1.2", "ü/€.csv of 1.2"}},
		"another try":  {"only", client.ArtifactQuery{Try: 3}, nil},
		"of an item":   {"items[1]", client.ArtifactQuery{}, []string{"only1 of 1.1", "same of 1.1"}},
		"of all items": {"items", client.ArtifactQuery{}, []string{"only0 of 1.1", "only1 of 1.1", "same of 1.1"}},
	} {
		if diff := cmp.Diff(c.want, names(c.task, c.q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	for _, c := range []struct {
		task string
		seq  int
		says string
	}{
		{"only", 2, "task only of run 1 has no start 2"}, {"items", 9, "task items of run 1 has no start 9"},
		{"items[9]", 0, "task items of run 1 has no item 9"}, {"items[1]", 2, "task items[1] of run 1 has no start 2"},
	} {
		list, err := w.client.Artifacts(t.Context(), run.ID, c.task, client.ArtifactQuery{Seq: c.seq})
		if freshet.CodeOf(err) != freshet.NotFound || err.Error() != c.says {
			t.Errorf("start %d of %s: %v %v", c.seq, c.task, list, err)
		}
	}
	tries, err := w.client.Task(t.Context(), run.ID, "only")
	if err != nil || len(tries) != 2 || len(tries[0].Artifacts) != 2 || len(tries[1].Artifacts) != 1+len(odd) {
		t.Errorf("the task shows %+v %v", tries, err)
	}
	for _, c := range []struct{ task, path string }{
		{"only", "nothing"}, {"only", "../../../../token"}, {"only", "%2e%2e/y"}, {"nope", "same"}, {"only[1]", "same"}, {"items[7]", "same"},
	} {
		if r, err := w.client.Artifact(t.Context(), run.ID, c.task, c.path, client.ArtifactQuery{}); err == nil || freshet.CodeOf(err) == freshet.Internal {
			t.Errorf("%s of %s: %v %v", c.path, c.task, r, err)
		}
	}
}

// TestArtifactIsSaved: whatever it holds, no browser takes it for a page of
// this server, and it can be read in parts.
func TestArtifactIsSaved(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	run := w.run("two")
	const page = "<html><script>steal()</script>"
	w.leave(w.next(), 0, "ü \"x\".html", page, "plain.html", page)
	get := func(path string, change func(*http.Request)) (*http.Response, string) {
		t.Helper()
		resp := w.call(http.MethodGet, fmt.Sprintf("/api/v1/runs/%d/tasks/first/artifacts/%s", run.ID, path), change)
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
	resp, text := get("plain.html", nil)
	etag := resp.Header.Get("ETag")
	sum := sha256.Sum256([]byte(page))
	for name, want := range map[string]string{"Content-Disposition": "attachment; filename=plain.html", "X-Content-Type-Options": "nosniff",
		"Content-Type": "application/octet-stream", "Content-Length": fmt.Sprint(len(page)), "ETag": `"` + hex.EncodeToString(sum[:]) + `"`} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if text != page || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%q %v", text, resp.Header)
	}
	resp, _ = get("%C3%BC%20%22x%22.html", nil)
	if d := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment; filename") || resp.StatusCode != http.StatusOK {
		t.Errorf("%s %q", resp.Status, d)
	}
	resp, text = get("plain.html", func(r *http.Request) { r.Header.Set("Range", "bytes=6-13") })
	if resp.StatusCode != http.StatusPartialContent || text != page[6:14] {
		t.Errorf("%s %q", resp.Status, text)
	}
	refused(t, w.call(http.MethodGet, fmt.Sprintf("/api/v1/runs/%d/tasks/first/artifacts/plain.html", run.ID), func(r *http.Request) {
		r.Header.Set("Range", "bytes=99-")
	}), freshet.Invalid, http.StatusRequestedRangeNotSatisfiable, fmt.Sprintf("has %d bytes", len(page)))
	if resp, text = get("plain.html", func(r *http.Request) { r.Header.Set("If-None-Match", etag) }); resp.StatusCode != http.StatusNotModified || text != "" {
		t.Errorf("%s %q", resp.Status, text)
	}
	if resp, _ = get("plain.html", func(r *http.Request) { r.Header.Del("Authorization") }); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", resp.Status)
	}
	for _, path := range []string{"..%2f..%2f..%2f..%2ftoken", "../../../../../../../token", "%2e%2e/%2e%2e/token", "/etc/passwd", "plain.html/", "./plain.html"} {
		resp, text := get(path, nil)
		if resp.StatusCode == http.StatusOK && resp.Request.URL.EscapedPath() != fmt.Sprintf("/api/v1/runs/%d/tasks/first/artifacts/plain.html", run.ID) || strings.Contains(text, token) {
			t.Errorf("%s: %s %q", path, resp.Status, text)
		}
	}
	if err := os.RemoveAll(filepath.Join(w.Home, "blobs")); err != nil {
		t.Fatal(err)
	}
	if resp, text := get("plain.html", nil); resp.StatusCode != http.StatusNotFound || !strings.Contains(text, "is gone") {
		t.Errorf("without its content: %s %q", resp.Status, text)
	}
}

// TestTasksReadTheirArtifacts: a task's token opens what its own run has left.
func TestTasksReadTheirArtifacts(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	mine, other := w.run("two"), w.run("two")
	s, o := w.next(), w.next()
	w.leave(s, 0, "x", "mine")
	w.leave(o, 0, "x", "other")
	s = w.next()
	if s.Run.ID != mine.ID {
		s = w.next()
	}
	task := w.as(w.Issuer.Issue(s.Execution.Key, s.Execution.Epoch, "default"))
	if r, err := task.Artifact(t.Context(), mine.ID, "first", "x", client.ArtifactQuery{}); err != nil {
		t.Error(err)
	} else {
		r.Close()
	}
	if _, err := task.Artifact(t.Context(), other.ID, "first", "x", client.ArtifactQuery{}); freshet.CodeOf(err) != freshet.Forbidden {
		t.Errorf("of another run: %v", err)
	}
	if _, err := task.Artifacts(t.Context(), other.ID, "first", client.ArtifactQuery{}); freshet.CodeOf(err) != freshet.Forbidden {
		t.Errorf("the list of another run: %v", err)
	}
}
