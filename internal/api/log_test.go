package api_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/machine"
)

func TestLog(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.upload(two)
	run := w.run("two")
	look := func(f client.LogQuery, data string, next int64, complete, final bool) {
		t.Helper()
		p, err := w.client.Log(ctx, run.ID, "first", f)
		if err != nil || string(p.Data) != data || p.Next != next || p.Complete != complete || p.Final != final {
			t.Errorf("%+v: %+v %q %v", f, p, p.Data, err)
		}
	}
	if p, err := w.client.Log(ctx, run.ID, "second", client.LogQuery{}); err != nil || p.Seq != 0 || p.Complete {
		t.Errorf("not started: %+v %v", p, err)
	}
	s := w.next()
	look(client.LogQuery{}, "", 0, false, false)
	w.report(s, machine.Started, 0)
	w.write(s, "hello\nworld\n")
	look(client.LogQuery{}, "hello\nworld\n", 12, false, false)
	look(client.LogQuery{Offset: 6}, "world\n", 12, false, false)
	look(client.LogQuery{Limit: 5}, "hello", 5, false, false)
	look(client.LogQuery{Tail: 6}, "world\n", 12, false, false)
	look(client.LogQuery{Offset: 100}, "", 12, false, false)
	look(client.LogQuery{Try: 2}, "", 0, false, false)
	w.report(s, machine.Ended, 0)
	look(client.LogQuery{Limit: 5}, "hello", 5, false, true)
	look(client.LogQuery{Offset: 5}, "\nworld\n", 12, true, true)
	if _, err := w.client.Log(ctx, run.ID, "first", client.LogQuery{Try: 2}); freshet.CodeOf(err) != freshet.NotFound {
		t.Errorf("a try that never was: %v", err)
	}
	if p, err := w.client.Log(ctx, run.ID, "first", client.LogQuery{}); err != nil || p.Gone {
		t.Errorf("a log that is there: %+v %v", p, err)
	}
	if err := os.Remove(w.LogPath(s)); err != nil {
		t.Fatal(err)
	}
	if p, err := w.client.Log(ctx, run.ID, "first", client.LogQuery{}); err != nil || !p.Gone || !p.Complete || !p.Final {
		t.Errorf("a log that is gone: %+v %v", p, err)
	}
}

// TestLogStaysHome proves that no row, and no link below the logs, makes the
// server show another file.
func TestLogStaysHome(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	run := w.run("two")
	s := w.next()
	secret := filepath.Join(w.Home, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(w.LogPath(s)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, w.LogPath(s)); err != nil {
		t.Fatal(err)
	}
	w.report(s, machine.Started, 0)
	p, err := w.client.Log(t.Context(), run.ID, "first", client.LogQuery{})
	if err == nil || bytes.Contains(p.Data, []byte("secret")) {
		t.Errorf("%q %v", p.Data, err)
	}
}

const retrying = `
name: retrying
tasks:
  only: {bash: "false", retries: {limit: 1, delay: 1ms}}
`

func TestFollowLog(t *testing.T) {
	w := newWorld(t)
	w.upload(retrying)
	run := w.run("retrying")
	var text strings.Builder
	done := make(chan error, 1)
	go func() { done <- w.client.FollowLog(t.Context(), run.ID, "only", 0, &text) }()
	var want strings.Builder
	for _, exit := range []int{1, 0} {
		s := w.next()
		w.report(s, machine.Started, 0)
		for part := range 3 { // more than one answer holds
			line := strings.Repeat(string(rune('a'+part)), 700<<10) + fmt.Sprintln(s.Execution.Key.Try)
			w.write(s, line)
			want.WriteString(line)
		}
		w.report(s, machine.Ended, exit)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if text.String() != want.String() {
		t.Errorf("%d bytes of %d", text.Len(), want.Len())
	}
}

// TestLogCut proves that whoever has read a log whose middle is removed goes
// on with what comes next.
func TestLogCut(t *testing.T) {
	w := newWorld(t)
	w.upload(two)
	run := w.run("two")
	s := w.next()
	w.report(s, machine.Started, 0)
	const head = "0123"
	const mark = "\n[freshet: 1000 bytes removed from the middle of this log]\n"
	w.write(s, head+mark+"tail and more")
	for _, c := range []struct {
		offset int64 // in the log before its middle was removed
		want   string
	}{
		{4 + 1000 + 4, " and more"},
		{4 + 1000 + 13, ""},
		{4 + 1000, "tail and more"},
		{4 + 900, mark + "tail and more"}, // some of what was removed is new
		{1 << 40, ""},
	} {
		p, err := w.client.Log(t.Context(), run.ID, "first", client.LogQuery{Offset: c.offset})
		if err != nil || string(p.Data) != c.want || p.Next != int64(len(head+mark)+13) {
			t.Errorf("from %d: %q, next %d, %v", c.offset, p.Data, p.Next, err)
		}
	}
}
