package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Channel is one of a kernel's sockets.
type Channel string

// The channels.
const (
	Shell     Channel = "shell"   // requests and replies
	IOPub     Channel = "iopub"   // output, to everybody
	Stdin     Channel = "stdin"   // the kernel asks
	Control   Channel = "control" // requests that overtake those of shell
	Heartbeat Channel = "heartbeat"
)

// Header says what a message is and who sent it.
type Header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"` // ISO 8601, as its sender wrote it
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
}

// Message is one message of the protocol. Content and Metadata are as they
// were on the wire.
type Message struct {
	Channel  Channel
	Header   Header
	Parent   Header // of the request that it belongs to; empty where there is none
	Metadata json.RawMessage
	Content  json.RawMessage
	Buffers  [][]byte
}

// Decode reads the content into v.
func (m *Message) Decode(v any) error {
	if err := json.Unmarshal(m.Content, v); err != nil {
		return fmt.Errorf("read the content of %s: %w", m.Header.Type, err)
	}
	return nil
}

const (
	protocolVersion = "5.3"
	delimiter       = "<IDS|MSG>"
	dateFormat      = "2006-01-02T15:04:05.000000Z"
)

var (
	errSignature = errors.New("wrong signature")
	errMalformed = errors.New("malformed message")
)

// Session signs and reads messages. Both sides of a connection use one.
type Session struct {
	ID    string
	key   []byte
	count atomic.Int64
}

// NewSession begins a session with the key of a connection file.
func NewSession(key string) *Session { return &Session{ID: random(16), key: []byte(key)} }

// Header makes the header of a new message.
func (s *Session) Header(kind string) Header {
	return Header{
		ID: fmt.Sprintf("%s_%d", s.ID, s.count.Add(1)), Session: s.ID, Username: "freshet",
		Date: time.Now().UTC().Format(dateFormat), Type: kind, Version: protocolVersion,
	}
}

// Frames is m as it is sent, without addresses before it.
func (s *Session) Frames(m *Message) ([][]byte, error) {
	header, err := json.Marshal(m.Header)
	if err != nil {
		return nil, err
	}
	parent := []byte("{}")
	if m.Parent != (Header{}) {
		if parent, err = json.Marshal(m.Parent); err != nil {
			return nil, err
		}
	}
	parts := [][]byte{header, parent, orEmpty(m.Metadata), orEmpty(m.Content)}
	frames := append([][]byte{[]byte(delimiter), s.sign(parts)}, parts...)
	return append(frames, m.Buffers...), nil
}

func orEmpty(b []byte) []byte {
	if len(b) == 0 {
		return []byte("{}")
	}
	return b
}

func (s *Session) sign(parts [][]byte) []byte {
	if len(s.key) == 0 {
		return nil
	}
	mac := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// Read checks and reads a message, and gives the addresses before it.
func (s *Session) Read(channel Channel, frames [][]byte) (m *Message, addresses [][]byte, err error) {
	at := 0
	for at < len(frames) && !bytes.Equal(frames[at], []byte(delimiter)) {
		at++
	}
	addresses = frames[:at]
	if len(frames) < at+6 {
		return nil, addresses, fmt.Errorf("%w: %d frames after its addresses", errMalformed, len(frames)-at)
	}
	signature, parts := frames[at+1], frames[at+2:at+6]
	if !hmac.Equal(signature, s.sign(parts)) {
		return nil, addresses, errSignature
	}
	m = &Message{Channel: channel, Metadata: parts[2], Content: parts[3], Buffers: frames[at+6:]}
	if err := json.Unmarshal(parts[0], &m.Header); err != nil {
		return nil, addresses, fmt.Errorf("%w: its header: %w", errMalformed, err)
	}
	if err := json.Unmarshal(parts[1], &m.Parent); err != nil {
		return nil, addresses, fmt.Errorf("%w: its parent: %w", errMalformed, err)
	}
	return m, addresses, nil
}
