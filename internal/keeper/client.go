package keeper

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/freshet/freshet"
)

// ErrBroken says that the connection ended before the answer came: what was
// asked may have been done or not.
var ErrBroken = errors.New("the connection to the keeper is broken")

// ErrBusy says that the keeper holds something and does not leave.
var ErrBusy = errors.New("the keeper holds attempts")

// greetPatience is for how long a keeper may take to greet: one that hangs
// still listens.
const greetPatience = 8 * time.Second

// ErrSilent says that a keeper is there and does not answer.
var ErrSilent = fmt.Errorf("it does not answer within %s", greetPatience)

// Client is a server's side of a connection to a keeper.
type Client struct {
	Hello Hello // of the keeper

	hello  Hello // ours
	conn   *net.UnixConn
	notice func(State)
	gone   func(Gone) // guarded by mu
	broken chan struct{}

	mu      sync.Mutex
	next    int64
	pending map[int64]chan message
	out     []byte
	spare   []byte
	writing bool
	closed  bool
}

// Dial connects to the keeper of a home. Notices are handed over one by one,
// in the order in which they happened, by one goroutine; they begin before
// Dial returns. Where no keeper listens the error is not ErrBroken, and it is
// ErrSilent where one listens and hangs.
func Dial(home, version string, notice func(State)) (*Client, error) {
	i, err := placeOf(home).read()
	if err != nil {
		return nil, err
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: i.Socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", i, err)
	}
	if uid, err := peerUID(conn); err != nil || uid != os.Getuid() {
		conn.Close()
		return nil, fmt.Errorf("connect to %s: it belongs to another account", i)
	}
	c := &Client{conn: conn, notice: notice, broken: make(chan struct{}), pending: map[int64]chan message{}}
	go c.read()
	c.hello = Hello{Protocol: Protocol, Version: version, Subscribe: notice != nil}
	ctx, cancel := context.WithTimeout(context.Background(), greetPatience)
	defer cancel()
	m, err := c.do(ctx, request{Op: opHello, Hello: &c.hello})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		c.Close()
		return nil, fmt.Errorf("greet %s: %w", i, ErrSilent)
	case err != nil || m.Hello == nil:
		c.Close()
		return nil, fmt.Errorf("greet %s: %w", i, errors.Join(err, ErrBroken))
	}
	c.Hello = *m.Hello
	return c, nil
}

// Launch starts a keeper for the home, in a session of its own, and waits
// until it listens: command is the program and its arguments. It says ErrHeld
// where the home has got one meanwhile. The caller is its parent and may have
// to wait for it, see Collect.
func Launch(home string, command, env []string) (pid int, err error) {
	p := placeOf(home)
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return 0, fmt.Errorf("make the keeper's directory: %w", err)
	}
	log, err := os.OpenFile(p.path("keeper.log"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 0, fmt.Errorf("open the keeper's log: %w", err)
	}
	defer log.Close()
	ready, tell, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer ready.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = "/", env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{tell} // ReadyFD
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	tell.Close()
	if err != nil {
		return 0, fmt.Errorf("start a keeper: %w", err)
	}
	pid = cmd.Process.Pid
	said := make([]byte, 1024)
	n, _ := ready.Read(said)
	switch line := string(said[:n]); {
	case line == readyLine:
		_ = cmd.Process.Release()
		return pid, nil
	case strings.TrimSpace(line) == ErrHeld.Error():
		_ = cmd.Wait()
		return 0, ErrHeld
	default:
		_ = cmd.Wait()
		return 0, fmt.Errorf("start a keeper: it ended at once, see %s: %s", log.Name(), strings.TrimSpace(line))
	}
}

// ReadyFD is the descriptor that Launch gives a keeper as Config.Ready.
const ReadyFD = 3

// Collect waits for a keeper that this process launched, if it has ended.
func Collect(pid int) {
	_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
}

// Start has an attempt started unless its key is held. The keeper has written
// it down when Start returns; what comes of it comes as notices.
func (c *Client) Start(ctx context.Context, s Start) (State, error) {
	return c.one(ctx, request{Op: opStart, Start: &s, Raw: rawOf(&s)})
}

