package trace

import (
	"context"
	"encoding/hex"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

func scope(version string) *common.InstrumentationScope {
	return &common.InstrumentationScope{Name: "github.com/freshet/freshet", Version: version}
}

// spansOf counts the spans that an end makes.
func spansOf(e *engine.Ended) (n int64) {
	if e.Execution == nil || e.Whole {
		n++
	}
	if tried(e) {
		n++
	}
	return n
}

// tried tells whether an end is that of a try, and not of something that was
// never begun, or that is only the whole of its items.
func tried(e *engine.Ended) bool {
	x := e.Execution
	if x == nil || !e.Try || x.Call != nil && x.Call.Items != nil && x.Key.Item == freshet.NoItem {
		return false
	}
	return x.Status != freshet.Skipped && (!x.StartedAt.IsZero() || x.Epoch != 0)
}

// spans are what the collector is told of an end.
func (t *Tracer) spans(ctx context.Context, e *engine.Ended) []*pb.Span {
	if e.Execution == nil {
		return []*pb.Span{t.run(ctx, &e.Run)}
	}
	var list []*pb.Span
	if tried(e) {
		list = append(list, try(&e.Run, e.Execution))
	}
	if e.Whole {
		list = append(list, t.execution(ctx, &e.Run, e.Execution))
	}
	return list
}

// run is the span of a run: from its creation, with what it waited, to its
// end.
func (t *Tracer) run(ctx context.Context, r *machine.RunRow) *pb.Span {
	s := span(r, freshet.Key{}, r.Trace.Parent(), "run "+r.Workflow, r.CreatedAt, r.EndedAt)
	s.Attributes = append(s.Attributes, text("freshet.run.type", string(r.Type)))
	outcome(s, r.Status, r.Code, told(r.Code, r.Reason))
	if r.RerunOf == 0 {
		return s
	}
	if of, err := t.cfg.Store.LoadRun(ctx, r.RerunOf); err == nil && of.Row.Trace.Known() { // else nobody knows it any more
		s.Links = []*pb.Span_Link{{TraceId: raw(of.Row.Trace.ID()), SpanId: raw(of.Row.Trace.Span(freshet.Key{}))}}
	}
	return s
}

// execution is the span of a start of a task, or of one of its items, with all
// its tries.
func (t *Tracer) execution(ctx context.Context, r *machine.RunRow, x *machine.Execution) *pb.Span {
	k := x.Key
	k.Try = 0
	parent := r.Trace.Span(freshet.Key{})
	if k.Item != freshet.NoItem {
		parent = r.Trace.Span(freshet.Key{Task: k.Task, Item: freshet.NoItem, Seq: k.Seq})
	}
	began := x.QueuedAt
	if x.Key.Try > 1 {
		first, err := t.cfg.Store.Executions(ctx, store.ExecutionFilter{Run: k.Run, Task: k.Task, Item: &k.Item, Seq: k.Seq, AllTries: true, Limit: 1})
		if err == nil && len(first) > 0 && first[0].QueuedAt != nil {
			began = *first[0].QueuedAt
		}
	}
	s := span(r, k, parent, "task "+k.Task, began, x.EndedAt)
	outcome(s, x.Status, x.Code, toldOf(x))
	return s
}

// try is the span of one try: from the start of its process to the end.
func try(r *machine.RunRow, x *machine.Execution) *pb.Span {
	whole := x.Key
	whole.Try = 0
	s := span(r, x.Key, r.Trace.Span(whole), "try "+x.Key.Task, x.StartedAt, x.EndedAt)
	s.Attributes = append(s.Attributes, number("freshet.try", x.Key.Try))
	if x.HasExit {
		s.Attributes = append(s.Attributes, number("process.exit.code", x.ExitCode))
	}
	if x.PID != 0 {
		s.Attributes = append(s.Attributes, number("process.pid", x.PID))
	}
	status := x.Status
	if status == freshet.Retrying {
		status = freshet.Failed
	}
	outcome(s, status, x.Code, toldOf(x))
	return s
}

// span is what all spans have. What never began, and what clocks that
// disagree put the wrong way round, takes no time.
func span(r *machine.RunRow, k freshet.Key, parent, name string, from, till time.Time) *pb.Span {
	if from.IsZero() || from.After(till) {
		from = till
	}
	s := &pb.Span{TraceId: raw(r.Trace.ID()), SpanId: raw(r.Trace.Span(k)), ParentSpanId: raw(parent), Name: name, Flags: 1, // sampled
		Kind: pb.Span_SPAN_KIND_INTERNAL, StartTimeUnixNano: uint64(from.UnixNano()), EndTimeUnixNano: uint64(till.UnixNano()),
		Attributes: []*common.KeyValue{
			number("freshet.run.id", r.ID), text("freshet.namespace", r.Namespace), text("freshet.workflow", r.Workflow)}}
	if k.Task == "" {
		return s
	}
	s.Attributes = append(s.Attributes, text("freshet.task", k.Task), number("freshet.seq", k.Seq))
	if k.Item != freshet.NoItem {
		s.Attributes = append(s.Attributes, number("freshet.item", k.Item))
	}
	return s
}

// outcome says how something ended. message is what is told of a failure.
func outcome(s *pb.Span, status freshet.Status, code freshet.Code, message string) {
	s.Attributes = append(s.Attributes, text("freshet.status", string(status)))
	if code != "" {
		s.Attributes = append(s.Attributes, text("freshet.code", string(code)))
	}
	if status != freshet.Failed {
		return
	}
	if code != "" {
		s.Attributes = append(s.Attributes, text("error.type", string(code)))
	}
	s.Status = &pb.Status{Code: pb.Status_STATUS_CODE_ERROR, Message: message}
}

// toldOf is what a collector may read of why an execution failed: of a process
// how it exited, and nothing that it said.
func toldOf(x *machine.Execution) string {
	if x.Code == freshet.CodeExit && x.HasExit {
		return machine.ExitText(x.ExitCode)
	}
	return told(x.Code, x.Reason)
}

// told is a reason as a collector may read it. Where it may quote what people,
// processes or expressions gave, it is the code alone: a collector has no mask
// for what is secret.
func told(code freshet.Code, reason string) string {
	switch code {
	case freshet.CodeTimeout, freshet.CodeLost, freshet.CodeUpstream, freshet.CodeRunaway,
		freshet.CodeStoppedByRule, freshet.CodeStoppedByPerson, freshet.CodeStoppedWithRun, freshet.CodeStoppedByLimit, freshet.CodeStoppedByCaller:
		return reason
	}
	return string(code)
}

func text(key, v string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v}}}
}

func number[N int | int64](key string, v N) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: int64(v)}}}
}

// raw is an id as it is sent; of nothing it is nothing.
func raw(id string) []byte {
	b, _ := hex.DecodeString(id)
	return b
}
