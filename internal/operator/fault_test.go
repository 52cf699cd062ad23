package operator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Whatever goes wrong is said in one line, and the exit code tells whether
// another try is worth while. No outputs are left.
func TestFailures(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	// cut answers with some bytes and ends the connection: by a reset, or as
	// if nothing was wrong.
	cut := func(text string, reset bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(c, text)
			if reset {
				c.(*net.TCPConn).SetLinger(0)
			}
			c.Close()
		}
	}
	hang := func(first string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if first != "" {
				fmt.Fprint(w, first)
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done() // the client has gone
		}
	}
	const soon = 50 * time.Millisecond
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		values  map[string]any // beside the server's url
		timeout time.Duration
		exit    int
		says    []string
	}{
		"refused":           {nil, map[string]any{"url": "http://" + refused.Addr().String()}, 0, temporary, []string{"error: cannot connect to 127.0.0.1:", "connection refused\n"}},
		"no such host":      {nil, map[string]any{"url": "http://nowhere.invalid/"}, 0, temporary, []string{"error: cannot connect to nowhere.invalid: "}},
		"reset at once":     {cut("", true), nil, 0, temporary, []string{"error: no answer from 127.0.0.1:"}},
		"hung up at once":   {cut("", false), nil, 0, temporary, []string{"error: no answer from 127.0.0.1:", "EOF\n"}},
		"no HTTP":           {cut("SSH-2.0-OpenSSH\r\n", false), nil, 0, temporary, []string{"error: no answer from 127.0.0.1:", "malformed HTTP"}},
		"body cut":          {cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false), nil, 0, temporary, []string{"200 OK after ", "error: the answer broke off after 3 bytes: unexpected EOF\n"}},
		"body reset":        {cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true), nil, 0, temporary, []string{"error: "}},
		"chunk cut":         {cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nab", false), nil, 0, temporary, []string{"error: the answer broke off after 5 bytes: unexpected EOF\n"}},
		"no gzip":           {cut("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 11\r\n\r\nplain bytes", false), nil, 0, temporary, []string{"error: the answer broke off after 0 bytes: gzip: invalid header\n"}},
		"slow headers":      {hang(""), nil, soon, temporary, []string{"did not answer within 50ms\n"}},
		"slow body":         {hang("beginning"), nil, soon, temporary, []string{"error: the answer was not complete within 50ms, 9 bytes had come\n"}},
		"500":               {answer(500, "oh no\n"), nil, 0, temporary, []string{"500 Internal Server Error after ", "its body:\noh no\n", "error: the answer is 500 Internal Server Error, expected was 2xx\n"}},
		"503 without body":  {answer(503, " "), nil, 0, temporary, []string{"error: the answer is 503"}},
		"429":               {answer(429, ""), nil, 0, temporary, []string{"429 Too Many Requests"}},
		"404":               {answer(404, "no \x1b[31msuch\a page"), nil, 0, failed, []string{"its body:\nno [31msuch page\nerror: the answer is 404 Not Found, expected was 2xx\n"}},
		"400 with much":     {answer(400, strings.Repeat("é", 2000)), nil, 0, failed, []string{"its body:\n" + strings.Repeat("é", 512) + "…\nerror: "}},
		"400 binary":        {answer(400, "\x00\x01"), nil, 0, failed, []string{"its body is no text\n"}},
		"huge by its word":  {cut(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", MaxAnswer+1), false), nil, 0, failed, []string{"error: the body of the answer has more than 10 MiB\nhint: "}},
		"many headers":      {cut("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxHeaders)+"\r\n\r\n", false), nil, 0, temporary, []string{"error: no answer from ", "headers exceeded"}},
		"no host":           {nil, map[string]any{"url": "https:///path"}, 0, failed, []string{"error: the url names no host\nhint: "}},
		"another scheme":    {nil, map[string]any{"url": "file:///etc/passwd"}, 0, failed, []string{"error: the url does not begin with http"}},
		"no URL":            {nil, map[string]any{"url": map[string]any{"a": 1}}, 0, failed, []string{"error: the url "}},
		"line in a URL":     {nil, map[string]any{"url": "http://x/secret\n"}, 0, failed, []string{"error: the url is none: net/url: invalid control character in URL\n"}},
		"bad method":        {answer(200, ""), map[string]any{"method": "A B"}, 0, failed, []string{`error: invalid method "A B"`}},
		"line in a header":  {answer(200, ""), map[string]any{"headers": map[string]any{"X-Key": "secret\r\nX: y"}}, 0, failed, []string{"error: the header X-Key has a line break"}},
		"TLS without a TLS": {answer(200, ""), map[string]any{"tls": true}, 0, failed, []string{"does not speak TLS\nhint: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]any{}
			if c.handler != nil {
				s := httptest.NewServer(c.handler)
				t.Cleanup(s.Close)
				values["url"] = s.URL
			}
			for k, v := range c.values {
				if values[k] = v; k == "tls" {
					values["url"] = strings.Replace(values["url"].(string), "http:", "https:", 1)
				}
			}
			a := call(t, context.Background(), values, c.timeout)
			if a.exit != c.exit {
				t.Errorf("exit code %d, want %d", a.exit, c.exit)
			}
			for _, says := range c.says {
				if !strings.Contains(a.log, says) {
					t.Errorf("the log has no %q", says)
				}
			}
			if strings.Contains(a.log, "secret") || a.outputs != nil {
				t.Errorf("outputs %v", a.outputs)
			}
			if t.Failed() {
				t.Logf("the log is\n%s", a.log)
			}
		})
	}
}

// A body without end is not read to its end.
func TestHugeBody(t *testing.T) {
	block := bytes.Repeat([]byte("x"), 1<<16)
	a := get(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	if a.exit != failed || !strings.Contains(a.log, "error: the body of the answer has more than 10 MiB\n") || a.outputs != nil {
		t.Errorf("exit code %d\n%s", a.exit, a.log)
	}
}

// A stop ends the request at once, however long it may take.
func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s := site(t, func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})
	if a := call(t, ctx, map[string]any{"url": s.URL}, time.Hour); a.exit != interrupted || !strings.HasSuffix(a.log, "\ninterrupted\n") {
		t.Errorf("exit code %d\n%s", a.exit, a.log)
	}
}

func TestUnknownAuthority(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0) // it hears that it is not trusted
	s.StartTLS()
	defer s.Close()
	a := call(t, context.Background(), map[string]any{"url": s.URL}, 0)
	if a.exit != failed || !strings.Contains(a.log, "is not trusted: x509: certificate signed by unknown authority\nhint: ") {
		t.Errorf("exit code %d\n%s", a.exit, a.log)
	}
	// The hint helps.
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pemOf(s), 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, said := process(t, map[string]any{"url": s.URL}, "SSL_CERT_FILE="+authority); exit != 0 {
		t.Errorf("exit code %d\n%s", exit, said)
	}
}

// The proxies that the environment names are used, and said when they fail.
func TestProxy(t *testing.T) {
	var seen atomic.Value
	proxy := site(t, func(w http.ResponseWriter, r *http.Request) { seen.Store(r.URL.String()) })
	exit, said := process(t, map[string]any{"url": "http://shop.invalid/x"}, "HTTP_PROXY="+proxy.URL)
	if exit != 0 || seen.Load() != "http://shop.invalid/x" {
		t.Errorf("exit code %d, the proxy saw %v\n%s", exit, seen.Load(), said)
	}
	proxy.Close()
	exit, said = process(t, map[string]any{"url": "http://shop.invalid/x"}, "HTTP_PROXY="+proxy.URL)
	if exit != temporary || !strings.Contains(said, "error: cannot connect to shop.invalid: proxyconnect tcp: ") {
		t.Errorf("exit code %d\n%s", exit, said)
	}
}

// process makes a request in a process of its own.
func process(t *testing.T, values map[string]any, env ...string) (exit int, said string) {
	t.Helper()
	_, names := task(t, values, time.Minute)
	c := exec.Command(os.Args[0])
	c.Env = append([]string{"OPERATOR_TEST=1"}, env...)
	for _, name := range []string{"FRESHET_INPUT", "FRESHET_OUTPUT", "FRESHET_TASK_DIR"} {
		c.Env = append(c.Env, name+"="+names(name))
	}
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}
