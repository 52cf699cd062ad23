package jupytertest

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/zmtp"
)

// Step is one thing that a scripted kernel does when a request comes.
type Step struct {
	Channel      jupyter.Channel // where it sends; empty sends nothing
	Type         string
	Content      any
	Parent       string // id of the request that it claims to answer; empty is the one that came
	Buffers      [][]byte
	BadSignature bool
	Raw          [][]byte // frames that are sent as they are, in place of all that
	Do           func(s *Scripted)
}

// Busy and Idle are the words of iopub around a request.
func Busy() Step { return state("busy") }

// Idle says that the request is done.
func Idle() Step { return state("idle") }

func state(s string) Step {
	return Step{Channel: jupyter.IOPub, Type: "status", Content: map[string]string{"execution_state": s}}
}

// Stream is text on stdout.
func Stream(text string) Step {
	return Step{Channel: jupyter.IOPub, Type: "stream", Content: map[string]string{"name": "stdout", "text": text}}
}

// Reply is the reply to an execution.
func Reply(status string) Step {
	return Step{Channel: jupyter.Shell, Type: "execute_reply", Content: map[string]any{"status": status, "execution_count": 1}}
}

// Of makes the step claim to answer another request.
func (s Step) Of(parent string) Step { s.Parent = parent; return s }

// Forged signs the step with another key.
func (s Step) Forged() Step { s.BadSignature = true; return s }

// Script is what a scripted kernel does, by the code of an execute_request or
// else by the type of the request. What stands in no script is answered as a
// good kernel would.
type Script map[string][]Step

// Scripted is a kernel that plays scripts.
type Scripted struct {
	Connection jupyter.Connection
	t          testing.TB
	script     Script
	fragment   int
	session    *jupyter.Session
	forger     *jupyter.Session

	running sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	ears    []net.Listener
	conns   []*zmtp.Conn
	heard   []*zmtp.Conn // iopub, those that have subscribed
	asked   map[string]chan *jupyter.Message
	mute    bool // its heart
}

// NewScripted starts a scripted kernel on unix sockets. With fragment > 0 it
// writes that many bytes at a time.
func NewScripted(t testing.TB, script Script, fragment int) *Scripted {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "scripted-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Scripted{
		t: t, script: script, fragment: fragment, session: jupyter.NewSession("key"), forger: jupyter.NewSession("other"),
		asked: map[string]chan *jupyter.Message{},
		Connection: jupyter.Connection{
			Transport: jupyter.IPC, IP: filepath.Join(dir, "k"), Key: "key", SignatureScheme: "hmac-sha256", KernelName: "scripted",
			ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HeartbeatPort: 5,
		},
	}
	t.Cleanup(func() {
		s.Close()
		s.running.Wait()
		os.RemoveAll(dir)
	})
	s.listen(jupyter.Shell, zmtp.Router, s.serve)
	s.listen(jupyter.Control, zmtp.Router, s.serve)
	s.listen(jupyter.Stdin, zmtp.Router, s.serve)
	s.listen(jupyter.IOPub, zmtp.Pub, s.publish)
	s.listen(jupyter.Heartbeat, zmtp.Rep, s.beat)
	return s
}

// Close ends all connections at once, as the death of a process does.
func (s *Scripted) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, l := range s.ears {
		l.Close()
	}
	for _, c := range s.conns {
		c.Close()
	}
}

// StopHeart lets no heartbeat be answered any more.
func (s *Scripted) StopHeart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = true
}

// Asked waits for a request of a type.
func (s *Scripted) Asked(kind string) *jupyter.Message {
	s.t.Helper()
	select {
	case m := <-s.requests(kind):
		return m
	case <-time.After(20 * time.Second):
		s.t.Fatalf("nobody sent %s", kind)
		return nil
	}
}

func (s *Scripted) requests(kind string) chan *jupyter.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[kind] == nil {
		s.asked[kind] = make(chan *jupyter.Message, 1000)
	}
	return s.asked[kind]
}

