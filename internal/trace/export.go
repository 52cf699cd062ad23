package trace

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/freshet/freshet"
)

// exporter speaks OTLP over HTTP, in protobuf. The exporter of the
// OpenTelemetry SDK would bring gRPC with it, which every command would pay for
// as it starts.
type exporter struct {
	url    string
	header http.Header
	gzip   bool
	client *http.Client
}

// patience is for how long a collector that is overloaded is asked again.
const patience = 30 * time.Second

// newExporter reads the standard variables. What is said of traces goes before
// what is said of everything.
func newExporter(env func(name string) string) (*exporter, error) {
	get := func(name string) string {
		return cmp.Or(env("OTEL_EXPORTER_OTLP_TRACES_"+name), env("OTEL_EXPORTER_OTLP_"+name))
	}
	if p := cmp.Or(get("PROTOCOL"), "http/protobuf"); p != "http/protobuf" {
		return nil, freshet.Errorf(freshet.Invalid, "OTEL_EXPORTER_OTLP_PROTOCOL: %s is not spoken here", p).
			WithHint("set it to http/protobuf, and the endpoint to the collector's port for that, by default 4318")
	}
	target := env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if target == "" {
		target = strings.TrimRight(env("OTEL_EXPORTER_OTLP_ENDPOINT"), "/") + "/v1/traces"
	}
	if u, err := url.Parse(target); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, freshet.Errorf(freshet.Invalid, "the endpoint for traces is not an URL").WithHint("it looks like http://127.0.0.1:4318")
	}
	timeout := 10 * time.Second
	if ms, err := strconv.Atoi(get("TIMEOUT")); err == nil && ms > 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	secure, err := secured(get("CERTIFICATE"), get("CLIENT_CERTIFICATE"), get("CLIENT_KEY"))
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = secure
	x := &exporter{url: target, gzip: get("COMPRESSION") == "gzip", header: http.Header{}, client: &http.Client{Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}} // the headers are for nobody else
	for _, p := range pairs(get("HEADERS")) {
		x.header.Set(p[0], p[1])
	}
	x.header.Set("Content-Type", "application/x-protobuf")
	if x.gzip {
		x.header.Set("Content-Encoding", "gzip")
	}
	return x, nil
}

// secured is how the collector is known, and how it knows us; nil: as usual.
func secured(authority, certificate, key string) (*tls.Config, error) {
	if authority == "" && certificate == "" {
		return nil, nil
	}
	c := &tls.Config{}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, fmt.Errorf("read OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, freshet.Errorf(freshet.Invalid, "%s, which OTEL_EXPORTER_OTLP_CERTIFICATE names, holds no certificate", authority)
		}
	}
	if certificate != "" {
		own, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("read OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: %w", err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}

// pairs reads a list such as a=1,b=2, as headers and attributes are given.
func pairs(text string) (list [][2]string) {
	for part := range strings.SplitSeq(text, ",") {
		name, v, found := strings.Cut(part, "=")
		name, v = strings.TrimSpace(name), strings.TrimSpace(v)
		if plain, err := url.PathUnescape(v); err == nil {
			v = plain
		}
		if found && name != "" {
			list = append(list, [2]string{name, v})
		}
	}
	return list
}

// upload sends spans. A collector that says that it is overloaded is asked
// again for a while; any other trouble is an error at once.
func (x *exporter) upload(ctx context.Context, spans *pb.ResourceSpans) error {
	// On the wire this is the same as a request to export them.
	body, err := proto.Marshal(&pb.TracesData{ResourceSpans: []*pb.ResourceSpans{spans}})
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	if x.gzip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(body) // into memory
		_ = z.Close()
		body = b.Bytes()
	}
	begin := time.Now()
	for wait := time.Second; ; wait = min(2*wait, 5*time.Second) {
		again, err := x.post(ctx, body)
		if err == nil || !again || time.Since(begin)+wait > patience {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// post makes one request; again tells whether it is worth another.
func (x *exporter) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header = x.header.Clone()
	resp, err := x.client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // and the connection can be used again
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	if resp.StatusCode/100 != 2 {
		return again, fmt.Errorf("%s: %s", resp.Status, said)
	}
	return false, nil
}
