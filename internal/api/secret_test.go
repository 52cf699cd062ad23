package api_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
)

const secretive = `name: secretive
parameters: {pin: {type: string, writeOnly: true, pattern: "^[0-9]+$"}, open: {type: string, default: x}}
tasks:
  first: {bash: x, env: {T: "${{ secrets.TOKEN }}", P: "${{ params.pin }}"}}
`

func TestSecretsAPI(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	if list, err := w.client.Secrets(ctx); err != nil || list == nil || len(list) != 0 {
		t.Errorf("none: %v, %v", list, err)
	}
	for _, value := range []string{"first value", "second value"} {
		if err := w.client.SetSecret(ctx, "TOKEN", value); err != nil {
			t.Fatal(err)
		}
	}
	list, err := w.client.Secrets(ctx)
	if err != nil || len(list) != 1 || list[0].Name != "TOKEN" || list[0].Source != freshet.SecretStored || list[0].UpdatedAt == nil {
		t.Errorf("%+v, %v", list, err)
	}
	for _, path := range []string{"/api/v1/secrets", "/api/v1/secrets/TOKEN"} {
		body, _ := io.ReadAll(w.call(http.MethodGet, path, nil).Body)
		if strings.Contains(string(body), "value\"") || strings.Contains(string(body), "second") {
			t.Errorf("%s answers %s", path, body)
		}
	}
	for name, c := range map[string]struct {
		name, value string
		code        freshet.ErrorCode
	}{
		"empty": {"A", "", freshet.Invalid}, "a path": {"../x", "x", freshet.Invalid}, "case": {"Token", "x", freshet.Conflict},
		"large": {"A", strings.Repeat("x", 65<<10), freshet.TooLarge},
	} {
		if err := w.client.SetSecret(ctx, c.name, c.value); freshet.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A value that is no text is refused without being quoted.
	r := w.call(http.MethodPut, "/api/v1/secrets/A", func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(strings.NewReader(`{"value": 12345678}`))
	})
	if body, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusUnprocessableEntity || strings.Contains(string(body), "12345678") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	if err := w.client.DeleteSecret(ctx, "TOKEN"); err != nil {
		t.Error(err)
	}
	if err := w.client.DeleteSecret(ctx, "TOKEN"); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("twice: %v", err)
	}
}

