package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/machine"
)

type feedInput struct {
	After     string    `query:"after" doc:"begin after this cursor or offset; 0 is the beginning of the journal"`
	From      string    `query:"from" enum:"now" doc:"begin with what is committed from now on; so it is also without after"`
	Since     time.Time `query:"since" doc:"without after: begin with the first entry that was committed at or after this time"`
	LastID    string    `header:"Last-Event-ID" doc:"the id of the last message that was read; it goes before after and from"`
	Namespace string    `query:"namespace" doc:"only of this namespace"`
	Run       int64     `query:"run" minimum:"0" doc:"only about this run, and events that every run hears"`
	Kinds     []string  `query:"kind,explode" doc:"only of these kinds"`
	Keys      []string  `query:"key,explode" doc:"only events with these keys"`
}

// How often a stream without messages says that it is there, and for how long
// a reader may be stuck.
const (
	keepAlive = 15 * time.Second
	stuck     = 30 * time.Second
)

func (a *API) addFeed() {
	add(a, http.MethodGet, "/feed", "follow-feed", "The committed journal as it grows", a.follow, tag("events"),
		describe("Server-Sent Events: one message for each entry of the journal that the filters select, with its cursor as id, and with a Message as data. "+
			"The first is of type `open`: from its cursor on nothing is missed. One of type `reset` says that the journal does not go on from where the reader was; "+
			"what the reader knows is void, and the stream goes on from the cursor of that message, after which everything is kept. "+
			"Now and then there is an id without data: nothing up to it is still to come, and a reader may go on from there."),
		func(op *huma.Operation) {
			schema := a.huma.OpenAPI().Components.Schemas.Schema(messageType, true, "")
			op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"text/event-stream": {Schema: &huma.Schema{Type: "string", Description: "each data line holds a " + schema.Ref}}}}}
		})
}

func (a *API) follow(ctx context.Context, in *feedInput) (*huma.StreamResponse, error) {
	select { // before that the newest offset is not known
	case <-a.Ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, reset, err := a.begin(ctx, in)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		s := &sse{w: w, rc: http.NewResponseController(w), at: after}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		ctx, cancel := context.WithCancel(r.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { s.live(ctx, cancel) })
		if s.send("open", after, struct{}{}) != nil ||
			reset && s.send("reset", after, freshet.Message{Cursor: feed.Cursor(after), Offset: after, Kind: "reset", Time: freshet.Time(time.Now())}) != nil {
			return
		}
		_ = a.Feed.Follow(ctx, after, feed.Filter{Namespace: in.Namespace, Run: in.Run, Kinds: in.Kinds, Keys: in.Keys},
			func(m freshet.Message) error { return s.send("", m.Offset, m) }, s.looked)
	}}, nil
}

// begin is the offset after which a reader wants to begin. Where the journal
// does not go on from there, it is one from which it does, and the reader is
// told: where entries have been removed, the one after which all are kept, and
// where the journal never was there, the newest.
func (a *API) begin(ctx context.Context, in *feedInput) (after int64, reset bool, err error) {
	from := in.LastID
	if from == "" {
		from = in.After
	}
	switch {
	case in.LastID == "" && in.From == "now":
		return a.Feed.Last(), false, nil
	case from == "" && !in.Since.IsZero():
		after, err := a.lastBefore(ctx, in.Since)
		return after, false, err
	case from == "":
		return a.Feed.Last(), false, nil
	}
	after, bad := strconv.ParseInt(from, 10, 64)
	if bad != nil || after < 0 {
		if after, err = feed.ParseCursor(from); err != nil {
			return 0, false, err
		}
	}
	last := a.Feed.Last()
	if after <= last {
		// From there on the journal may not be whole any more. To begin with what
		// there is, is another thing than to go on.
		swept, err := a.Store.Swept(ctx)
		if err == nil && after > 0 && after < swept {
			return swept, true, nil
		}
		return after, false, err
	}
	_, err = a.Store.Entry(ctx, after) // committed, and about to be published
	if freshet.CodeOf(err) == freshet.NotFound {
		return last, true, nil
	}
	return after, false, err
}

// lastBefore is an offset after which the first entry is the first at or after
// t. Journal time never goes backward, so a time is an offset.
func (a *API) lastBefore(ctx context.Context, t time.Time) (int64, error) {
	var err error
	n := sort.Search(int(a.Feed.Last()), func(i int) bool {
		if err != nil {
			return true
		}
		var next []machine.Entry
		next, err = a.Store.Journal(ctx, int64(i), 1)
		return len(next) == 0 || !next[0].Time.Before(t)
	})
	return int64(n), err
}

// sse writes Server-Sent Events.
type sse struct {
	mu sync.Mutex
	w  http.ResponseWriter
	rc *http.ResponseController
	at int64 // the reader has got all that there is for it up to here
}

func (s *sse) send(event string, offset int64, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var b []byte
	if event != "" {
		b = append(append(append(b, "event: "...), event...), '\n')
	}
	b = append(append(append(b, "id: "...), feed.Cursor(offset)...), '\n')
	b = append(append(append(b, "data: "...), text...), '\n', '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = offset
	return s.write(b)
}

// looked notes that nothing up to an offset is still to be sent.
func (s *sse) looked(offset int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = offset
}

// here says that the stream is there. A reader whom nothing concerns for long
// hears how far the journal has been looked through, so that it never goes on
// from where the journal is not kept any more.
func (s *sse) here() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write([]byte(": still here\nid: " + feed.Cursor(s.at) + "\n\n"))
}

func (s *sse) write(b []byte) error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(stuck)) // not every writer has one
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.rc.Flush()
}

// live says now and then that the stream is there, so that both ends notice
// when the other is gone.
func (s *sse) live(ctx context.Context, gone func()) {
	t := time.NewTicker(keepAlive)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if s.here() != nil {
				gone()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

var messageType = reflect.TypeFor[freshet.Message]()
