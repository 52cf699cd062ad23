package client

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
)

func TestStream(t *testing.T) {
	in := newStream(strings.NewReader(": hello\n\nevent: open\nid: 1\ndata: {}\n\n" +
		"id: 2\n\n" + // an id without data is kept for what follows
		"data: a\r\ndata:b\r\n\r\n" + "data\n\n" + "id: 3\ndata: cut"))
	type line struct{ ID, Event, Data string }
	var got []line
	for {
		m, err := in.next()
		if err != nil {
			break
		}
		got = append(got, line{m.id, m.event, string(m.data)})
	}
	want := []line{{"1", "open", "{}"}, {"2", "", "a\nb"}}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// TestStreamKnowsHowFarItIs: an id counts once its message has come as a
// whole, whether it has data or not.
func TestStreamKnowsHowFarItIs(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		": hello\n\n":                          "",
		"id: 1\ndata: {}\n\n":                  "1",
		"id: 1\ndata: {}\n\n: here\nid: 2\n\n": "2",
		"id: 1\ndata: {}\n\nid: 2\ndata: x\n":  "1",
		"id: 1\n\n: here\n\n":                  "1",
	} {
		in := newStream(strings.NewReader(text))
		for {
			if _, err := in.next(); err != nil {
				break
			}
		}
		if in.last != want {
			t.Errorf("%q: %q, want %q", text, in.last, want)
		}
	}
}

// TestBatch: batches are never empty, within the limits, and together all.
func TestBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 10), rapid.IntRange(0, freshet.MaxEventBytes)), 1, 20).Draw(t, "sizes")
		many := rapid.IntRange(0, 2500).Draw(t, "many")
		events := make([]freshet.EventRequest, 0, len(sizes)+many)
		large := strings.Repeat("x", freshet.MaxEventBytes)
		for _, n := range sizes {
			events = append(events, freshet.EventRequest{Value: large[:n]})
		}
		events = append(events, make([]freshet.EventRequest, many)...)
		for len(events) > 0 {
			n := batch(events)
			if n < 1 || n > 1000 || n > len(events) {
				t.Fatalf("a batch of %d of %d", n, len(events))
			}
			bytes := 0
			for _, e := range events[:n] {
				bytes += len(e.Value)
			}
			if n > 1 && bytes > freshet.MaxEventBytes {
				t.Fatalf("a batch of %d events has %d bytes", n, bytes)
			}
			events = events[n:]
		}
	})
}
