package operator

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is asked arrives as it was written.
func TestRequest(t *testing.T) {
	type sent struct {
		Line, Host, Body string
		Headers          map[string]string
	}
	for name, c := range map[string]struct {
		values map[string]any
		want   sent
	}{
		"plain": {map[string]any{}, sent{"GET /p?q=1%202", "", "", map[string]string{"User-Agent": "freshet/test", "Content-Type": ""}}},
		"json": {map[string]any{"method": "POST", "json": map[string]any{"b": int64(1 << 60), "a": []any{nil, 2.5, "<&>"}}},
			sent{"POST /p?q=1%202", "", `{"a":[null,2.5,"<&>"],"b":1152921504606846976}`, map[string]string{"Content-Type": "application/json"}}},
		"null": {map[string]any{"method": "PUT", "json": nil}, sent{"PUT /p?q=1%202", "", "null", map[string]string{"Content-Type": "application/json"}}},
		"text": {map[string]any{"method": "PATCH", "body": "a\r\nb"},
			sent{"PATCH /p?q=1%202", "", "a\r\nb", map[string]string{"Content-Type": "text/plain; charset=utf-8"}}},
		"text of another type": {map[string]any{"method": "POST", "body": []any{int64(1)}}, sent{"POST /p?q=1%202", "", "[1]", nil}},
		"headers": {map[string]any{"method": "DELETE", "headers": map[string]any{"host": "other.example", "X-N": int64(5), "user-agent": "me", "content-type": "x/y"}, "body": ""},
			sent{"DELETE /p?q=1%202", "other.example", "", map[string]string{"X-N": "5", "User-Agent": "me", "Content-Type": "x/y"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sent{Headers: map[string]string{}}
			s := site(t, func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got.Line, got.Body = r.Method+" "+r.URL.String(), string(body)
				if c.want.Host != "" {
					got.Host = r.Host
				}
				for k := range c.want.Headers {
					got.Headers[k] = r.Header.Get(k)
				}
			})
			c.values["url"] = s.URL + "/p?q=1%202"
			if a := call(t, context.Background(), c.values, 0); a.exit != 0 {
				t.Fatalf("exit code %d\n%s", a.exit, a.log)
			}
			if c.want.Headers == nil {
				c.want.Headers = map[string]string{}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A name and a password in the address are sent, and not in the log.
func TestUserInfo(t *testing.T) {
	var user, password string
	s := site(t, func(_ http.ResponseWriter, r *http.Request) { user, password, _ = r.BasicAuth() })
	a := call(t, context.Background(), map[string]any{"url": strings.Replace(s.URL, "http://", "http://ada:enchantress@", 1) + "/x?token=1 +@"}, 0)
	if user != "ada" || password != "enchantress" || a.exit != 0 {
		t.Errorf("%s %s, %s", user, password, a.log)
	}
	if strings.Contains(a.log, "enchantress") || strings.Contains(a.log, "ada") || !strings.HasPrefix(a.log, "GET "+s.URL+"/x?token=1 +@\n200 OK after ") {
		t.Errorf("the log is\n%s", a.log)
	}
}

// The outputs of every sort of answer.
func TestOutputs(t *testing.T) {
	chunks := func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "part %d\r\n", i)
			w.(http.Flusher).Flush()
		}
	}
	packed := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			w.WriteHeader(500)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, "\ufeff{ \"a\": [1, 2.5,\n\"x\"] }\n")
		z.Close()
	}
	typed := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		}
	}
	big := strings.Repeat("0123456789\n", 30_000)
	bigJSON := "[" + strings.Repeat(`"0123456",`, 20_000) + "1]"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    map[string]any // beside status 200 and headers
		says    string
	}{
		"chunked":      {chunks, map[string]any{"body": "part 0\r\npart 1\r\npart 2\r\n"}, "200 OK after"},
		"gzip":         {packed, map[string]any{"body": "\ufeff{ \"a\": [1, 2.5,\n\"x\"] }\n", "json": map[string]any{"a": []any{1.0, 2.5, "x"}}}, "200 OK"},
		"empty":        {typed("application/json", ""), map[string]any{"body": ""}, ", 0 bytes"},
		"JSON by text": {typed("text/plain", "[1]"), map[string]any{"body": "[1]"}, ", 3 bytes"},
		"bad JSON":     {typed("application/json", `{"a": `), map[string]any{"body": `{"a": `}, "there is no output json: the body is not the JSON that its Content-Type promises: unexpected end of JSON input"},
		"large number": {typed("application/json", `1e999`), map[string]any{"body": "1e999"}, "there is no output json: "},
		"two values":   {typed("application/json", "1 2"), map[string]any{"body": "1 2"}, "there is no output json: "},
		"latin":        {typed("application/json; charset=latin1", "\"\xe9\""), map[string]any{"body_file": "\"\xe9\""}, "there is no output json: the body is not the JSON that its Content-Type promises: it is not UTF-8"},
		"binary":       {typed("image/png", "\x89PNG\r\n\x00\xff"), map[string]any{"body_file": "\x89PNG\r\n\x00\xff"}, "the body is in "},
		"zero byte":    {typed("text/plain", "a\x00b"), map[string]any{"body_file": "a\x00b"}, "the body is in "},
		"large":        {typed("text/plain", big), map[string]any{"body_file": big}, ", 330000 bytes"},
		"large JSON":   {typed("application/json", bigJSON), map[string]any{"json": nil, "body_file": bigJSON}, "the body is in "},
		"larger JSON":  {typed("application/json", "["+bigJSON+","+bigJSON+"]"), map[string]any{"body_file": "[" + bigJSON + "," + bigJSON + "]"}, "there is no output json: it does not fit into 262144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			a := get(t, c.handler)
			if a.exit != 0 || !strings.Contains(a.log, c.says) {
				t.Fatalf("exit code %d\n%s", a.exit, a.log)
			}
			if a.outputs["status"] != 200.0 || a.outputs["headers"] == nil {
				t.Errorf("status %v, headers %v", a.outputs["status"], a.outputs["headers"])
			}
			delete(a.outputs, "status")
			delete(a.outputs, "headers")
			if path, ok := a.outputs["body_file"].(string); ok {
				content, err := os.ReadFile(path)
				if err != nil || !strings.HasPrefix(path, a.dir) {
					t.Fatalf("%s: %v", path, err)
				}
				a.outputs["body_file"] = string(content)
			}
			if list, ok := a.outputs["json"].([]any); ok && len(list) == 20_001 {
				a.outputs["json"] = nil
			}
			if diff := cmp.Diff(c.want, a.outputs); diff != "" {
				t.Errorf("(-want +got):\n%.2000s", diff)
			}
		})
	}
}

