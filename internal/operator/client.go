package operator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// newClient follows redirects as a browser does, but lets another server see
// nothing that was meant for the first one.
func newClient(r *request, log io.Writer) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxies that the environment names
	transport.MaxResponseHeaderBytes = maxHeaders
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			if r.expects(next.Response.StatusCode) {
				return http.ErrUseLastResponse // the redirect itself is what is asked for
			}
			fmt.Fprintf(log, "%s, redirected to %s\n", next.Response.Status, shown(next.URL))
			switch {
			case next.URL.Scheme != "http" && next.URL.Scheme != "https":
				return &fault{message: fmt.Sprintf("redirected to %s, which is no address of a web server", shown(next.URL))}
			case len(before) > maxRedirects:
				return &fault{message: fmt.Sprintf("redirected more than %d times", maxRedirects)}
			}
			next.Header.Del("Referer") // the last address may hold a secret
			for _, b := range before[1:] {
				if !sameServer(before[0].URL, b.URL) {
					withhold(next.Header)
				}
			}
			if !sameServer(before[0].URL, next.URL) {
				withhold(next.Header)
			}
			return nil
		},
	}
}

// shown is an address that a server has made. What follows the path is left
// out: it often lets whoever has it in.
func shown(u *url.URL) string {
	c := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if u.RawQuery != "" {
		return c.String() + "?…"
	}
	return c.String()
}

// harmless are the headers that any server may see.
var harmless = []string{"Accept", "Accept-Language", "Content-Type", "User-Agent"}

func withhold(h http.Header) {
	for name := range h {
		if !slices.Contains(harmless, name) {
			delete(h, name)
		}
	}
}

// sameServer tells whether what is sent to one address may be sent to another:
// that of the same host and port, or the same host by TLS now.
func sameServer(a, b *url.URL) bool {
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	return a.Scheme == b.Scheme && port(a) == port(b) ||
		a.Scheme == "http" && b.Scheme == "https" && port(a) == "80" && port(b) == "443"
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// unanswered says why a request got no answer. Most reasons pass.
func unanswered(err error, timeout time.Duration) error {
	host := "the server"
	var at *url.Error
	if errors.As(err, &at) {
		if u, bad := url.Parse(at.URL); bad == nil {
			host = u.Host
		}
		err = at.Err
	}
	var own *fault
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var op *net.OpError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, context.DeadlineExceeded):
		return &fault{message: fmt.Sprintf("%s did not answer within %s", host, timeout), temporary: true}
	case errors.As(err, &untrusted):
		f := &fault{message: fmt.Sprintf("the certificate of %s is not trusted: %v", host, untrusted.Err)}
		if errors.As(err, &unknown) {
			f.hint = "if it is of an authority of your own, name its certificate: `env: {SSL_CERT_FILE: /path/ca.pem}`"
		}
		return f
	case errors.Is(err, http.ErrSchemeMismatch):
		return &fault{message: host + " does not speak TLS", hint: "write http:// instead of https://, if that is safe enough"}
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return &fault{message: fmt.Sprintf("cannot connect to %s: %v", host, err), temporary: true}
	}
	return &fault{message: fmt.Sprintf("no answer from %s: %v", host, err), temporary: true}
}
