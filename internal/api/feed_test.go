package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/feed"
	"github.com/freshet/freshet/internal/machine"
)

var errEnough = errors.New("errEnough")

// listen gathers n messages.
func listen(w *world, f client.FeedQuery, n int) []string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	err := w.client.Feed(ctx, f, func(m freshet.Message) error {
		line := fmt.Sprint(m.Offset, " ", m.Kind)
		if m.Event != nil {
			line += " " + m.Event.Key
		}
		if got = append(got, line); len(got) == n {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		w.t.Fatalf("after %q: %v", got, err)
	}
	return got
}

func TestFeed(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	for _, key := range []string{"a", "b", "c"} {
		if _, err := w.client.SendEvent(ctx, "default", freshet.EventRequest{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		q    client.FeedQuery
		want []string
	}{
		{client.FeedQuery{From: client.FromStart}, []string{"1 upload", "2 run_start", "3 event a", "4 event b", "5 event c"}},
		{client.FeedQuery{From: "3"}, []string{"4 event b", "5 event c"}},
		{client.FeedQuery{From: feed.Cursor(4)}, []string{"5 event c"}},
		{client.FeedQuery{From: client.FromStart, Keys: []string{"a", "c"}}, []string{"3 event a", "5 event c"}},
		{client.FeedQuery{From: client.FromStart, Kinds: []string{"upload", "run_start"}}, []string{"1 upload", "2 run_start"}},
		{client.FeedQuery{From: client.FromStart, Run: run.ID, Kinds: []string{"run_start", "event"}}, []string{"2 run_start", "3 event a"}},
		{client.FeedQuery{From: "77"}, []string{"5 reset"}},
	} {
		if got := listen(w, c.q, len(c.want)); !cmp.Equal(got, c.want) {
			t.Errorf("%+v: %s", c.q, cmp.Diff(c.want, got))
		}
	}
}

// TestFeedWire looks at the bytes: what EventSource of a browser relies on.
func TestFeedWire(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"a", "b"} {
		if _, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	resp := w.call("GET", "/api/v1/feed?after=0", func(r *http.Request) { r.Header.Set("Last-Event-ID", feed.Cursor(1)) })
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %q", ct)
	}
	in := bufio.NewScanner(resp.Body)
	var lines []string
	for len(lines) < 6 && in.Scan() {
		lines = append(lines, in.Text())
	}
	want := []string{"event: open", "id: " + feed.Cursor(1), "data: {}", "", "id: " + feed.Cursor(2)}
	if !cmp.Equal(lines[:5], want) || !strings.HasPrefix(lines[5], `data: {"cursor":"`+feed.Cursor(2)+`","offset":2,`) {
		t.Error(cmp.Diff(want, lines))
	}
}

func TestWaitRun(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	run := w.run("two")
	waited := make(chan freshet.Run, 1)
	go func() {
		r, err := w.client.WaitRun(t.Context(), run.ID)
		if err != nil {
			t.Error(err)
		}
		waited <- r
	}()
	for range 2 {
		s := w.next()
		w.report(s, machine.Started, 0)
		select {
		case r := <-waited:
			t.Errorf("ended too early: %+v", r)
		default:
		}
		w.report(s, machine.Ended, 0)
	}
	if r := <-waited; r.Status != freshet.Success {
		t.Errorf("%+v", r)
	}
	if _, err := w.client.WaitRun(t.Context(), 99); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("unknown run: %v", err)
	}
}
