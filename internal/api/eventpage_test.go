package api_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// TestEventPages walks through a list in both directions: nothing is missed
// and nothing comes twice, also where events come in meanwhile.
func TestEventPages(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload("name: flow\nnamespace: elsewhere\ntasks:\n  a: {bash: 'true'}\n")
	sent := 0
	send := func(n int) {
		t.Helper()
		for range n {
			sent++
			for _, ns := range []string{"default", "elsewhere"} {
				if _, err := w.client.SendEvent(ctx, ns, freshet.EventRequest{Key: []string{"a", "b", "c"}[sent%3], Value: strconv.Itoa(sent)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	send(30)
	query := client.EventQuery{Namespace: "default", Keys: []string{"a", "b"}, Limit: 7}
	all := func() []string {
		t.Helper()
		q := query
		q.Limit = 1000
		return values(w.events(q))
	}
	walk := func(q client.EventQuery, step func(freshet.EventPage) string) (got []string, last freshet.EventPage) {
		t.Helper()
		for {
			page, err := w.client.EventPage(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if q.Cursor = step(page); q.Cursor != "" && len(page.Items) != q.Limit {
				t.Errorf("a page of %d", len(page.Items))
			}
			if got = append(got, values(page.Items)...); q.Cursor == "" {
				return got, page
			}
		}
	}
	newer := func(p freshet.EventPage) string { return p.Newer }

	before := all()
	var pages [][]string
	_, first := walk(query, func(p freshet.EventPage) string {
		if pages = append(pages, values(p.Items)); len(pages) == 1 {
			if p.Newer != "" {
				t.Error("something is newer than the newest page")
			}
			send(4)
		}
		return p.Older
	})
	slices.Reverse(pages)
	if got := slices.Concat(pages...); !cmp.Equal(got, before) {
		t.Error(cmp.Diff(before, got))
	}
	// and back, up to what has come meanwhile
	q := query
	q.Cursor = first.Newer
	got, _ := walk(q, newer)
	if got = append(values(first.Items), got...); !cmp.Equal(got, all()) {
		t.Error(cmp.Diff(all(), got))
	}
	q = query
	q.Oldest = true
	if got, _ := walk(q, newer); !cmp.Equal(got, all()) {
		t.Error(cmp.Diff(all(), got))
	}
	// A page that is empty leads on as well.
	q = client.EventQuery{Namespace: "default", Keys: []string{"a"}, Limit: 2}
	newest, err := w.client.EventPage(ctx, q)
	if err != nil || len(newest.Items) != 2 {
		t.Fatal(newest, err)
	}
	q.Cursor = newest.Older
	if q.Cursor = must(w.client.EventPage(ctx, q))(t).Newer; q.Cursor == "" {
		t.Fatal("there is no way back")
	}
	back := must(w.client.EventPage(ctx, q))(t)
	if !cmp.Equal(back.Items, newest.Items) || back.Newer != "" {
		t.Errorf("%+v", back)
	}
	if _, err := w.client.EventPage(ctx, client.EventQuery{Cursor: "!"}); freshet.CodeOf(err) != freshet.Invalid {
		t.Error(err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func values(events []freshet.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.Value)
	}
	return list
}

// TestEventTimes: a list begins at a time and ends before one.
func TestEventTimes(t *testing.T) {
	w := newWorld(t)
	var times []time.Time
	for _, value := range []string{"1", "2", "3"} {
		r, err := w.client.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "k", Value: value, Sender: "s" + value})
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, r.Time)
		for !freshet.Time(time.Now()).After(r.Time) { // the next one is later
		}
	}
	for _, c := range []struct {
		q    client.EventQuery
		want []string
	}{
		{client.EventQuery{Since: times[1]}, []string{"2", "3"}},
		{client.EventQuery{Till: times[1]}, []string{"1"}},
		{client.EventQuery{Since: times[1], Till: times[2]}, []string{"2"}},
		{client.EventQuery{Since: times[0], After: 1, Before: 3}, []string{"2"}},
		{client.EventQuery{Since: times[1], Sender: "s3"}, []string{"3"}},
		{client.EventQuery{Since: times[2].Add(time.Hour)}, nil},
	} {
		if got := values(w.events(c.q)); !cmp.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.q, got, c.want)
		}
		n, err := w.client.CountEvents(t.Context(), c.q)
		if err != nil || n.Count != int64(len(c.want)) || len(n.Senders) != len(c.want) {
			t.Errorf("%+v: %+v %v", c.q, n, err)
		}
	}
}
