package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/freshet/freshet/internal/api"
)

var update = flag.Bool("update", false, "write api/openapi.json anew")

// TestOpenAPI compares the committed description with the code. `go test
// ./internal/api -run TestOpenAPI -update` writes it.
func TestOpenAPI(t *testing.T) {
	path := filepath.Join("..", "..", "api", "openapi.json")
	got := api.New(api.Config{}).OpenAPI()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("api/openapi.json is not what the code says; `make gen` writes it anew")
	}
	if again := api.New(api.Config{}).OpenAPI(); !bytes.Equal(got, again) {
		t.Error("two descriptions of the same API differ")
	}
}

func TestOpenAPIHolds(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Summary     string
			Responses   map[string]any
		}
	}
	if err := json.Unmarshal(api.New(api.Config{}).OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if op.Summary == "" || ids[op.OperationID] || op.Responses["default"] == nil {
				t.Errorf("%s %s: summary %q, id %q, answers %d", method, path, op.Summary, op.OperationID, len(op.Responses))
			}
			ids[op.OperationID] = true
		}
	}
	if len(ids) < 30 {
		t.Errorf("only %d operations", len(ids))
	}
}

func TestDocs(t *testing.T) {
	w := newWorld(t)
	resp := w.call(http.MethodGet, "/api/docs", nil)
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	for _, want := range []string{"POST /api/v1/namespaces/{ns}/events", "X-Log", "queued | running", "event_offset"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not mention %q", want)
		}
	}
	if foreign := regexp.MustCompile(`(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//[^"'\s>]*`).FindAll(page, -1); len(foreign) > 0 {
		t.Errorf("the page loads %q", foreign)
	}
	resp = w.call(http.MethodGet, "/api/openapi.json", nil)
	spec, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(spec, w.API.OpenAPI()) {
		t.Errorf("served description differs: %v", err)
	}
}
