package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/freshet/freshet"
)

// Where a feed begins.
const (
	FromStart = ""    // with the first entry that the journal holds
	FromNow   = "now" // with what is committed from now on
)

// KindReset is the kind of a message that the feed itself makes: the journal
// does not go on from where the reader was, because entries are not kept any
// more, or because an older backup was restored. What the reader knows is void;
// it reads anew what it needs, and the feed goes on from the offset of that
// message, after which everything is kept.
const KindReset = "reset"

// FeedQuery selects messages; what is empty selects all.
type FeedQuery struct {
	From      string    // FromStart, FromNow, the cursor of a message or a decimal offset: begin after it
	Since     time.Time // with FromStart: begin with the first entry at or after this time
	Namespace string
	Run       int64    // entries about the run, and events that every run hears
	Kinds     []string // event, started, ended, run_start, run_ended, …
	Keys      []string // of events
}

// Feed calls yield with each entry of the committed journal that the query
// selects, in order, and goes on with those to come, until ctx ends or yield
// returns an error, which it returns. When the connection breaks it connects
// again, for as long as ctx lives, and goes on where it was: nothing is
// missed and nothing comes twice, or a message of KindReset says so. Errors that waiting does not heal are
// returned.
func (c *Client) Feed(ctx context.Context, f FeedQuery, yield func(freshet.Message) error) error {
	return c.feed(ctx, f, nil, yield)
}

// errDone ends a feed from inside.
var errDone = errors.New("done")

// feed is Feed; opened is called whenever the feed has begun or gone on: from
// then on nothing is missed.
func (c *Client) feed(ctx context.Context, f FeedQuery, opened func() error, yield func(freshet.Message) error) error {
	for wait := minRetry; ; wait = min(2*wait, maxRetry) {
		begin := time.Now()
		err := c.listen(ctx, &f, opened, yield)
		var own *ownError
		if errors.As(err, &own) {
			return own.err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		code := freshet.CodeOf(err)
		if code != freshet.Unreachable && code != freshet.Unavailable {
			return err
		}
		if time.Since(begin) > maxRetry {
			wait = minRetry
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

// How long a broken feed waits before it connects again.
const (
	minRetry = 100 * time.Millisecond
	maxRetry = 5 * time.Second
)

// ownError is an error of the reader, not of the connection.
type ownError struct{ err error }

func (e *ownError) Error() string { return e.err.Error() }

// listen reads one connection and moves f on as it goes.
func (c *Client) listen(ctx context.Context, f *FeedQuery, opened func() error, yield func(freshet.Message) error) error {
	q := newQuery().text("namespace", f.Namespace).number("run", f.Run).list("kind", f.Kinds).list("key", f.Keys)
	switch f.From {
	case FromStart:
		if q.time("since", f.Since); f.Since.IsZero() {
			q.Set("after", "0")
		}
	case FromNow:
		q.Set("from", "now")
	default:
		q.Set("after", f.From)
	}
	r := get("feed").with(q.Values)
	r.header = http.Header{"Accept": {"text/event-stream"}}
	resp, _, err := c.try(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	in := newStream(resp.Body)
	for {
		m, err := in.next()
		if err != nil {
			if in.last != "" { // further than the last message, where others concern nobody here
				f.From = in.last
			}
			return c.foreign(ctx, err)
		}
		switch m.event {
		case "open":
			if opened != nil {
				if err := opened(); err != nil {
					return &ownError{err}
				}
			}
		default:
			msg := freshet.Message{}
			if err := json.Unmarshal(m.data, &msg); err != nil {
				return c.foreign(ctx, err)
			}
			if err := yield(msg); err != nil {
				return &ownError{err}
			}
		}
		f.From = m.id
	}
}
