package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

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