// TestWriteOnly: a parameter that is writeOnly is told to nobody, nor by an
// error.
func TestWriteOnly(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(secretive)
	start := func(pin string) (freshet.Run, error) {
		return w.client.StartRun(ctx, "default", "secretive", "", freshet.RunRequest{Texts: map[string]string{"pin": pin}})
	}
	r, err := start("98765")
	if err != nil || r.Parameters["pin"] != "***" || r.Parameters["open"] != "x" {
		t.Fatalf("%v, %v", r.Parameters, err)
	}
	page, err := w.client.Runs(ctx, client.RunQuery{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Parameters["pin"] != "***" {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := start("not-digits"); err == nil || strings.Contains(err.Error(), "not-digits") {
		t.Errorf("what is wrong with it: %v", err)
	}
}

// TestMaskedProgress: a value that stands where the text is cut is masked, and
// not cut in two.
func TestMaskedProgress(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(secretive)
	if err := w.client.SetSecret(ctx, "TOKEN", "abcdefghijklmnop"); err != nil {
		t.Fatal(err)
	}
	run, err := w.client.StartRun(ctx, "default", "secretive", "", freshet.RunRequest{Texts: map[string]string{"pin": "9876543210"}})
	if err != nil {
		t.Fatal(err)
	}
	s := w.next()
	w.report(s, machine.Started, 0)
	task := w.as(w.Issuer.Issue(s.Execution.Key, s.Execution.Epoch, "default"))
	for _, value := range []string{"abcdefghijklmnop", "9876543210"} {
		for before := 200 - len(value) - 1; before <= 201; before++ {
			if err := task.SetProgress(ctx, run.ID, freshet.Progress{Done: 1, Text: strings.Repeat("-", before) + value + " more"}); err != nil {
				t.Fatal(err)
			}
			list, err := w.client.Tasks(ctx, run.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Repeat("-", before) + "*** more"
			if got := list[0].Progress.Text; got != want[:min(len(want), 200)] {
				t.Errorf("behind %d bytes: %q", before, got)
			}
		}
	}
}

// TestMaskedArtifacts: where a value stands in the path of a file, the file is
// listed, shown and got under the masked one.
func TestMaskedArtifacts(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(secretive)
	run, err := w.client.StartRun(ctx, "default", "secretive", "", freshet.RunRequest{Texts: map[string]string{"pin": "9876543210"}})
	if err != nil {
		t.Fatal(err)
	}
	w.leave(w.next(), 0, "of-9876543210/9876543210.csv", "content", "plain", "other")
	for what, c := range map[string]struct {
		list func() ([]freshet.Artifact, error)
	}{
		"artifacts": {list: func() (files []freshet.Artifact, err error) {
			list, err := w.client.Artifacts(ctx, run.ID, "first", client.ArtifactQuery{})
			for _, f := range list {
				files = append(files, f.Artifact)
			}
			return files, err
		}},
		"task": {list: func() ([]freshet.Artifact, error) {
			list, err := w.client.Task(ctx, run.ID, "first")
			return list[0].Artifacts, err
		}},
		"tasks": {list: func() ([]freshet.Artifact, error) {
			list, err := w.client.Tasks(ctx, run.ID, 0)
			return list[0].Artifacts, err
		}},
	} {
		files, err := c.list()
		if err != nil || len(files) != 2 || files[0].Path != "of-***/***.csv" || files[1].Path != "plain" || strings.Contains(files[0].Dir+files[1].Dir, "98765") {
			t.Errorf("%s: %+v, %v", what, files, err)
		}
	}
	r := w.call(http.MethodGet, fmt.Sprintf("/api/v1/runs/%d/tasks/first/artifacts/of-***/***.csv", run.ID), nil)
	if body, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusOK || string(body) != "content" || strings.Contains(fmt.Sprint(r.Header), "98765") {
		t.Errorf("%d %s %v", r.StatusCode, body, r.Header)
	}
}

// TestMaskedLog: in whatever parts a log is read, while it is written or after,
// the parts together are the log with *** where secrets stand.
func TestMaskedLog(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(secretive)
	if err := w.client.SetSecret(ctx, "TOKEN", "abcab\nbcabca"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		run, err := w.client.StartRun(ctx, "default", "secretive", "", freshet.RunRequest{Texts: map[string]string{"pin": "98765"}})
		if err != nil {
			t.Fatal(err)
		}
		s := w.next()
		w.report(s, machine.Started, 0)
		if err := os.RemoveAll(w.LogPath(s)); err != nil { // of the run before
			t.Fatal(err)
		}
		text := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "\n", "abcab", "bcabca", "98765", "987", "65", "|"}), 1, 40).Draw(rt, "text")
		var written, got strings.Builder
		at, ended := int64(0), false
		read := func() client.LogPart {
			p, err := w.client.Log(ctx, run.ID, "first", client.LogQuery{Offset: at, Limit: rapid.Int64Range(1, 9).Draw(rt, "limit")})
			if err != nil {
				rt.Fatal(err)
			}
			got.Write(p.Data)
			at = p.Next
			return p
		}
		for _, part := range text {
			w.write(s, part)
			written.WriteString(part)
			for range rapid.IntRange(0, 2).Draw(rt, "reads") {
				read()
			}
		}
		w.report(s, machine.Ended, 0)
		for !ended {
			ended = read().Complete
		}
		whole, err := w.client.Log(ctx, run.ID, "first", client.LogQuery{})
		if err != nil {
			rt.Fatal(err)
		}
		if got.String() != string(whole.Data) || at != int64(written.Len()) {
			rt.Fatalf("%q in parts is %q, whole %q", written.String(), got.String(), whole.Data)
		}
		for _, value := range []string{"abcab", "bcabca", "98765"} {
			if strings.Contains(got.String(), value) {
				rt.Fatalf("%q is read as %q", written.String(), got.String())
			}
		}
		if !strings.Contains(fmt.Sprint(text), "abcab") && !strings.Contains(written.String(), "bcab") && !strings.Contains(written.String(), "98765") && got.String() != written.String() {
			rt.Fatalf("without a secret %q is read as %q", written.String(), got.String())
		}
	})
}
