package jupyter

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/freshet/freshet/internal/jupyter/zmtp"
)

// ClientOptions say how a client deals with its kernel. The zero value is
// what a notebook needs.
type ClientOptions struct {
	// Other gets the messages of iopub that belong to no request which is being
	// waited for: late output, messages of widgets. It is called by the
	// goroutine that calls the handlers of Execute. nil drops them.
	Other func(*Message)
	// Patience is how long the reply, or the word that the kernel is idle, may
	// stay away when the other one is there and nothing else comes: 10 s.
	Patience time.Duration
	// Beat is the time between two heartbeats: 1 s.
	Beat time.Duration
	// Lost is after how much silence of its heart a kernel is given up. 0 never
	// does: a kernel that is stopped or starved is not dead, and whether its
	// process is alive is known by other means.
	Lost time.Duration
	// Memory is how many bytes of output wait in memory when they are handled
	// more slowly than they come: 8 MB. What is more waits in a file in SpillDir.
	Memory   int
	SpillDir string
}

func (o ClientOptions) filled() ClientOptions {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Beat == 0 {
		o.Beat = time.Second
	}
	if o.Memory == 0 {
		o.Memory = 8 << 20
	}
	return o
}

// Peer is a kernel that somebody else started.
type Peer struct {
	Name string // for errors
	PID  int    // of its process on this machine, 0 where it is not known
	Spec *Spec  // how it was started; nil interrupts by message
	// Exited is sent how the process ended, by whoever waits for it; nil where
	// nobody says so.
	Exited <-chan Exit
	ClientOptions
}

// Dropped counts messages that were not believed or not understood.
type Dropped struct{ BadSignature, Malformed, Unasked int64 }

// Client speaks to one kernel.
type Client struct {
	options ClientOptions
	name    string
	pid     int
	signal  func(syscall.Signal) error // nil interrupts by message
	where   Connection
	session *Session
	child   *child // nil: somebody else's kernel
	exited  <-chan Exit

	iopub, shell, control *zmtp.Conn
	output                *queue

	mu      sync.Mutex
	waiting map[string]*waiting
	stdin   *zmtp.Conn // there since somebody wanted to be asked
	closing bool       // the end of the connections is nothing new

	heard   chan struct{} // closed at the first message of iopub
	hear    sync.Once
	dead    chan struct{} // closed when the kernel is gone; deathErr says why
	die     sync.Once
	death   error
	stop    context.CancelFunc // of the goroutines that beat and watch
	running sync.WaitGroup
	beaten  atomic.Int64  // when its heart was last heard, in Unix nanoseconds
	said    chan struct{} // closed when no more replies come and all output was handled

	ipython atomic.Bool // it has said that it is an ipykernel

	badSignature, malformed, unasked atomic.Int64
}

// waiting is a request whose answers are waited for.
type waiting struct {
	reply  chan *Message // one
	idle   chan struct{} // closed when the kernel has finished it
	once   sync.Once
	mu     sync.Mutex // held while handle runs
	handle func(*Message)
	input  Input
	last   atomic.Int64 // when iopub last spoke of it, in Unix nanoseconds
}

