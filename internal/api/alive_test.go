package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/machine"
)

type anybody struct{}

func (anybody) Admit(*http.Request) (auth.Caller, error) { return auth.Caller{}, nil }

// quiet is a journal in which nothing happens.
type quiet struct{}

func (quiet) Journal(context.Context, int64, int) ([]machine.Entry, error) { return nil, nil }

// TestKeepAlive: a stream in which nothing happens says now and then that it
// is there, and ends with its request.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready := make(chan struct{})
		close(ready)
		a := New(Config{Gate: anybody{}, Ready: ready, Feed: feed.New(quiet{})})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
		defer cancel()
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequest("GET", "/api/v1/feed", nil).WithContext(ctx))
		text := rec.Body.String()
		if !strings.HasPrefix(text, "event: open\nid: "+feed.Cursor(0)+"\ndata: {}\n\n") || strings.Count(text, "\n: still here\n") != 4 {
			t.Errorf("%q", text)
		}
	})
}

// TestKeepAliveTellsTheOffset: a reader whom nothing concerns for long hears
// how far the journal has been looked through for it, and never of an offset
// below one that it has heard of.
func TestKeepAliveTellsTheOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready := make(chan struct{})
		close(ready)
		f := feed.New(quiet{})
		f.Publish(1, nil)
		a := New(Config{Gate: anybody{}, Ready: ready, Feed: f})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
		defer cancel()
		go func() {
			time.Sleep(time.Second)
			for i, key := range []string{"other", "rare", "other", "other"} {
				o := int64(i + 2)
				e := machine.Entry{Offset: o, Namespace: "default", Kind: machine.EventHappened, Event: &freshet.Event{Offset: o, Key: key}}
				f.Publish(o, []machine.Entry{e})
				time.Sleep(11 * time.Second)
			}
		}()
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequest("GET", "/api/v1/feed?from=now&key=rare", nil).WithContext(ctx))
		var got []string
		for line := range strings.Lines(rec.Body.String()) {
			if id, found := strings.CutPrefix(strings.TrimSpace(line), "id: "); found {
				offset, err := feed.ParseCursor(id)
				got = append(got, fmt.Sprint(offset))
				if err != nil {
					t.Error(err)
				}
			}
		}
		if want := "1 3 3 4 5 5"; strings.Join(got, " ") != want {
			t.Errorf("the ids are of %v, want %s\n%s", got, want, rec.Body)
		}
	})
}

// TestNotReady: the feed waits for the engine, and gives up with its caller.
func TestNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Config{Gate: anybody{}, Ready: make(chan struct{}), Feed: feed.New(quiet{})})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, httptest.NewRequest("GET", "/api/v1/feed", nil).WithContext(ctx))
		if rec.Code != freshet.Unavailable.HTTPStatus() {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	})
}
