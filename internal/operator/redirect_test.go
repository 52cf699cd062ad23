package operator

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func pemOf(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// Redirects are followed as net/http does: a 303 asks by GET, a 307 asks the
// same again.
func TestRedirects(t *testing.T) {
	s := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/see", "/again":
			code := map[string]int{"/see": 303, "/again": 307}[r.URL.Path]
			http.Redirect(w, r, "/end?q="+r.URL.Path[1:], code)
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s auth=%s referer=%s", r.Method, body, r.Header.Get("Authorization"), r.Header.Get("Referer"))
		}
	})
	for path, want := range map[string]string{"/see": "GET  auth=a referer=", "/again": `POST {"n":1} auth=a referer=`} {
		a := call(t, context.Background(), map[string]any{"method": "POST", "url": s.URL + path, "json": map[string]any{"n": 1}, "headers": map[string]any{"Authorization": "a"}}, 0)
		if a.outputs["body"] != want || !strings.Contains(a.log, ", redirected to "+s.URL+"/end?…\n") {
			t.Errorf("%s: %v\n%s", path, a.outputs["body"], a.log)
		}
	}
	a := call(t, context.Background(), map[string]any{"url": s.URL + "/see"}, 0, "3xx")
	headers, _ := a.outputs["headers"].(map[string]any)
	if a.outputs["status"] != 303.0 || headers["location"] != "/end?q=see" {
		t.Errorf("an expected redirect: %v\n%s", a.outputs, a.log)
	}
}

// Ten redirects are followed, and no eleventh; a redirect to what is no web
// server is none.
func TestTooManyRedirects(t *testing.T) {
	s := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch n, err := strconv.Atoi(r.URL.Path[1:]); {
		case err != nil:
			http.Redirect(w, r, "ftp://example.org/x", http.StatusFound)
		case n > 0:
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusFound)
		}
	})
	for path, want := range map[string]struct {
		exit int
		says string
	}{
		"/10": {done, "200 OK"}, "/11": {failed, "error: redirected more than 10 times\n"},
		"/ftp": {failed, "error: redirected to ftp://example.org/x, which is no address of a web server\n"},
	} {
		if a := call(t, context.Background(), map[string]any{"url": s.URL + path}, 0); a.exit != want.exit || !strings.Contains(a.log, want.says) {
			t.Errorf("%s: exit code %d\n%s", path, a.exit, a.log)
		}
	}
}

// What was meant for one server is not shown to another, nor to the first one
// when another sends it back.
func TestRedirectToAnotherServer(t *testing.T) {
	var seen []string
	var first, second *httptest.Server
	note := func(who string, r *http.Request) {
		seen = append(seen, fmt.Sprintf("%s auth=%s key=%s cookie=%s accept=%s", who, r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), r.Header.Get("Cookie"), r.Header.Get("Accept")))
	}
	first = site(t, func(w http.ResponseWriter, r *http.Request) {
		note("first", r)
		if r.URL.Path == "/" {
			http.Redirect(w, r, second.URL, http.StatusFound)
		}
	})
	second = site(t, func(w http.ResponseWriter, r *http.Request) {
		note("second", r)
		http.Redirect(w, r, first.URL+"/back", http.StatusFound)
	})
	a := call(t, context.Background(), map[string]any{"url": first.URL, "headers": map[string]any{"Authorization": "a", "X-Api-Key": "k", "Cookie": "c=1", "Accept": "x/y"}}, 0)
	want := []string{"first auth=a key=k cookie=c=1 accept=x/y", "second auth= key= cookie= accept=x/y", "first auth= key= cookie= accept=x/y"}
	if a.exit != 0 || fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("exit code %d, seen were %q\n%s", a.exit, seen, a.log)
	}
}
