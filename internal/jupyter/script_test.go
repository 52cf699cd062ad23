package jupyter_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/jupyter"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

// connected is a client of a scripted kernel, and the messages that were
// nobody's.
func connected(t *testing.T, script jupytertest.Script, fragment int, o jupyter.ClientOptions) (*jupyter.Client, *jupytertest.Scripted) {
	t.Helper()
	s := jupytertest.NewScripted(t, script, fragment)
	c, err := jupyter.Connect(patient(t), s.Connection, jupyter.Peer{ClientOptions: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Ready(patient(t)); err != nil {
		t.Fatal(err)
	}
	return c, s
}

func TestSequences(t *testing.T) {
	busy, idle, ok, out := jupytertest.Busy(), jupytertest.Idle(), jupytertest.Reply("ok"), jupytertest.Stream
	nonsense := func(frames ...string) jupytertest.Step {
		raw := make([][]byte, len(frames))
		for i, f := range frames {
			raw[i] = []byte(f)
		}
		return jupytertest.Step{Channel: jupyter.IOPub, Raw: raw}
	}
	for _, c := range []struct {
		name  string
		steps []jupytertest.Step
		text  string
		other string // text of nobody's messages
		kind  jupyter.Kind
		drops jupyter.Dropped
	}{
		{name: "in order", steps: []jupytertest.Step{busy, out("a"), ok, idle}, text: "a"},
		{name: "idle before the reply", steps: []jupytertest.Step{busy, out("a"), idle, ok}, text: "a"},
		{name: "output after the reply", steps: []jupytertest.Step{busy, ok, out("a"), idle}, text: "a"},
		{name: "no busy", steps: []jupytertest.Step{out("a"), ok, idle}, text: "a"},
		{name: "the idle of another request", steps: []jupytertest.Step{busy, idle.Of("x"), out("a"), ok, idle}, text: "a"},
		{name: "output of another request", steps: []jupytertest.Step{busy, out("x").Of("x"), out("a"), ok, idle}, text: "a", other: "x"},
		{name: "the reply to another request", steps: []jupytertest.Step{busy, ok.Of("x"), out("a"), ok, idle}, text: "a", drops: jupyter.Dropped{Unasked: 1}},
		{name: "output without a parent", steps: []jupytertest.Step{busy, out("x").Of("-"), ok, idle}, other: "x"},
		{name: "two replies", steps: []jupytertest.Step{busy, ok, ok, out("a"), idle}, text: "a"},
		{name: "no reply", steps: []jupytertest.Step{busy, out("a"), idle}, text: "a", kind: jupyter.NoReply},
		{name: "no idle", steps: []jupytertest.Step{busy, out("a"), ok}, text: "a", kind: jupyter.NoIdle},
		{name: "a forged reply", steps: []jupytertest.Step{busy, ok.Forged(), idle}, kind: jupyter.NoReply, drops: jupyter.Dropped{BadSignature: 1}},
		{name: "forged output", steps: []jupytertest.Step{busy, out("x").Forged(), out("a"), ok, idle}, text: "a", drops: jupyter.Dropped{BadSignature: 1}},
		{
			name:  "malformed messages",
			steps: []jupytertest.Step{nonsense("x"), nonsense("<IDS|MSG>", "s", "{}"), busy, out("a"), ok, idle},
			text:  "a", drops: jupyter.Dropped{Malformed: 2},
		},
		{name: "a reply that is no object", steps: []jupytertest.Step{busy, {Channel: jupyter.Shell, Type: "execute_reply", Content: []int{1}}, idle}, kind: jupyter.Protocol},
		{name: "dead before the reply", steps: []jupytertest.Step{busy, out("a"), {Do: (*jupytertest.Scripted).Close}}, text: "a", kind: jupyter.Died},
		{name: "dead after all was said", steps: []jupytertest.Step{busy, out("a"), ok, idle, {Do: (*jupytertest.Scripted).Close}}, text: "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var other said
			client, _ := connected(t, jupytertest.Script{"x": c.steps}, 0, jupyter.ClientOptions{Patience: 50 * time.Millisecond, Other: other.handle})
			var s said
			r, err := client.Execute(patient(t), jupyter.Request{Code: "x"}, s.handle)
			if jupyter.KindOf(err) != c.kind || (err == nil) != (c.kind == "") {
				t.Errorf("it ended with %v, wanted %q", err, c.kind)
			}
			if (c.kind == "" || c.kind == jupyter.NoIdle) && (r == nil || r.Status != "ok") {
				t.Errorf("the reply is %+v", r)
			}
			client.Close()
			if s.out.String() != c.text || other.out.String() != c.other {
				t.Errorf("output %q, and of others %q; wanted %q and %q", s.out.String(), other.out.String(), c.text, c.other)
			}
			if diff := cmp.Diff(c.drops, client.Dropped()); diff != "" && c.name != "two replies" {
				t.Error(diff)
			}
		})
	}
}

// What comes after a cell has ended belongs to the second handler, also when
// the next cell is already waited for.
func TestLateOutput(t *testing.T) {
	var other said
	client, s := connected(t, jupytertest.Script{
		"late": {jupytertest.Busy(), jupytertest.Reply("ok"), jupytertest.Idle(), jupytertest.Stream("between")},
	}, 0, jupyter.ClientOptions{Other: other.handle})
	first := &said{}
	if _, err := client.Execute(patient(t), jupyter.Request{Code: "late"}, first.handle); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Execute(patient(t), jupyter.Request{Code: "next"}, first.handle); err != nil {
		t.Fatal(err)
	}
	if s.Asked("execute_request"); first.out.String() != "" {
		t.Errorf("a cell was given %q", first.out.String())
	}
	client.Close()
	if other.out.String() != "between" {
		t.Errorf("the second handler was given %q", other.out.String())
	}
}

func TestFragmentsAndBuffers(t *testing.T) {
	long := strings.Repeat("0123456789", 10_000)
	buffers := [][]byte{{}, {0}, bytes.Repeat([]byte{7}, 70_000)}
	client, _ := connected(t, jupytertest.Script{"x": {
		jupytertest.Stream(long), jupytertest.Reply("ok"),
		{Channel: jupyter.IOPub, Type: "comm_msg", Content: struct{}{}, Buffers: buffers}, jupytertest.Idle(),
	}}, 7, jupyter.ClientOptions{})
	var s said
	var got [][]byte
	_, err := client.Execute(patient(t), jupyter.Request{Code: "x"}, func(m *jupyter.Message) {
		if s.handle(m); m.Header.Type == "comm_msg" {
			got = m.Buffers
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.out.String() != long || !slices.EqualFunc(buffers, got, bytes.Equal) {
		t.Errorf("%d bytes of %d came, and %d buffers of %d", s.out.Len(), len(long), len(got), len(buffers))
	}
}

// A handler that is slow is no kernel that is silent: what waits for it is
// handled, and then the end is there.
func TestSlowHandler(t *testing.T) {
	steps := []jupytertest.Step{jupytertest.Busy(), jupytertest.Reply("ok")}
	for range 200 {
		steps = append(steps, jupytertest.Stream(strings.Repeat("x", 1000)))
	}
	client, _ := connected(t, jupytertest.Script{"x": append(steps, jupytertest.Idle())}, 0,
		jupyter.ClientOptions{Patience: 10 * time.Millisecond, Memory: 10_000, SpillDir: t.TempDir()})
	var s said
	held := make(chan struct{})
	time.AfterFunc(60*time.Millisecond, func() { close(held) })
	_, err := client.Execute(patient(t), jupyter.Request{Code: "x"}, func(m *jupyter.Message) {
		if m.Header.Type == "stream" {
			<-held
		}
		s.handle(m)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.out.Len(); n != 200_000 {
		t.Errorf("%d bytes came", n)
	}
}

// A kernel whose heart is silent is given up only where that was asked for.
func TestHeartbeat(t *testing.T) {
	hang := jupytertest.Script{"x": {jupytertest.Busy(), {Do: (*jupytertest.Scripted).StopHeart}}}
	client, _ := connected(t, hang, 0, jupyter.ClientOptions{Beat: 5 * time.Millisecond, Lost: 100 * time.Millisecond})
	for ctx := patient(t); client.Heard().IsZero(); {
		if ctx.Err() != nil {
			t.Fatal("its heart was never heard")
		}
	}
	_, err := client.Execute(patient(t), jupyter.Request{Code: "x"}, nil)
	if jupyter.KindOf(err) != jupyter.HeartbeatLost {
		t.Errorf("it ended with %v", err)
	}

	client, _ = connected(t, hang, 0, jupyter.ClientOptions{Beat: time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.Execute(ctx, jupyter.Request{Code: "x"}, nil); jupyter.KindOf(err) != "" {
		t.Errorf("a silent heart alone ended it: %v", err)
	}
}

func TestInterruptByMessage(t *testing.T) {
	client, s := connected(t, nil, 0, jupyter.ClientOptions{})
	if err := client.Interrupt(patient(t)); err != nil {
		t.Fatal(err)
	}
	s.Asked("interrupt_request")
	if err := client.Shutdown(patient(t), true); err != nil {
		t.Fatal(err)
	}
	if m := s.Asked("shutdown_request"); !strings.Contains(string(m.Content), `"restart":true`) {
		t.Errorf("the request says %s", m.Content)
	}
}

// A kernel that answers nothing, and one of whose messages none is believed.
func TestNotReady(t *testing.T) {
	for name, steps := range map[string][]jupytertest.Step{
		"mute":   {},
		"forged": {jupytertest.Busy().Forged(), {Channel: jupyter.Shell, Type: "kernel_info_reply", BadSignature: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := jupytertest.NewScripted(t, jupytertest.Script{"kernel_info_request": steps}, 0)
			c, err := jupyter.Connect(patient(t), s.Connection, jupyter.Peer{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err = c.Ready(ctx)
			if jupyter.KindOf(err) != jupyter.NotReady {
				t.Errorf("it ended with %v", err)
			}
			if name == "forged" && !strings.Contains(err.Error(), "wrong signature") {
				t.Errorf("the error does not say why: %v", err)
			}
		})
	}
}
