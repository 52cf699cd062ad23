package keeper

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/freshet/freshet"
)

func FuzzFrames(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"op":"hello","hello":{"protocol":1}}` + "\n",
		`{"id":2,"op":"start","start":{"key":{"run":1,"task":"t","item":-1,"seq":1,"try":1},"args":["true"],"dir":"/"}}` + "\n" + `{"op":"list"}` + "\n",
		`{"op":"start","start":{"args":["x"]},"raw":{"args":{"0":"/w=="},"env":{"7":"/w=="}}}` + "\n",
		"\n", "null\n", "{}", "[]\n", "\x00\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := newFrames(bytes.NewReader(data))
		for n := 0; ; n++ {
			var r request
			err := in.next(&r)
			if err != nil {
				if errors.Is(err, io.EOF) && len(data) > 0 && data[len(data)-1] != '\n' {
					t.Fatalf("a torn message was taken for the end")
				}
				return
			}
			if n > bytes.Count(data, []byte("\n")) {
				t.Fatalf("%d messages in %q", n, data)
			}
			// What was understood can be said again.
			var again request
			if err := newFrames(bytes.NewReader(appendFrame(nil, &r))).next(&again); err != nil {
				t.Fatal(err)
			}
			var third request
			if err := newFrames(bytes.NewReader(appendFrame(nil, &again))).next(&third); err != nil || !reflect.DeepEqual(again, third) {
				t.Fatalf("%+v became %+v: %v", again, third, err)
			}
		}
	})
}

func TestFramesAreBounded(t *testing.T) {
	in := newFrames(io.MultiReader(strings.NewReader(`{"op":"`), endless{}))
	var r request
	if err := in.next(&r); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("an endless message: %v", err)
	}
}

// TestLongMessageIsNotSent: the keeper would end the connection, and with it
// everybody else's requests.
func TestLongMessageIsNotSent(t *testing.T) {
	c := &Client{pending: map[int64]chan message{}}
	_, err := c.do(t.Context(), request{Op: opStart, Start: &Start{Dir: strings.Repeat("d", maxFrame)}})
	if !errors.Is(err, errTooLong) || len(c.out) != 0 || len(c.pending) != 0 {
		t.Errorf("%v; %d bytes to send, %d requests under way", err, len(c.out), len(c.pending))
	}
}

// TestBytesOfAStart: what JSON cannot say travels beside what it makes of it.
func TestBytesOfAStart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.Custom(func(rt *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(rt, "bytes")) })
		want := Start{
			Args: rapid.SliceOfN(text, 1, 4).Draw(rt, "args"), Env: rapid.SliceOfN(text, 1, 4).Draw(rt, "env"), Dir: text.Draw(rt, "dir"),
		}
		var got request
		frame := appendFrame(nil, &request{Op: opStart, Start: &want, Raw: rawOf(&want)})
		if err := newFrames(bytes.NewReader(frame)).next(&got); err != nil {
			rt.Fatal(err)
		}
		got.Raw.restore(got.Start)
		if diff := cmp.Diff(&want, got.Start); diff != "" {
			rt.Errorf("(-sent +arrived):\n%s", diff)
		}
	})
}

// TestRestoreOfOthers: what does not belong to the start changes nothing.
func TestRestoreOfOthers(t *testing.T) {
	s := Start{Args: []string{"a"}}
	(&raw{Args: map[int][]byte{-1: nil, 1: nil}, Env: map[int][]byte{0: nil}}).restore(&s)
	if diff := cmp.Diff(Start{Args: []string{"a"}}, s); diff != "" {
		t.Error(diff)
	}
}

