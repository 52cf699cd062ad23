package trace

import (
	"context"
	"strings"
	"time"

	pb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/logkey"
)

const (
	mostWaiting = 8192                   // ends that wait to be sent; what comes then is dropped
	request     = 512                    // ends that one request tells
	company     = 500 * time.Millisecond // how long an end waits for others
	lastSend    = 2 * time.Second        // what is under way has at the end
)

// Take takes what a commit has ended. It never blocks.
func (t *Tracer) Take(ends []engine.Ended) {
	t.mu.Lock()
	for i := range ends {
		switch {
		case !ends[i].Run.Trace.Sampled():
		case len(t.waiting) >= mostWaiting:
			t.dropped.Add(spansOf(&ends[i]))
		default:
			t.waiting = append(t.waiting, light(ends[i]))
		}
	}
	some := len(t.waiting) > 0
	t.mu.Unlock()
	if some {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// light is an end without the values that people and processes gave, which no
// span tells, and which may be large.
func light(e engine.Ended) engine.Ended {
	e.Try = tried(&e)
	r := &e.Run
	r.Parameters, r.Outputs, r.Event, r.Missing = nil, nil, nil, nil
	if e.Execution != nil {
		x := *e.Execution
		x.Call, x.Outputs, x.By, x.Artifacts = nil, nil, nil, nil
		e.Execution = &x
	}
	return e
}

// Run sends until ctx ends, and then what is left, if that takes no longer
// than lastSend.
func (t *Tracer) Run(ctx context.Context) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(lastSend):
			cancel()
		case <-sending.Done():
		}
	})()
	for {
		select {
		case <-t.wake:
		case <-ctx.Done():
			t.flush(sending)
			return nil
		}
		select {
		case <-time.After(company):
		case <-ctx.Done():
		}
		t.flush(sending)
	}
}

// flush sends all that waits.
func (t *Tracer) flush(ctx context.Context) {
	for {
		t.mu.Lock()
		n := min(len(t.waiting), request)
		ends := t.waiting[:n:n]
		if t.waiting = t.waiting[n:]; len(t.waiting) == 0 {
			t.waiting = nil
		}
		t.mu.Unlock()
		if n == 0 {
			return
		}
		t.send(ctx, ends)
	}
}

// send tells the collector what has ended. What it does not take is dropped.
func (t *Tracer) send(ctx context.Context, ends []engine.Ended) {
	var spans []*pb.Span
	for i := range ends {
		spans = append(spans, t.spans(ctx, &ends[i])...)
	}
	if len(spans) == 0 {
		return
	}
	err := t.exporter.upload(ctx, &pb.ResourceSpans{Resource: t.resource, ScopeSpans: []*pb.ScopeSpans{{
		Scope: scope(t.cfg.Version), Spans: spans}}})
	if err == nil {
		t.sent.Add(int64(len(spans)))
		t.failing = false
		return
	}
	t.dropped.Add(int64(len(spans)))
	if !t.failing { // once, until it works again
		t.cfg.Log.Warn("the collector of traces does not take them; they are dropped", logkey.Error, short(err))
	}
	t.failing = true
}

// short is an error as one line of a bounded length: it may hold what a
// stranger answered.
func short(err error) string {
	line := strings.Join(strings.Fields(err.Error()), " ")
	if len(line) > 300 {
		line = strings.ToValidUTF8(line[:300], "") + "…"
	}
	return line
}
