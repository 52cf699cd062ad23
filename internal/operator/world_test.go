package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/executor"
)

// TestMain lets the test's own program be the process of a task, for what is
// read from the environment once.
func TestMain(m *testing.M) {
	if os.Getenv("OPERATOR_TEST") != "" {
		os.Exit(HTTP(context.Background(), Process{Env: os.Getenv, Log: os.Stdout, Version: "test"}))
	}
	os.Exit(m.Run())
}

// asked is what became of a request.
type asked struct {
	exit    int
	log     string
	outputs map[string]any
	dir     string
}

// task is the directory of an attempt with its input.
func task(t *testing.T, values map[string]any, timeout time.Duration, expect ...string) (dir string, env func(string) string) {
	t.Helper()
	if expect == nil {
		expect = []string{"2xx"}
	}
	input, err := HTTPInput(values, expect, timeout)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "input"), input, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, func(name string) string {
		return map[string]string{"FRESHET_INPUT": filepath.Join(dir, "input"),
			"FRESHET_OUTPUT": filepath.Join(dir, "output"), "FRESHET_TASK_DIR": dir}[name]
	}
}

// call makes a request and reads what it left.
func call(t *testing.T, ctx context.Context, values map[string]any, timeout time.Duration, expect ...string) asked {
	t.Helper()
	dir, env := task(t, values, timeout, expect...)
	var log bytes.Buffer
	exit := HTTP(ctx, Process{Env: env, Log: &log, Version: "test"})
	out, reason := outputsIn(t, dir)
	// Why it failed is what the log says, on one line.
	if told := exit == failed || exit == temporary; told != (reason != "") ||
		!strings.Contains(strings.Join(strings.Fields(log.String()), " "), "error: "+reason) && told {
		t.Errorf("exit code %d with the reason %q", exit, reason)
	}
	return asked{exit, log.String(), out, dir}
}

func outputsIn(t *testing.T, dir string) (out map[string]any, reason string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "output"))
	if os.IsNotExist(err) {
		return nil, ""
	}
	texts, err := executor.ParseOutputs(raw)
	if err != nil {
		t.Fatal(err)
	}
	if reason, failed := texts["reason"]; failed && len(texts) == 1 {
		return nil, reason
	}
	out = map[string]any{}
	for name, text := range texts {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("output %s is no JSON: %v", name, err)
		}
		out[name] = v
	}
	return out, ""
}

// site is a web server of this test.
func site(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// get asks a server of which the handler is given.
func get(t *testing.T, h http.HandlerFunc, expect ...string) asked {
	t.Helper()
	return call(t, context.Background(), map[string]any{"url": site(t, h).URL + "/"}, 0, expect...)
}