// TestLargestStartFitsAMessage, whatever its bytes become on the way.
func TestLargestStartFitsAMessage(t *testing.T) {
	for _, text := range []string{"\xff", "\x01", "<", "", "\xff\xff\xff\xff", strings.Repeat("\xff", 100<<10), strings.Repeat("\xff", maxStart-9)} {
		s := Start{Dir: strings.Repeat("\x01", maxPath), Env: slices.Repeat([]string{text}, maxStart/(len(text)+9))}
		if why := s.TooLarge(); why != "" {
			t.Fatal(why)
		}
		frame := appendFrame(nil, &request{Op: opStart, Start: &s, Raw: rawOf(&s)})
		if s.Env = append(s.Env, text); s.TooLarge() == "" {
			t.Errorf("%d of %.4q are not too large", len(s.Env), text)
		}
		if len(frame) > maxFrame-1<<20 { // what else is in it are paths
			t.Errorf("%d of %.4q make a message of %d bytes", len(s.Env)-1, text, len(frame))
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func FuzzListed(f *testing.F) {
	f.Add(`i 1 -1 1 1 "t"`)
	f.Add(`p 1 2 3 4 "a b\n" 77 12345`)
	f.Add(`p 1 2 3 4 "t" 1 1`)
	f.Fuzz(func(t *testing.T, line string) {
		l, ok := parseListed(line)
		if !ok {
			return
		}
		var again []byte
		if l.PID == 0 {
			again = appendIntent(nil, l.Key)
		} else {
			again = appendProcess(nil, l.Key, l.PID, l.StartTime)
		}
		back, ok := parseListed(strings.TrimSuffix(string(again), "\n"))
		if !ok || back != l {
			t.Fatalf("%q is %+v, and %q is %+v", line, l, again, back)
		}
	})
}

// TestPidsFile: what is appended is what is read, whatever tears the end.
func TestPidsFile(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		path := dir + "/x.pids"
		p, err := newPids(path, "inst", "boot")
		if err != nil {
			rt.Fatal(err)
		}
		defer p.f.Close()
		var want []listed
		for i := range rapid.IntRange(0, 5).Draw(rt, "attempts") {
			l := listed{Key: freshet.Key{Run: int64(i), Task: rapid.String().Draw(rt, "task"), Item: -1, Seq: 1, Try: 1}}
			b := appendIntent(nil, l.Key)
			if rapid.Bool().Draw(rt, "forked") {
				l.PID, l.StartTime = rapid.IntRange(2, 1<<22).Draw(rt, "pid"), rapid.Uint64().Draw(rt, "start")
				b = appendProcess(b, l.Key, l.PID, l.StartTime)
			}
			want = append(want, l)
			if err := p.append(b); err != nil {
				rt.Fatal(err)
			}
		}
		torn := string(appendIntent(nil, freshet.Key{Run: 99, Task: "torn"}))
		if err := p.append([]byte(torn[:rapid.IntRange(0, len(torn)-3).Draw(rt, "cut")])); err != nil {
			rt.Fatal(err)
		}
		got, err := readPids(path)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(pidsFile{"inst", "boot", want}, got); diff != "" {
			rt.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

func TestCompact(t *testing.T) {
	path := t.TempDir() + "/x.pids"
	p, err := newPids(path, "inst", "boot")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.f.Close() }()
	k := freshet.Key{Task: "t", Item: -1, Seq: 1, Try: 1}
	for p.size <= pidsSlack {
		var b []byte
		for range 1000 {
			k.Run++
			b = appendProcess(appendIntent(b, k), k, 1234, 5678)
		}
		if err := p.append(b); err != nil {
			t.Fatal(err)
		}
	}
	alive, queued := freshet.Key{Run: 5, Task: "t"}, freshet.Key{Run: 6, Task: "t"}
	if err := p.compact([]State{{Key: alive, PID: 7, StartTime: 8}, {Key: queued}}); err != nil {
		t.Fatal(err)
	}
	last := freshet.Key{Run: 7, Task: "t"}
	if err := p.append(appendIntent(nil, last)); err != nil {
		t.Fatal(err)
	}
	got, err := readPids(path)
	if err != nil {
		t.Fatal(err)
	}
	want := pidsFile{"inst", "boot", []listed{{alive, 7, 8}, {Key: queued}, {Key: last}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
