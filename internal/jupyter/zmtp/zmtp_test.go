package zmtp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet/internal/jupyter/zmtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is the two ends of a unix socket; the second speaks what a test wants.
func pair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if ours, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

func TestMessages(t *testing.T) {
	a, b := pair(t)
	done := make(chan *zmtp.Conn)
	go func() {
		c, err := zmtp.Handshake(t.Context(), b, zmtp.Identity{Type: zmtp.Router})
		if err != nil {
			t.Error(err)
		}
		done <- c
	}()
	ca, err := zmtp.Handshake(t.Context(), a, zmtp.Identity{Type: zmtp.Dealer, Routing: []byte("me")})
	if err != nil {
		t.Fatal(err)
	}
	cb := <-done
	if cb.Peer.Type != zmtp.Dealer || string(cb.Peer.Routing) != "me" || ca.Peer.Type != zmtp.Router {
		t.Errorf("the peers are %+v and %+v", ca.Peer, cb.Peer)
	}
	for _, m := range [][][]byte{
		{{}}, {{1}}, {{}, {2}, {}}, {bytes.Repeat([]byte{3}, 255)}, {bytes.Repeat([]byte{4}, 256), {5}}, {bytes.Repeat([]byte{6}, 5_000_000)},
	} {
		go func() {
			if err := ca.Write(t.Context(), m...); err != nil {
				t.Error(err)
			}
		}()
		got, err := cb.Read()
		if err != nil || !slices.EqualFunc(m, got, bytes.Equal) {
			t.Errorf("%d frames became %d, %v", len(m), len(got), err)
		}
	}
	ca.Close()
	if _, err := cb.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

// greeted is a peer's greeting and READY.
func greeted(mechanism string) []byte {
	g := make([]byte, 64)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:], mechanism)
	return append(g, "\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"[:]...)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestNonsense(t *testing.T) {
	good := greeted("NULL")
	for name, sent := range map[string][]byte{
		"another protocol":        []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n.................."),
		"an older version":        append([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1}, make([]byte, 60)...),
		"another mechanism":       greeted("CURVE"),
		"no READY":                append(good[:64:64], 0, 1, 'x'),
		"an error":                append(good[:64:64], "\x04\x08\x05ERROR\x01x"...),
		"metadata that is cut":    append(good[:64:64], "\x04\x08\x05READY\xffx"...),
		"metadata of 4 GB":        append(good[:64:64], "\x04\x0c\x05READY\x01x\xff\xff\xff\xff"...),
		"a READY of 1 MB":         append(good[:64:64], unhex("060000000000100000")...),
		"a frame of 4 exabytes":   append(good[:len(good):len(good)], unhex("023fffffffffffffff")...),
		"a frame of all the bits": append(good[:len(good):len(good)], unhex("02ffffffffffffffff")...),
		"flags of no meaning":     append(good[:len(good):len(good)], 0x80, 1, 1),
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := pair(t)
			if _, err := theirs.Write(sent); err != nil {
				t.Fatal(err)
			}
			c, err := zmtp.Handshake(t.Context(), ours, zmtp.Identity{Type: zmtp.Dealer})
			if err == nil {
				_, err = c.Read()
			}
			if !errors.Is(err, zmtp.ErrProtocol) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// A peer that says nothing holds nobody up for ever, and one that does not
// read neither.
func TestMutePeer(t *testing.T) {
	ours, _ := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := zmtp.Handshake(ctx, ours, zmtp.Identity{Type: zmtp.Dealer}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the handshake ended with %v", err)
	}
	ours, theirs := pair(t)
	if _, err := theirs.Write(greeted("NULL")); err != nil {
		t.Fatal(err)
	}
	c, err := zmtp.Handshake(t.Context(), ours, zmtp.Identity{Type: zmtp.Dealer})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Write(ctx, make([]byte, 50_000_000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the message ended with %v", err)
	}
}

func TestPing(t *testing.T) {
	ours, theirs := pair(t)
	if _, err := theirs.Write(append(greeted("NULL"), "\x04\x0a\x04PING\x00\x01abc\x00\x01x"...)); err != nil {
		t.Fatal(err)
	}
	c, err := zmtp.Handshake(t.Context(), ours, zmtp.Identity{Type: zmtp.Req})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := c.Read(); err != nil || string(m[0]) != "x" {
		t.Errorf("behind a PING came %q, %v", m, err)
	}
	c.Close()
	said, err := io.ReadAll(theirs)
	if err != nil || !bytes.HasSuffix(said, []byte("\x04\x08\x04PONGabc")) {
		t.Errorf("the answer to PING is %q, %v", said, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(greeted("NULL"))
	f.Add(append(greeted("NULL"), 1, 1, 'a', 0, 0))
	f.Fuzz(func(t *testing.T, sent []byte) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() {
			_, _ = theirs.Write(sent)
			theirs.Close()
		}()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		c, err := zmtp.Handshake(t.Context(), ours, zmtp.Identity{Type: zmtp.Dealer})
		for err == nil {
			_, err = c.Read()
		}
	})
}