func TestHeadersAndExpectedStatus(t *testing.T) {
	handler := func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-Two"] = []string{"1", "\xff2"}
		w.Header().Set("ETag", `"e"`)
		w.WriteHeader(404)
	}
	for _, expect := range [][]string{{"404"}, {"2xx", "4xx"}} {
		a := get(t, handler, expect...)
		headers, _ := a.outputs["headers"].(map[string]any)
		if a.exit != 0 || a.outputs["status"] != 404.0 || headers["x-two"] != "1, ?2" || headers["etag"] != `"e"` {
			t.Errorf("exit code %d, %v\n%s", a.exit, a.outputs, a.log)
		}
	}
	if a := get(t, func(http.ResponseWriter, *http.Request) {}, "204"); a.exit != failed || a.outputs != nil ||
		!strings.Contains(a.log, "error: the answer is 200 OK, expected was 204\n") {
		t.Errorf("exit code %d, %v\n%s", a.exit, a.outputs, a.log)
	}
	if a := call(t, context.Background(), map[string]any{"method": "HEAD", "url": site(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(MaxAnswer+1))
	}).URL}, 0); a.exit != 0 || a.outputs["body"] != "" {
		t.Errorf("a HEAD: exit code %d, %v\n%s", a.exit, a.outputs, a.log)
	}
}
