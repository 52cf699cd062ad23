package auth

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/freshet/freshet"
)

// Names are the names under which a listener is called. A web page can make a
// browser send requests to any address, and, by giving its own name this
// machine's address, even read the answers; but it can neither choose the
// Host header freely nor hide its Origin.
type Names struct {
	port  string
	names map[string]bool // lower case
	any   bool            // the listener takes calls from other machines
}

// NewNames are the names of a listener at host:port: those of the loopback
// interface, the host itself, and for a listener that other machines can
// reach also its host name, further names (such as that of a proxy before it,
// with a port if it has another) and the address that was called.
func NewNames(listen, hostname string, further ...string) (*Names, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, freshet.Errorf(freshet.Invalid, "%q is no address to listen at", listen).WithHint("it looks like 127.0.0.1:3737")
	}
	n := &Names{port: port, names: map[string]bool{}}
	add := func(name string) {
		if name != "" {
			n.names[strings.ToLower(name)] = true
		}
	}
	for _, name := range []string{"127.0.0.1", "localhost", "::1", host} {
		add(net.JoinHostPort(name, port))
	}
	addr, err := netip.ParseAddr(host)
	n.any = host != "localhost" && (err != nil || !addr.IsLoopback())
	if n.any && hostname != "" {
		add(net.JoinHostPort(hostname, port))
	}
	for _, name := range further {
		if _, _, err := net.SplitHostPort(name); err != nil {
			name = net.JoinHostPort(strings.Trim(name, "[]"), port)
		}
		add(name)
	}
	return n, nil
}

// Check refuses a request that a foreign web page may have caused.
func (n *Names) Check(r *http.Request) error {
	if !n.called(r) {
		return freshet.Errorf(freshet.Forbidden, "this server is not called %q", r.Host).
			WithHint("call it by the address that it listens at, or have the proxy before it send that address as Host")
	}
	origin, sent := r.Header["Origin"]
	if !sent {
		return nil
	}
	if u, err := url.Parse(strings.Join(origin, ",")); err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
		return freshet.Errorf(freshet.Forbidden, "requests from pages of %q are refused", strings.Join(origin, ",")).
			WithHint("only pages that this server itself has sent may call it")
	}
	return nil
}

// called tells whether the request calls the server by one of its names.
func (n *Names) called(r *http.Request) bool {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil { // no port: that of the scheme
		host, port = strings.Trim(r.Host, "[]"), "80"
		if r.TLS != nil {
			port = "443"
		}
	}
	if n.names[strings.ToLower(net.JoinHostPort(host, port))] {
		return true
	}
	if !n.any || port != n.port {
		return false
	}
	// An address, unlike a name, cannot be made to mean this machine.
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	tcp, ok := local.(*net.TCPAddr)
	return ok && tcp.AddrPort().Addr().Unmap() == addr.Unmap()
}
