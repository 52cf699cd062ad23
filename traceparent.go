package freshet

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// Trace says where a run stands in a trace, as text: the W3C traceparent that
// it was started with, whose parent is of zeros where there was none, and
// behind a dash the id of the run's own span, where the server that started it
// made traces. Empty: it stands in none.
//
// Ids of spans are made of what they are about, so that whoever asks for one,
// now or after a restart, is told the same.
type Trace string

// The lengths of a traceparent and of a trace.
const (
	traceparentLen = 55
	traceLen       = traceparentLen + 1 + 16
	noSpan         = "0000000000000000"
)

// Traceparent gives back a W3C traceparent of version 00, in small letters, or
// nothing where the text is none.
func Traceparent(text string) string {
	text = strings.TrimSpace(text)
	if len(text) < traceparentLen || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return ""
	}
	version, id, span, flags := text[:2], text[3:35], text[36:52], text[53:55]
	// A later version may say more behind a further dash.
	if len(text) > traceparentLen && (version == "00" || text[traceparentLen] != '-') || version == "ff" {
		return ""
	}
	for _, part := range []string{version, id, span, flags} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return ""
		}
	}
	if strings.Trim(id, "0") == "" || span == noSpan {
		return ""
	}
	return "00-" + id + "-" + span + "-" + flags
}

// NewTrace places a run in the trace of its traceparent, or in one of its own.
// The seed is the server's: no other has it.
func NewTrace(seed string, run int64, traceparent string) Trace {
	h := sha256.New()
	h.Write([]byte(seed))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(run)))
	sum := hex.EncodeToString(h.Sum(nil))
	if traceparent == "" {
		traceparent = "00-" + sum[:32] + "-" + noSpan + "-01"
	}
	return Trace(traceparent + "-" + sum[32:48])
}

// Known tells whether the trace has a span of the run's own.
func (t Trace) Known() bool { return len(t) == traceLen }

// ID is that of the trace, in hexadecimal.
func (t Trace) ID() string { return string(t[3:35]) }

// Parent is the id of the span that the run's span is part of; empty: none.
func (t Trace) Parent() string {
	if p := string(t[36:52]); p != noSpan {
		return p
	}
	return ""
}

// Sampled tells whether spans are wanted. Who sends a traceparent decides.
func (t Trace) Sampled() bool {
	flags, err := hex.DecodeString(string(t[53:55]))
	return err == nil && flags[0]&1 == 1
}

// Span is the id of the span of a try, of an execution where Try is 0, or of
// the run itself where Task is empty.
func (t Trace) Span(k Key) string {
	own := string(t[traceparentLen+1:])
	if k.Task == "" {
		return own
	}
	h := sha256.New()
	h.Write([]byte(t.ID() + own + k.Task))
	for _, n := range []int{k.Item, k.Seq, k.Try} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Traceparent is what a process, an event or a run that comes of a try carries
// on. Where the run has no span of its own, that is what the run came with.
func (t Trace) Traceparent(k Key) string {
	switch {
	case t.Known():
		return string(t[:36]) + t.Span(k) + string(t[52:traceparentLen])
	case len(t) == traceparentLen:
		return string(t)
	}
	return ""
}
