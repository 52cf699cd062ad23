package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/setting"
)

// connect makes a client of the server that the settings name: the one that
// was set, else the one that serves the home, else the default.
func (a *app) connect(patience time.Duration) (*client.Client, error) {
	s, values, err := a.settings(nil)
	if err != nil {
		return nil, err
	}
	recorded := recordedServer(s.Home)
	if !given(values, "server") && recorded.URL != "" {
		s.Server = recorded.URL
	}
	token := s.Token
	if token == "" && (s.Server == recorded.URL || loopback(s.Server)) {
		if token, err = homeToken(s.Home); err != nil {
			return nil, err
		}
	}
	return client.New(client.Config{
		URL: s.Server, Token: token, UserAgent: "freshet/" + a.Version, Patience: patience, HTTPClient: a.httpClient(s.Server),
		Traceparent: freshet.Traceparent(a.env("TRACEPARENT")),
	})
}

func given(values []setting.Value, name string) bool {
	for _, v := range values {
		if v.Name == name {
			return v.Given()
		}
	}
	return false
}

// recordedServer is what the server of a home wrote down about itself; empty
// if there never was one.
func recordedServer(home string) freshet.Server {
	var s freshet.Server
	if text, err := os.ReadFile(filepath.Join(home, "server.json")); err == nil {
		if json.Unmarshal(text, &s) != nil {
			return freshet.Server{}
		}
	}
	return s
}

// homeToken is the token of a home, empty if no server has made one yet.
func homeToken(home string) (string, error) {
	text, err := os.ReadFile(filepath.Join(home, "token"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", freshet.Errorf(freshet.Unauthed, "the token of the home cannot be read: %s", err).
			WithHint("run the command as the user who started the server, or set FRESHET_TOKEN")
	}
	return strings.TrimSpace(string(text)), nil
}

// loopback tells whether a server is on this machine. A home's token goes
// nowhere else unless somebody says so with FRESHET_TOKEN.
func loopback(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
