package api

import (
	"context"
	"net/http"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/store"
)

type sendInput struct {
	Traced
	Namespace string `path:"ns" doc:"namespace"`
	RawBody   []byte `contentType:"application/json"`
}

type valueInput struct {
	Traced
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
	Limit  int    `query:"limit" minimum:"1" maximum:"10000" default:"50"`
	Cursor string `query:"cursor" doc:"X-Cursor-Older or X-Cursor-Newer of a page: the page before or after it"`
	Order  string `query:"order" enum:"newest,oldest" default:"newest" doc:"which of them, where there are more than limit; oldest first in any case"`
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
		describe("The body, of any content type, is the event's value: UTF-8 text, at most 1 MiB."), forTasks,
		rawBody(a, maxEventsBody))

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
	add(a, http.MethodGet, "/events", "list-all-events", "Events of all namespaces, oldest first", func(ctx context.Context, in *anyList) (*eventPage, error) {
		return a.events(ctx, in.filter(in.Namespace), in.EventList)
	}, tag("events"))
	add(a, http.MethodGet, "/namespaces/{ns}/events", "list-events", "Events, oldest first", func(ctx context.Context, in *oneList) (*eventPage, error) {
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

// eventPage is a part of a list of events, with the cursors of the parts
// beside it.
type eventPage struct {
	Older string `header:"X-Cursor-Older" doc:"cursor of the page before this one; absent where there is none"`
	Newer string `header:"X-Cursor-Newer" doc:"cursor of the page after this one; absent where there is none yet"`
	Body  []freshet.Event
}

// The two sorts of cursors of events, with the offset beside which a page
// lies.
const (
	olderEvents = "events-before"
	newerEvents = "events-after"
)

func (a *API) events(ctx context.Context, f store.EventFilter, l EventList) (*eventPage, error) {
	newest, began := l.Order == "newest", false // began: a page lies on the side that we come from
	if l.Cursor != "" {
		way, at, err := parseCursor(l.Cursor, olderEvents, newerEvents)
		if err != nil {
			return nil, err
		}
		if newest, began = way == olderEvents, true; newest {
			f.Before = least(f.Before, at)
		} else {
			f.After = max(f.After, at)
		}
	}
	f.Limit, f.Newest = l.Limit+1, newest
	found, err := a.Store.Events(ctx, f)
	if err != nil {
		return nil, err
	}
	more := len(found) > l.Limit
	if more && newest {
		found = found[1:]
	} else if more {
		found = found[:l.Limit]
	}
	page := &eventPage{Body: list(found).Body}
	first, last := f.Before, f.After // of an empty page: where it lies
	if len(found) > 0 {
		first, last = found[0].Offset, found[len(found)-1].Offset
	} else if newest {
		last = max(first-1, 0)
	} else {
		first = last + 1
	}
	if newest && more || !newest && began {
		page.Older = cursor(olderEvents, first)
	}
	if !newest && more || newest && began {
		page.Newer = cursor(newerEvents, last)
	}
	return page, nil
}

// least is the smaller of two bounds, of which 0 is none.
func least(a, b int64) int64 {
	if a == 0 {
		return b
	}
	return min(a, b)
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
	in.carry(events)
	replies, err := a.deliver(ctx, in.Namespace, events)
	return list(replies), err
}

// deliver hands events to the door and says what became of each.
func (a *API) deliver(ctx context.Context, namespace string, events []freshet.EventRequest) ([]freshet.EventReply, error) {
	results, errs, err := a.Inbox.Send(ctx, namespace, events)
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
	return replies, nil
}

func (a *API) sendValue(ctx context.Context, in *valueInput) (*out[freshet.EventResult], error) {
	events := []freshet.EventRequest{{Key: in.Key, Value: string(in.RawBody), Sender: in.Sender, ID: in.ID, Context: in.Context, RunID: in.Run}}
	sign(ctx, events)
	in.carry(events)
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
		events[i].FromRun = c.Key.Run
		if events[i].RunID == 0 {
			events[i].RunID = c.Key.Run
		}
		if events[i].Sender == "" {
			events[i].Sender = c.Key.Task
		}
	}
}
