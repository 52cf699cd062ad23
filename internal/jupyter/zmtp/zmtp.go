// Package zmtp speaks as much of ZeroMQ's message transport protocol 3.0
// (https://rfc.zeromq.org/spec/23/) as kernels need: one connection, the NULL
// mechanism, messages of several frames. A Conn is no ZeroMQ socket: it has
// no queue, no reconnection and no high-water mark, so it can lose nothing,
// and what it takes from its peer is what its reader has asked for.
package zmtp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// MaxMessage is the largest message that is read, in bytes. What says to be
// larger is nonsense, or would not fit into memory.
const MaxMessage = 1 << 30

// Socket types, as the peers tell each other.
const (
	Dealer = "DEALER"
	Router = "ROUTER"
	Pub    = "PUB"
	Sub    = "SUB"
	Req    = "REQ"
	Rep    = "REP"
)

// ErrProtocol is in the chain of every error about what the peer sent.
var ErrProtocol = errors.New("the peer does not speak ZMTP 3")

// Identity is what one side says of itself in the handshake.
type Identity struct {
	Type    string // socket type
	Routing []byte // the address that a ROUTER gives its peer; it makes one up if empty
}

// Conn is one connection after its handshake. Read is for one goroutine,
// Write and Close are for any.
type Conn struct {
	Peer Identity

	conn  net.Conn
	in    *bufio.Reader
	write sync.Mutex
}

// Dial connects and shakes hands.
func Dial(ctx context.Context, network, address string, self Identity) (*Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c, err := Handshake(ctx, conn, self)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// Handshake makes a connection of ZMTP of conn. It is the same for both sides.
func Handshake(ctx context.Context, conn net.Conn, self Identity) (*Conn, error) {
	c := &Conn{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err := c.shake(self)
	if !stop() {
		return nil, errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		return nil, fmt.Errorf("shake hands: %w", err)
	}
	return c, nil
}

func (c *Conn) shake(self Identity) error {
	if _, err := c.conn.Write(greeting()); err != nil {
		return err
	}
	if err := c.greeted(); err != nil {
		return err
	}
	if err := c.command("READY", self.properties()); err != nil {
		return err
	}
	flags, body, err := c.frame(1 << 16)
	if err != nil {
		return err
	}
	name, rest := commandOf(body)
	switch {
	case flags&flagCommand == 0 || name != "READY" && name != "ERROR":
		return fmt.Errorf("%w: it does not begin with READY", ErrProtocol)
	case name == "ERROR":
		return fmt.Errorf("%w: it refuses the connection: %.100q", ErrProtocol, rest)
	}
	c.Peer, err = identityOf(rest)
	return err
}

func greeting() []byte {
	g := make([]byte, 64)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:], "NULL")
	return g
}

func (c *Conn) greeted() error {
	var g [64]byte
	if _, err := io.ReadFull(c.in, g[:]); err != nil {
		return err
	}
	mechanism := string(bytes.TrimRight(g[12:32], "\x00"))
	switch {
	case g[0] != 0xff || g[9] != 0x7f || g[10] < 3:
		return fmt.Errorf("%w: its greeting is %x", ErrProtocol, g[:12])
	case mechanism != "NULL":
		return fmt.Errorf("%w: it asks for the security mechanism %q", ErrProtocol, mechanism)
	}
	return nil
}

func (id Identity) properties() []byte {
	b := property(nil, "Socket-Type", []byte(id.Type))
	if id.Type == Dealer || id.Type == Req || id.Type == Router {
		b = property(b, "Identity", id.Routing)
	}
	return b
}

func property(b []byte, name string, value []byte) []byte {
	b = append(append(b, byte(len(name))), name...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

func identityOf(b []byte) (Identity, error) {
	var id Identity
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n+4 {
			return id, fmt.Errorf("%w: its metadata is cut off", ErrProtocol)
		}
		name, rest := b[1:1+n], b[1+n:]
		size := uint64(binary.BigEndian.Uint32(rest))
		if rest = rest[4:]; uint64(len(rest)) < size {
			return id, fmt.Errorf("%w: its metadata is cut off", ErrProtocol)
		}
		switch value := rest[:size]; {
		case bytes.EqualFold(name, []byte("Socket-Type")):
			id.Type = string(value)
		case bytes.EqualFold(name, []byte("Identity")):
			id.Routing = value
		}
		b = rest[size:]
	}
	return id, nil
}

// Close ends the connection; a Read or Write that waits returns an error.
func (c *Conn) Close() error { return c.conn.Close() }
