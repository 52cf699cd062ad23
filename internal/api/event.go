package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/store"
)

type sendInput struct {
	Namespace string `path:"ns" doc:"namespace"`
	RawBody   []byte `contentType:"application/json"`
}

type valueInput struct {
	Namespace string `path:"ns" doc:"namespace"`
	Key       string `path:"key" doc:"what rules listen to; a slash in it is escaped"`
	ID        string `header:"Idempotency-Key" doc:"the event's id: the same (namespace, sender, id) is one event"`
	Run       int64  `query:"run" minimum:"0" doc:"the run that it carries; without it, the one of the calling task"`
	Sender    string `query:"sender" doc:"without it, the calling task"`
	Context   string `query:"context" doc:"carried, never read by rules"`
	RawBody   []byte
}

// EventQuery selects events.
type EventQuery struct {
	Keys     []string  `query:"key,explode" doc:"only with one of these keys"`
	Sender   string    `query:"sender" doc:"only of this sender"`
	NoSender bool      `query:"no_sender" doc:"only those from outside of tasks"`
	Run      int64     `query:"run" minimum:"0" doc:"only those that carry this run"`
	After    int64     `query:"after" minimum:"0" doc:"offsets above"`
	Before   int64     `query:"before" minimum:"0" doc:"offsets below"`
	Since    time.Time `query:"since" doc:"accepted at or after"`
	Till     time.Time `query:"till" doc:"accepted before"`
}

// EventList selects a part of them.
type EventList struct {
	Limit int    `query:"limit" minimum:"1" maximum:"10000" default:"50"`
	Order string `query:"order" enum:"newest,oldest" default:"newest" doc:"which of them, where there are more than limit; oldest first in any case"`
}

// InAny selects a namespace, or all.
type InAny struct {
	Namespace string `query:"namespace" doc:"only of this namespace"`
}

// InOne names a namespace.
type InOne struct {
	Namespace string `path:"ns" doc:"namespace"`
}

func (a *API) addEvents() {
	add(a, http.MethodPost, "/namespaces/{ns}/events", "send-events", "Send events", a.send, tag("events"),
		describe("At most 1,000, in order. The answer comes once they are on disk and has one entry for each: its place in the journal, or the error why it was refused."), forTasks,
		jsonBody[[]freshet.EventRequest](a, maxEventsBody, true))

	add(a, http.MethodPost, "/namespaces/{ns}/events/{key}", "send-event", "Send one event", a.sendValue, tag("events"),
		describe("The body, of any type, is the event's value."), forTasks,
		func(op *huma.Operation) { op.MaxBodyBytes = maxEventsBody + 1 })

	type anyList struct {
		InAny
		EventQuery
		EventList
	}
	type oneList struct {
		InOne
		EventQuery
		EventList
	}
	add(a, http.MethodGet, "/events", "list-all-events", "Events of all namespaces, oldest first", func(ctx context.Context, in *anyList) (*out[[]freshet.Event], error) {
		return a.events(ctx, in.filter(in.Namespace), in.EventList)
	}, tag("events"))
	add(a, http.MethodGet, "/namespaces/{ns}/events", "list-events", "Events, oldest first", func(ctx context.Context, in *oneList) (*out[[]freshet.Event], error) {
		return a.events(ctx, in.filter(in.Namespace), in.EventList)
	}, tag("events"))

	type anyCount struct {
		InAny
		EventQuery
	}
	type oneCount struct {
		InOne
		EventQuery
	}
	add(a, http.MethodGet, "/events/count", "count-all-events", "How many events there are, by sender", func(ctx context.Context, in *anyCount) (*out[freshet.EventCount], error) {
		return a.count(ctx, in.filter(in.Namespace))
	}, tag("events"))
	add(a, http.MethodGet, "/namespaces/{ns}/events/count", "count-events", "How many events there are, by sender", func(ctx context.Context, in *oneCount) (*out[freshet.EventCount], error) {
		return a.count(ctx, in.filter(in.Namespace))
	}, tag("events"))
}

func (q *EventQuery) filter(namespace string) store.EventFilter {
	return store.EventFilter{Namespace: namespace, Keys: q.Keys, Sender: q.Sender, HasSender: q.NoSender, Run: q.Run,
		After: q.After, Before: q.Before, Since: q.Since, Till: q.Till}
}

func (a *API) events(ctx context.Context, f store.EventFilter, l EventList) (*out[[]freshet.Event], error) {
	f.Limit, f.Newest = l.Limit, l.Order == "newest"
	found, err := a.Store.Events(ctx, f)
	return list(found), err
}

func (a *API) count(ctx context.Context, f store.EventFilter) (*out[freshet.EventCount], error) {
	found, err := a.Store.CountEvents(ctx, f)
	n := freshet.EventCount{Senders: make([]freshet.SenderCount, len(found))}
	for i, s := range found {
		n.Senders[i] = freshet.SenderCount{Sender: s.Sender, Count: s.Count}
		n.Count += s.Count
	}
	return &out[freshet.EventCount]{n}, err
}

func (a *API) send(ctx context.Context, in *sendInput) (*out[[]freshet.EventReply], error) {
	events, err := parseEvents(in.RawBody)
	if err != nil {
		return nil, err
	}
	sign(ctx, events)
	results, errs, err := a.Inbox.Send(ctx, in.Namespace, events)
	if err != nil {
		return nil, err
	}
	replies := make([]freshet.EventReply, len(events))
	for i := range replies {
		replies[i].EventResult = results[i]
		if errs[i] != nil {
			replies[i].Error = a.told(ctx, errs[i])
		}
	}
	return list(replies), nil
}

func (a *API) sendValue(ctx context.Context, in *valueInput) (*out[freshet.EventResult], error) {
	events := []freshet.EventRequest{{Key: in.Key, Value: string(in.RawBody), Sender: in.Sender, ID: in.ID, Context: in.Context, RunID: in.Run}}
	sign(ctx, events)
	results, errs, err := a.Inbox.Send(ctx, in.Namespace, events)
	if err == nil {
		err = errs[0]
	}
	if err != nil {
		return nil, err
	}
	return &out[freshet.EventResult]{results[0]}, nil
}

// sign fills in what a task's token says and the task did not.
func sign(ctx context.Context, events []freshet.EventRequest) {
	c := auth.From(ctx).Task
	if c == nil {
		return
	}
	for i := range events {
		if events[i].RunID == 0 {
			events[i].RunID = c.Key.Run
		}
		if events[i].Sender == "" {
			events[i].Sender = c.Key.Task
		}
	}
}
