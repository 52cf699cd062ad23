package spec

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/expr"
)

// What an http task asks is computed with its types; text with several
// expressions has its place inside JSON too.
func TestHTTPRequest(t *testing.T) {
	w := must1(t, string(read(t, "testdata/good/http.yaml")))
	vars := expr.Vars{
		"params": map[string]any{"id": int64(7)}, "env": map[string]any{"BASE": "http://b"},
		"run": map[string]any{"id": int64(3), "failed_tasks": []any{"a", "b"}},
		"tasks": map[string]any{
			"get":  map[string]any{"outputs": map[string]any{"headers": map[string]any{"etag": "e1"}}},
			"post": map[string]any{"outputs": map[string]any{"body": "text", "json": map[string]any{"items": []any{"http://i"}}}},
		},
	}
	want := map[string]map[string]any{
		"get": {"url": "https://example.org/"},
		"post": {"method": "POST", "url": "http://b/items/7?q=e1",
			"headers": map[string]any{"Authorization": "Bearer http://b", "X-Id": int64(7), "X-Plain": "5"},
			"json": map[string]any{"text": `run 3: ["a","b"]`, "id": int64(7),
				"list": []any{int64(1), 2.5, true, nil, "plain", "${{ no }}", "7 // 1"}}},
		"put": {"method": "PUT", "url": "http://i", "body": "text"},
	}
	for name, request := range want {
		task, _ := w.Task(name)
		got := map[string]any{}
		for _, b := range task.HTTP.Request {
			v, err := b.Value.Eval(vars)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, b.Name, err)
			}
			got[b.Name] = v
		}
		if diff := cmp.Diff(request, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	get, _ := w.Task("get")
	post, _ := w.Task("post")
	put, _ := w.Task("put")
	tell, _ := w.Task("tell")
	for name, pair := range map[string][2]any{
		"default status":       {get.HTTP.Expect, []string{"2xx"}},
		"statuses":             {post.HTTP.Expect, []string{"2xx", "404"}},
		"one status":           {put.HTTP.Expect, []string{"204"}},
		"default time-out":     {get.HTTP.Timeout, 30 * time.Second},
		"time-out":             {post.HTTP.Timeout, 5 * time.Second},
		"no time-out":          {put.HTTP.Timeout, time.Duration(0)},
		"retried by default":   {post.Retries.OnExit, []int{75}},
		"retried when it says": {put.Retries.OnExit, []int{1, 75}},
		"in finally":           {[]any{tell.Kind, tell.Finally, tell.Timeout}, []any{Request, true, 10 * time.Minute}},
	} {
		if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The outputs are JSON, whatever their type, and not all need to be there.
func TestHTTPOutputs(t *testing.T) {
	w := must1(t, string(read(t, "testdata/good/http.yaml")))
	task, _ := w.Task("get")
	got, err := task.CheckOutputs(map[string]string{"status": "200", "headers": `{"a":"b"}`, "body": `"1\n2"`, "json": `[1,2.5,null,"x"]`})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"status": int64(200), "headers": map[string]any{"a": "b"}, "body": "1\n2", "json": []any{int64(1), 2.5, nil, "x"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err = task.CheckOutputs(map[string]string{"status": "204", "headers": "{}"}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err = task.CheckOutputs(map[string]string{"headers": "{}"}); err == nil {
		t.Error("nothing is missing without a status")
	}
}
