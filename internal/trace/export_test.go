package trace

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func from(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestExporterReadsTheStandardVariables(t *testing.T) {
	const all, traces = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"
	for _, c := range []struct {
		env     map[string]string
		url     string
		key     string // header X-Key
		timeout time.Duration
		gzip    bool
	}{
		{map[string]string{all + "ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces", "", 10 * time.Second, false},
		{map[string]string{all + "ENDPOINT": "https://c/otlp/"}, "https://c/otlp/v1/traces", "", 10 * time.Second, false},
		{map[string]string{all + "ENDPOINT": "http://c", traces + "ENDPOINT": "http://d/x"}, "http://d/x", "", 10 * time.Second, false},
		{map[string]string{all + "ENDPOINT": "http://c", all + "HEADERS": "x-key=a%20b, other=2,broken", all + "TIMEOUT": "250", all + "COMPRESSION": "gzip"},
			"http://c/v1/traces", "a b", 250 * time.Millisecond, true},
		{map[string]string{all + "ENDPOINT": "http://c", all + "HEADERS": "x-key=a", traces + "HEADERS": "x-key=b", all + "TIMEOUT": "soon", traces + "COMPRESSION": "none",
			all + "COMPRESSION": "gzip", all + "PROTOCOL": "grpc", traces + "PROTOCOL": "http/protobuf"}, "http://c/v1/traces", "b", 10 * time.Second, false},
	} {
		x, err := newExporter(from(c.env))
		if err != nil {
			t.Errorf("%v: %v", c.env, err)
			continue
		}
		if x.url != c.url || x.header.Get("X-Key") != c.key || x.client.Timeout != c.timeout || x.gzip != c.gzip {
			t.Errorf("%v: %s, key %q, %s, gzip %v", c.env, x.url, x.header.Get("X-Key"), x.client.Timeout, x.gzip)
		}
	}
	for _, env := range []map[string]string{
		{all + "ENDPOINT": "c:4318"}, {all + "ENDPOINT": "unix:///x"}, {traces + "ENDPOINT": "http://"},
		{all + "ENDPOINT": "http://c", all + "PROTOCOL": "grpc"}, {all + "ENDPOINT": "http://c", all + "PROTOCOL": "http/json"},
		{all + "ENDPOINT": "https://c", all + "CERTIFICATE": "/nonexistent"}, {all + "ENDPOINT": "https://c", all + "CERTIFICATE": "export_test.go"},
		{all + "ENDPOINT": "https://c", all + "CLIENT_CERTIFICATE": "/nonexistent"},
	} {
		if _, err := newExporter(from(env)); err == nil {
			t.Errorf("%v is taken", env)
		}
	}
}

func TestResource(t *testing.T) {
	for env, want := range map[string]map[string]string{
		"":                            {"service.name": "freshet", "service.version": "v1"},
		"service.name=a,team=b%2Cc":   {"service.name": "a", "service.version": "v1", "team": "b,c"},
		"service.name=a, ,x=,=y,nope": {"service.name": "a", "service.version": "v1", "x": ""},
	} {
		tr, err := New(Config{Version: "v1"}, from(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_RESOURCE_ATTRIBUTES": env}))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, a := range tr.resource.Attributes {
			got[a.Key] = a.Value.GetStringValue()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", env, diff)
		}
	}
}

// TestCertificate: a collector that only the given certificate makes known.
func TestCertificate(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, authority := range []string{"", file} {
		x, err := newExporter(from(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE": authority}))
		if err != nil {
			t.Fatal(err)
		}
		if err := x.upload(t.Context(), &pb.ResourceSpans{}); (err == nil) != (authority != "") {
			t.Errorf("certificate %q: %v", authority, err)
		}
		x.client.CloseIdleConnections()
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// TestUploadAgain: an overloaded collector is asked again, one that refuses is
// not, nobody is sent elsewhere with the headers, and an end ends the waiting.
func TestUploadAgain(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		switch {
		case r.URL.Path == "/bad":
			http.Error(w, "no such\nthing", http.StatusBadRequest)
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/once", http.StatusTemporaryRedirect)
		case r.URL.Path == "/never" || n == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	ended, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, c := range []struct {
		path, err string
		ctx       context.Context
		asked     int32
	}{
		{"/once", "", t.Context(), 2},
		{"/bad", "400 Bad Request: no such thing", t.Context(), 1},
		{"/moved", "307 Temporary Redirect", t.Context(), 1},
		{"/never", "503 Service Unavailable", ended, 1},
	} {
		asked.Store(0)
		x, err := newExporter(from(map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": s.URL + c.path}))
		if err != nil {
			t.Fatal(err)
		}
		if c.ctx == ended {
			time.AfterFunc(100*time.Millisecond, cancel)
		}
		err = x.upload(c.ctx, &pb.ResourceSpans{})
		said := ""
		if err != nil {
			said = short(err)
		}
		if !strings.HasPrefix(said, c.err) || c.err == "" && said != "" {
			t.Errorf("%s: %q", c.path, said)
		}
		if asked.Load() != c.asked {
			t.Errorf("%s was asked %d times", c.path, asked.Load())
		}
		x.client.CloseIdleConnections()
	}
}
