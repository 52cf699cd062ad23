package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/freshet/freshet/internal/api"
)

// TestReadyz: what a server answers while it loads, while it cannot work, and
// when it can.
func TestReadyz(t *testing.T) {
	loading, loaded := make(chan struct{}), make(chan struct{})
	close(loaded)
	for name, c := range map[string]struct {
		ready   chan struct{}
		trouble []string
		status  int
		says    []string
	}{
		"loading": {loading, nil, http.StatusServiceUnavailable, []string{"starting"}},
		"trouble": {loaded, []string{"the disk is full", "no keeper answers"}, http.StatusServiceUnavailable, []string{"unavailable", "the disk is full; no keeper answers", "hint"}},
		"ready":   {loaded, nil, http.StatusOK, []string{"ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			counted := map[string]int{}
			a := api.New(api.Config{Gate: open{}, Ready: c.ready, Operation: api.Operation{Trouble: func() []string { return c.trouble },
				Count: func(route string, status int) { counted[route] = status }}})
			get := func(path string) (int, string) {
				w := httptest.NewRecorder()
				a.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				return w.Code, w.Body.String()
			}
			status, said := get("/readyz")
			if status != c.status {
				t.Errorf("/readyz answers %d", status)
			}
			for _, word := range c.says {
				if !strings.Contains(said, word) {
					t.Errorf("it does not say %q: %s", word, said)
				}
			}
			if status, _ := get("/healthz"); status != http.StatusOK {
				t.Errorf("/healthz answers %d", status)
			}
			if counted["GET /readyz"] != c.status || counted["GET /healthz"] != http.StatusOK {
				t.Errorf("counted: %v", counted)
			}
			if c.ready == loading {
				if status, said := get("/api/v1/runs"); status != http.StatusServiceUnavailable || !strings.Contains(said, "starting") {
					t.Errorf("a request while the server loads: %d, %s", status, said)
				}
			}
		})
	}
}
