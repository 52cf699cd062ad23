package client_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/api/apitest"
)

// TestFeedResumes breaks the connection again and again: nothing is missed,
// and nothing comes twice.
func TestFeedResumes(t *testing.T) {
	s, err := apitest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := client.New(client.Config{URL: s.URL, Token: apitest.Token, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const events = 60
	send := func(i int) {
		e := freshet.EventRequest{Key: "k", ID: fmt.Sprint(i), Value: fmt.Sprint(i)}
		if _, err := c.SendEvent(ctx, "default", e); err != nil {
			t.Error(err)
		}
	}
	send(1)
	next, done := int64(1), errors.New("done")
	err = c.Feed(ctx, client.FeedQuery{From: client.FromStart}, func(m freshet.Message) error {
		if m.Offset != next || m.Event == nil || m.Event.Value != fmt.Sprint(next) {
			return fmt.Errorf("%+v instead of %d", m, next)
		}
		if next++; next > events {
			return done
		}
		if next%15 == 0 {
			s.Cut()
		}
		send(int(next))
		return nil
	})
	if err != done {
		t.Error(err)
	}
}

// TestFeedSince listens to some keys from a time on, while the server is
// restarted again and again: nothing is missed, and nothing comes twice.
func TestFeedSince(t *testing.T) {
	s, err := apitest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := client.New(client.Config{URL: s.URL, Token: apitest.Token, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	send := func(key string, i int) time.Time {
		t.Helper()
		r, err := c.SendEvent(ctx, "default", freshet.EventRequest{Key: key, ID: fmt.Sprint(key, i), Value: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		return r.Time
	}
	old := send("a", 1)
	for !freshet.Time(time.Now()).After(old) { // what follows is later
	}
	since := send("a", 2)
	for i := 3; i <= 10; i++ {
		send([]string{"a", "b", "other"}[i%3], i)
	}
	if err := s.Restart(); err != nil { // nothing is in memory
		t.Fatal(err)
	}
	const last = 40
	var got []string
	sent, done := 10, errors.New("done")
	err = c.Feed(ctx, client.FeedQuery{Since: since, Namespace: "default", Keys: []string{"a", "b"}}, func(m freshet.Message) error {
		if got = append(got, m.Event.Value); m.Event.Value == fmt.Sprint(last) {
			return done
		}
		for range 3 {
			if sent < last {
				sent++
				send([]string{"a", "b", "other"}[sent%3], sent)
			}
		}
		if len(got)%6 == 0 {
			return s.Restart()
		}
		return nil
	})
	if err != done {
		t.Fatal(err)
	}
	var want []string
	for i := 2; i <= last; i++ {
		if i < 3 || i%3 != 2 {
			want = append(want, fmt.Sprint(i))
		}
	}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// TestFeedOfARareKey: a reader goes on from the newest id that it was told,
// also where no message came with it.
func TestFeedOfARareKey(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("after"))
		w.Header().Set("Content-Type", "text/event-stream")
		switch len(asked) {
		case 1:
			_, _ = io.WriteString(w, "event: open\nid: 1\ndata: {}\n\n: still here\nid: 7\n\n")
		case 2:
			_, _ = io.WriteString(w, "event: open\nid: 7\ndata: {}\n\nid: 8\ndata: {\"cursor\"")
		default:
			_, _ = io.WriteString(w, "event: open\nid: 7\ndata: {}\n\nid: 8\ndata: {\"cursor\":\"8\",\"offset\":8}\n\n")
		}
	}))
	defer s.Close()
	c, err := client.New(client.Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := errors.New("done")
	err = c.Feed(ctx, client.FeedQuery{From: client.FromStart, Keys: []string{"rare"}}, func(freshet.Message) error { return done })
	if want := []string{"0", "7", "7"}; err != done || !cmp.Equal(asked, want) {
		t.Errorf("asked after %q, want %q: %v", asked, want, err)
	}
}

// TestFeedBeginsLate: where what a listener asks for is not kept any more, it
// begins with what is.
func TestFeedBeginsLate(t *testing.T) {
	s, err := apitest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := client.New(client.Config{URL: s.URL, Token: apitest.Token})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var times []time.Time
	for i := range 6 {
		r, err := c.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "k", Value: fmt.Sprint(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, r.Time)
	}
	db, err := sql.Open("sqlite", filepath.Join(s.Home, "freshet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "DELETE FROM journal WHERE pos <= 3"); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(); err != nil { // nothing is in memory
		t.Fatal(err)
	}
	for name, q := range map[string]client.FeedQuery{"the beginning": {From: client.FromStart}, "an offset": {From: "2"}, "a time": {Since: times[0]}} {
		var got []string
		done := errors.New("done")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := c.Feed(ctx, q, func(m freshet.Message) error {
			if got = append(got, fmt.Sprint(m.Kind, m.Offset)); m.Offset == 6 {
				return done
			}
			return nil
		})
		cancel()
		if want := []string{"event4", "event5", "event6"}; err != done || !cmp.Equal(got, want) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}
