package client

import (
	"context"
	"time"

	"github.com/freshet/freshet"
)

// EventQuery selects events; what is empty selects all.
type EventQuery struct {
	Namespace   string
	Keys        []string
	Sender      string
	HasSender   bool  // Sender is looked at even if empty: only those from outside of tasks
	Run         int64 // that carry this run
	After       int64 // offsets above
	Before      int64 // offsets below
	Since, Till time.Time
	Limit       int    // 0: 50
	Oldest      bool   // the oldest of them; else the newest. Oldest first in both cases
	Cursor      string // of a page that was read: the page before or after it
}

func (f EventQuery) query() query {
	return newQuery().text("namespace", f.Namespace).list("key", f.Keys).text("sender", f.Sender).flag("no_sender", f.HasSender && f.Sender == "").
		number("run", f.Run).number("after", f.After).number("before", f.Before).time("since", f.Since).time("till", f.Till)
}

// SendEvents sends events in order, in one transaction. Where the server
// refuses one, the reason stands in its place and the others are accepted.
// Several hundred at once are much cheaper than one by one; more than 1,000
// are sent in several calls.
func (c *Client) SendEvents(ctx context.Context, namespace string, events []freshet.EventRequest) ([]freshet.EventReply, error) {
	all := make([]freshet.EventReply, 0, len(events))
	for len(events) > 0 {
		n := batch(events)
		r, err := post("namespaces", namespace, "events").json(events[:n])
		if err != nil {
			return all, err
		}
		r.again = true
		for _, e := range events[:n] {
			r.again = r.again && e.ID != ""
		}
		var replies []freshet.EventReply
		if err := c.into(ctx, r, &replies); err != nil {
			return all, err
		}
		if len(replies) != n {
			return all, freshet.Errorf(freshet.Internal, "%d events got %d answers", n, len(replies))
		}
		all, events = append(all, replies...), events[n:]
	}
	return all, nil
}

// batch is how many events go into the next request: it has room for 1,000,
// and for one of the largest.
func batch(events []freshet.EventRequest) int {
	bytes := 0
	for i, e := range events {
		bytes += len(e.Key) + len(e.Value) + len(e.Sender) + len(e.ID) + len(e.Context)
		if i > 0 && (i == 1000 || bytes > freshet.MaxEventBytes) {
			return i
		}
	}
	return len(events)
}

// SendEvent sends one event.
func (c *Client) SendEvent(ctx context.Context, namespace string, e freshet.EventRequest) (freshet.EventResult, error) {
	replies, err := c.SendEvents(ctx, namespace, []freshet.EventRequest{e})
	if err != nil {
		return freshet.EventResult{}, err
	}
	if replies[0].Error != nil {
		return freshet.EventResult{}, replies[0].Error
	}
	return replies[0].EventResult, nil
}

// Events lists events, oldest first.
func (c *Client) Events(ctx context.Context, f EventQuery) ([]freshet.Event, error) {
	page, err := c.EventPage(ctx, f)
	return page.Items, err
}

// EventPage gives a page of events, oldest first, with the cursors of the
// pages before and after it.
func (c *Client) EventPage(ctx context.Context, f EventQuery) (freshet.EventPage, error) {
	q := f.query().number("limit", int64(f.Limit)).text("cursor", f.Cursor)
	if f.Oldest {
		q.Set("order", "oldest")
	}
	var page freshet.EventPage
	resp, err := c.do(ctx, get("events").with(q.Values))
	if err != nil {
		return page, err
	}
	defer drain(resp.Body)
	page.Older, page.Newer = resp.Header.Get("X-Cursor-Older"), resp.Header.Get("X-Cursor-Newer")
	return page, c.decode(ctx, resp.Body, &page.Items)
}

// CountEvents counts events, by sender.
func (c *Client) CountEvents(ctx context.Context, f EventQuery) (freshet.EventCount, error) {
	var n freshet.EventCount
	return n, c.into(ctx, get("events", "count").with(f.query().Values), &n)
}