// Connect speaks to a kernel that is running. It waits for its sockets until
// ctx ends.
func Connect(ctx context.Context, where Connection, peer Peer) (*Client, error) {
	if err := where.check(); err != nil {
		return nil, err
	}
	c := newClient(where, peer.Name, peer.ClientOptions)
	c.exited = peer.Exited
	if c.pid = peer.PID; peer.PID != 0 && peer.Spec != nil && !peer.Spec.ByMessage() {
		c.signal = signalOf(peer.PID)
	}
	if err := c.connect(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// signalOf reaches the group of a kernel that leads one, else the kernel.
func signalOf(pid int) func(syscall.Signal) error {
	return func(s syscall.Signal) error {
		if group, err := syscall.Getpgid(pid); err == nil && group == pid {
			return syscall.Kill(-pid, s)
		}
		return syscall.Kill(pid, s)
	}
}

func newClient(where Connection, name string, o ClientOptions) *Client {
	o = o.filled()
	if name == "" {
		name = where.KernelName
	}
	return &Client{
		options: o, name: name, where: where, session: NewSession(where.Key),
		output: newQueue(o.Memory, o.SpillDir), waiting: map[string]*waiting{},
		heard: make(chan struct{}), said: make(chan struct{}), dead: make(chan struct{}), stop: func() {},
	}
}

// connect dials until the kernel's sockets are there. iopub comes first, so
// that nothing is missed of what the others set off.
func (c *Client) connect(ctx context.Context) error {
	began := time.Now()
	var err error
	if c.iopub, err = c.dial(ctx, IOPub, zmtp.Sub); err == nil {
		err = c.iopub.Subscribe(ctx, "")
	}
	if err == nil {
		c.shell, err = c.dial(ctx, Shell, zmtp.Dealer)
	}
	if err == nil {
		c.control, err = c.dial(ctx, Control, zmtp.Dealer)
	}
	switch {
	case err == nil:
		c.begin()
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &Failure{Kind: NotReady, Kernel: c.name, After: time.Since(began).Round(time.Millisecond), Err: err}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case KindOf(err) == Died:
		return err
	}
	return &Failure{Kind: Protocol, Kernel: c.name, Err: err}
}

// begin starts what runs as long as the client does.
func (c *Client) begin() {
	background, stop := context.WithCancel(context.Background())
	c.stop = stop
	var said sync.WaitGroup
	until := func(read func() error) {
		err := read()
		said.Done()
		c.lost(err)
	}
	said.Add(2)
	c.running.Go(c.readOutput)
	c.running.Go(func() { until(c.giveOutput) })
	c.running.Go(func() { until(func() error { return c.readReplies(Shell, c.shell) }) })
	c.running.Go(func() { c.lost(c.readReplies(Control, c.control)) })
	c.running.Go(func() { said.Wait(); close(c.said) })
	c.running.Go(func() { c.beat(background) })
	if c.pid != 0 && c.child == nil {
		c.running.Go(func() { c.watch(background) })
	}
	if c.exited != nil {
		c.running.Go(func() {
			select {
			case e := <-c.exited:
				c.ended(&Failure{Kind: Died, Kernel: c.name, Exit: &e})
			case <-background.Done():
			}
		})
	}
}

// dial tries again and again, in milliseconds: a kernel takes a while until
// it has made its sockets, and says nothing when it has.
func (c *Client) dial(ctx context.Context, channel Channel, kind string) (*zmtp.Conn, error) {
	network, address := c.where.Address(channel)
	id := zmtp.Identity{Type: kind}
	if kind == zmtp.Dealer {
		id.Routing = []byte(c.session.ID) // one for shell and stdin: so the kernel finds whom to ask
	}
	for pause := time.Millisecond; ; pause = min(pause*5/4, 10*time.Millisecond) {
		conn, err := zmtp.Dial(ctx, network, address, id)
		if err == nil || errors.Is(err, zmtp.ErrProtocol) {
			return conn, err
		}
		if c.pid != 0 && c.child == nil && syscall.Kill(c.pid, 0) == syscall.ESRCH {
			return nil, &Failure{Kind: Died, Kernel: c.name, Err: err} // nobody will make them
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// Close lets go of the kernel without ending it.
func (c *Client) Close() {
	c.mu.Lock()
	c.closing = true
	stdin := c.stdin
	c.mu.Unlock()
	c.stop()
	c.ended(net.ErrClosed)
	for _, conn := range []*zmtp.Conn{c.iopub, c.shell, c.control, stdin} {
		if conn != nil {
			conn.Close()
		}
	}
	c.running.Wait()
	c.output.close()
}

// Dropped counts the messages that were dropped so far.
func (c *Client) Dropped() Dropped {
	return Dropped{c.badSignature.Load(), c.malformed.Load(), c.unasked.Load()}
}

// Dead is closed when the kernel is known to be gone.
func (c *Client) Dead() <-chan struct{} { return c.dead }

// ended records, once, that and why nothing more comes from the kernel.
func (c *Client) ended(why error) {
	c.die.Do(func() {
		c.death = why
		close(c.dead)
	})
}

// lost is called when a connection ended. Where somebody waits for the
// kernel's process, how that ended says more.
func (c *Client) lost(err error) {
	c.mu.Lock()
	closing := c.closing
	c.mu.Unlock()
	f := &Failure{Kind: Died, Kernel: c.name}
	switch {
	case closing:
	case errors.Is(err, zmtp.ErrProtocol):
		f.Kind, f.Err = Protocol, err
	case c.child != nil || c.exited != nil:
		select {
		case <-c.dead:
			return // who waits for it has said how it ended
		case <-time.After(2 * time.Second):
			f.Err = errors.New("it closed its connections, and its process goes on")
		}
	case c.pid != 0 && alive(c.pid):
		f.Err = errors.New("it closed its connections")
	}
	c.ended(f)
}

// watch looks whether somebody else's process is there. Its connections say
// so at once, except where a process that it forked holds them.
func (c *Client) watch(ctx context.Context) {
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if !alive(c.pid) {
				c.lost(nil)
				return
			}
		}
	}
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// read checks and reads a message, and counts those that are dropped.
func (c *Client) read(channel Channel, frames [][]byte) *Message {
	m, _, err := c.session.Read(channel, frames)
	switch {
	case err == nil:
		return m
	case errors.Is(err, errSignature):
		c.badSignature.Add(1)
	default:
		c.malformed.Add(1)
	}
	return nil
}