// Stop ends an attempt, or sees to it that one which comes later never starts.
func (c *Client) Stop(ctx context.Context, k freshet.Key, grace time.Duration) (State, error) {
	return c.one(ctx, request{Op: opStop, Stop: &Stop{Key: k, Grace: grace}})
}

// List is all that the keeper holds.
func (c *Client) List(ctx context.Context) ([]State, error) {
	m, err := c.do(ctx, request{Op: opList})
	return m.States, err
}

// Release lets the keeper forget attempts whose ends are written down.
func (c *Client) Release(ctx context.Context, keys []freshet.Key) error {
	_, err := c.do(ctx, request{Op: opRelease, Keys: keys})
	return err
}

// Quit asks the keeper to leave; ErrBusy if it holds something.
func (c *Client) Quit(ctx context.Context) error {
	m, err := c.do(ctx, request{Op: opQuit})
	if m.Error == errBusy {
		return ErrBusy
	}
	if errors.Is(err, ErrBroken) { // it left before the answer did
		return nil
	}
	return err
}

// Ping waits until the keeper answers.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, request{Op: opHello, Hello: &c.hello})
	return err
}

// Broken is closed when the connection has ended.
func (c *Client) Broken() <-chan struct{} { return c.broken }

// Close ends the connection, and with it the client's goroutine. The keeper
// and all it holds go on.
func (c *Client) Close() {
	c.conn.Close()
	<-c.broken
}

func (c *Client) one(ctx context.Context, r request) (State, error) {
	m, err := c.do(ctx, r)
	if m.Error == errLeaving { // nothing was done, and the connection is about to end
		select {
		case <-c.broken:
			return State{}, ErrBroken
		case <-ctx.Done():
			return State{}, ctx.Err()
		}
	}
	if err != nil {
		return State{}, err
	}
	if len(m.States) != 1 {
		return State{}, fmt.Errorf("%s: %d states in the answer", r.Op, len(m.States))
	}
	return m.States[0], nil
}

func (c *Client) do(ctx context.Context, r request) (message, error) {
	answer := make(chan message, 1)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return message{}, ErrBroken
	}
	c.next++
	r.ID = c.next
	before := len(c.out)
	c.out = appendFrame(c.out, &r)
	if len(c.out)-before > maxFrame { // the keeper would hang up, on everybody
		c.out = c.out[:before]
		c.mu.Unlock()
		return message{}, fmt.Errorf("%s: %w", r.Op, errTooLong)
	}
	c.pending[r.ID] = answer
	c.flush()
	select {
	case m, ok := <-answer:
		if !ok {
			return m, ErrBroken
		}
		if m.Error != "" {
			return m, fmt.Errorf("%s: the keeper says: %s", r.Op, m.Error)
		}
		return m, nil
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.pending, r.ID)
		c.mu.Unlock()
		return message{}, ctx.Err()
	}
}

// flush writes what there is. While one caller writes, others only add: the
// next write takes all of it. Called with mu held; returns without it.
func (c *Client) flush() {
	defer c.mu.Unlock()
	if c.writing {
		return
	}
	c.writing = true
	for len(c.out) > 0 && !c.closed {
		out := c.out
		c.out = c.spare[:0]
		c.mu.Unlock()
		_, err := c.conn.Write(out)
		c.mu.Lock()
		if c.spare = out; cap(out) > 1<<20 {
			c.spare = nil
		}
		if err != nil {
			c.conn.Close() // the reader tells everybody
			break
		}
	}
	c.writing = false
}

func (c *Client) read() {
	defer close(c.broken)
	in := newFrames(c.conn)
	for {
		var m message
		if err := in.next(&m); err != nil {
			break
		}
		if m.Notice != nil {
			if c.notice != nil {
				c.notice(*m.Notice)
			}
			continue
		}
		c.mu.Lock()
		if m.Gone != nil {
			gone := c.gone
			c.mu.Unlock()
			if gone != nil {
				gone(*m.Gone)
			}
			continue
		}
		answer := c.pending[m.ID]
		delete(c.pending, m.ID)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
	c.conn.Close()
	c.mu.Lock()
	c.closed = true
	for _, answer := range c.pending {
		close(answer)
	}
	clear(c.pending)
	c.mu.Unlock()
}