func (s *Scripted) listen(channel jupyter.Channel, kind string, serve func(jupyter.Channel, *zmtp.Conn)) {
	network, address := s.Connection.Address(channel)
	l, err := net.Listen(network, address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.ears = append(s.ears, l)
	s.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c, err := zmtp.Handshake(context.Background(), fragmented{conn, s.fragment}, zmtp.Identity{Type: kind})
			if err != nil {
				conn.Close()
				continue
			}
			s.mu.Lock()
			if s.conns = append(s.conns, c); s.closed {
				c.Close()
			}
			s.mu.Unlock()
			s.running.Go(func() { serve(channel, c) })
		}
	})
}

// fragmented writes a few bytes at a time.
type fragmented struct {
	net.Conn
	size int
}

func (f fragmented) Write(b []byte) (n int, err error) {
	size := f.size
	if size == 0 {
		size = len(b)
	}
	for n < len(b) && err == nil {
		var m int
		m, err = f.Conn.Write(b[n:min(n+size, len(b))])
		n += m
	}
	return n, err
}

func (s *Scripted) publish(_ jupyter.Channel, c *zmtp.Conn) {
	for {
		frames, err := c.Read()
		if err != nil {
			return
		}
		if len(frames) == 1 && len(frames[0]) > 0 && frames[0][0] == 1 {
			s.mu.Lock()
			s.heard = append(s.heard, c)
			s.mu.Unlock()
		}
	}
}

func (s *Scripted) beat(_ jupyter.Channel, c *zmtp.Conn) {
	for {
		frames, err := c.Read()
		if err != nil {
			return
		}
		s.mu.Lock()
		mute := s.mute
		s.mu.Unlock()
		if !mute {
			_ = c.Write(context.Background(), frames...)
		}
	}
}

func (s *Scripted) serve(channel jupyter.Channel, c *zmtp.Conn) {
	for {
		frames, err := c.Read()
		if err != nil {
			return
		}
		m, _, err := s.session.Read(channel, frames)
		if err != nil {
			s.t.Errorf("the scripted kernel was sent nonsense: %v", err)
			return
		}
		s.requests(m.Header.Type) <- m
		for _, step := range s.steps(m) {
			s.play(step, m, c)
		}
	}
}

func (s *Scripted) steps(m *jupyter.Message) []Step {
	var content struct{ Code string }
	_ = json.Unmarshal(m.Content, &content)
	if m.Header.Type == "execute_request" {
		if steps, ok := s.script[content.Code]; ok {
			return steps
		}
	}
	if steps, ok := s.script[m.Header.Type]; ok {
		return steps
	}
	switch m.Header.Type {
	case "execute_request":
		return []Step{Busy(), Reply("ok"), Idle()}
	case "kernel_info_request":
		info := map[string]any{"status": "ok", "protocol_version": "5.3", "implementation": "scripted", "language_info": map[string]string{"name": "script"}}
		return []Step{Busy(), {Channel: m.Channel, Type: "kernel_info_reply", Content: info}, Idle()}
	case "interrupt_request", "shutdown_request":
		return []Step{{Channel: m.Channel, Type: m.Header.Type[:len(m.Header.Type)-len("request")] + "reply", Content: map[string]string{"status": "ok"}}}
	}
	return nil
}

// play does one step. What is for iopub goes to who has subscribed; all else
// goes back to who asked.
func (s *Scripted) play(step Step, request *jupyter.Message, c *zmtp.Conn) {
	if step.Do != nil {
		step.Do(s)
	}
	if step.Channel == "" {
		return
	}
	frames := step.Raw
	if frames == nil {
		frames = s.frames(step, request)
	}
	to := []*zmtp.Conn{c}
	if step.Channel == jupyter.IOPub {
		frames = append([][]byte{[]byte("topic")}, frames...)
		s.mu.Lock()
		to = s.heard[:len(s.heard):len(s.heard)]
		s.mu.Unlock()
	}
	for _, c := range to {
		_ = c.Write(context.Background(), frames...)
	}
}

func (s *Scripted) frames(step Step, request *jupyter.Message) [][]byte {
	content, err := json.Marshal(step.Content)
	if err != nil {
		s.t.Error(err)
	}
	m := &jupyter.Message{Header: s.session.Header(step.Type), Parent: request.Header, Content: content, Buffers: step.Buffers}
	if step.Parent != "" {
		m.Parent = jupyter.Header{ID: step.Parent}
	}
	session := s.session
	if step.BadSignature {
		session = s.forger
	}
	frames, err := session.Frames(m)
	if err != nil {
		s.t.Error(err)
	}
	return frames
}
