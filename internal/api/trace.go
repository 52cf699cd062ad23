package api

import "github.com/freshet/freshet"

// Traced are requests that may stand in a trace. What is no trace context is
// no error: it is ignored.
type Traced struct {
	Traceparent string `header:"Traceparent" doc:"W3C trace context that the events, or the run, carry on"`
}

// carry lets events that bring no trace context of their own have the
// request's.
func (t Traced) carry(events []freshet.EventRequest) {
	for i := range events {
		if freshet.Traceparent(events[i].Traceparent) == "" {
			events[i].Traceparent = t.Traceparent
		}
	}
}

// ceTrace is the attribute of a CloudEvent that holds its trace context. It
// stays in the event's context, too.
const ceTrace = "traceparent"
