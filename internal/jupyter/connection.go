package jupyter

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/freshet/freshet"
)

// The transports of kernels.
const (
	IPC = "ipc" // unix sockets in a private directory
	TCP = "tcp" // loopback, or another machine for a kernel that somebody else started
)

// Connection is a connection file: where a kernel listens, and the key that
// signs its messages.
type Connection struct {
	Transport       string `json:"transport"`
	IP              string `json:"ip"` // of ipc the path before "-PORT"
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HeartbeatPort   int    `json:"hb_port"`
	Key             string `json:"key"`
	SignatureScheme string `json:"signature_scheme"`
	KernelName      string `json:"kernel_name,omitempty"`
}

// ReadConnection reads a connection file.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	b, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the connection file: %w", err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("read the connection file %s: %w", path, err)
	}
	return c, c.check()
}

func (c Connection) check() error {
	switch {
	case c.Transport != IPC && c.Transport != TCP:
		return freshet.Errorf(freshet.Invalid, "a kernel's transport is ipc or tcp, not %q", c.Transport)
	case c.Key != "" && c.SignatureScheme != "" && c.SignatureScheme != "hmac-sha256":
		return freshet.Errorf(freshet.Invalid, "a kernel's messages are signed by hmac-sha256, not by %q", c.SignatureScheme)
	}
	return nil
}

// Write writes the connection file. Only its owner can read it: whoever has
// the key can run code in the kernel.
func (c Connection) Write(path string) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the connection file: %w", err)
	}
	if _, err := f.Write(append(b, '\n')); err != nil {
		f.Close()
		return fmt.Errorf("write the connection file: %w", err)
	}
	return f.Close()
}

// Address is where a channel's socket is, as net.Dial takes it.
func (c Connection) Address(channel Channel) (network, address string) {
	port := map[Channel]int{
		Shell: c.ShellPort, IOPub: c.IOPubPort, Stdin: c.StdinPort, Control: c.ControlPort, Heartbeat: c.HeartbeatPort,
	}[channel]
	if c.Transport == IPC {
		return "unix", c.IP + "-" + strconv.Itoa(port)
	}
	host := c.IP
	if host == "" || host == "*" || host == "0.0.0.0" {
		host = "127.0.0.1"
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(port))
}

// newConnection makes up a key and the places for a kernel that starts. Ports
// of tcp were free a moment ago; whoever starts a kernel tries again.
func newConnection(transport, prefix, kernel string) (Connection, error) {
	c := Connection{
		Transport: transport, Key: random(16), SignatureScheme: "hmac-sha256", KernelName: kernel,
		IP: prefix, ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HeartbeatPort: 5,
	}
	if transport == IPC {
		return c, nil
	}
	c.IP = "127.0.0.1"
	for _, port := range []*int{&c.ShellPort, &c.IOPubPort, &c.StdinPort, &c.ControlPort, &c.HeartbeatPort} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return c, fmt.Errorf("find a port for a kernel: %w", err)
		}
		defer l.Close() // after the loop, so that five are found
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return c, nil
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
