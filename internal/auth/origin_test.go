package auth_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
)

// TestNames: which requests a web page may have caused. The page of an
// attacker can make a browser call any address, under a name of its own that
// means this machine; it cannot choose Host and Origin.
func TestNames(t *testing.T) {
	const loop, all, lan = "127.0.0.1:3737", "0.0.0.0:3737", "192.168.1.5:3737"
	for _, c := range []struct {
		listen, host, origin string
		ok                   bool
	}{
		{loop, "127.0.0.1:3737", "", true},
		{loop, "localhost:3737", "", true},
		{loop, "LocalHost:3737", "", true},
		{loop, "[::1]:3737", "", true},
		{loop, "127.0.0.1:3737", "http://127.0.0.1:3737", true},
		{loop, "localhost:3737", "http://localhost:3737", true},

		{loop, "evil.example:3737", "", false},                            // rebound: the name means 127.0.0.1 now
		{loop, "evil.example:3737", "http://evil.example:3737", false},    // the same, and same-origin as the browser sees it
		{loop, "127.0.0.1.evil.example:3737", "", false},                  //
		{loop, "localhost.evil.example:3737", "", false},                  //
		{loop, "127.0.0.1:80", "", false},                                 // another server's page on this machine
		{loop, "127.0.0.1", "", false},                                    // the same, port 80
		{loop, "box:3737", "", false},                                     // the host's name, which the network gives
		{loop, "192.168.1.5:3737", "", false},                             //
		{loop, "", "", false},                                             //
		{loop, "127.0.0.1:3737", "http://evil.example", false},            // a form or fetch of a foreign page
		{loop, "127.0.0.1:3737", "http://127.0.0.1:8000", false},          // a notebook server on this machine
		{loop, "127.0.0.1:3737", "http://localhost:3737", false},          // not the origin it called
		{loop, "127.0.0.1:3737", "null", false},                           // a sandboxed frame, a file
		{loop, "127.0.0.1:3737", "http://127.0.0.1:3737.evil.ex", false},  //
		{loop, "127.0.0.1:3737", "file://", false},                        //
		{loop, "127.0.0.1:3737", "http://u@127.0.0.1:3737/../evil", true}, // no browser sends it; its host is ours

		{all, "box:3737", "", true},
		{all, "127.0.0.1:3737", "", true},
		{all, "192.168.1.5:3737", "", true}, // the address that was called
		{all, "10.0.0.1:3737", "", false},   // another one
		{all, "192.168.1.5:80", "", false},
		{all, "evil.example:3737", "", false},
		{all, "proxy.example:443", "", true},
		{all, "proxy.example", "", false}, // port 80
		{all, "named:3737", "", true},
		{lan, "192.168.1.5:3737", "", true},
		{lan, "evil.example:3737", "", false},
	} {
		n, err := auth.NewNames(c.listen, "box", map[string][]string{all: {"proxy.example:443", "named"}}[c.listen]...)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/api/v1/server", nil)
		r.Host = c.host
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(192, 168, 1, 5), Port: 3737})))
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if err := n.Check(r); (err == nil) != c.ok || err != nil && freshet.CodeOf(err) != freshet.Forbidden {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestNamesOfTLS(t *testing.T) {
	n, err := auth.NewNames("0.0.0.0:443", "box")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Host, r.TLS = "box", &tls.ConnectionState{}
	if err := n.Check(r); err != nil {
		t.Error(err)
	}
	if _, err := auth.NewNames("nothing", ""); freshet.CodeOf(err) != freshet.Invalid {
		t.Error(err)
	}
}
