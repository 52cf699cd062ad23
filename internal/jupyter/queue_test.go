package jupyter

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is put comes out, whole and in order, however little memory there is
// and however putting and taking alternate.
func TestQueue(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(rapid.IntRange(0, 200).Draw(t, "limit"), dir)
		defer q.close()
		var want [][][]byte
		take := func() {
			got, err := q.next()
			if diff := cmp.Diff(want[0], got); err != nil || diff != "" {
				t.Fatalf("%v\n%s", err, diff)
			}
			want = want[1:]
		}
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			if len(want) > 0 && rapid.Bool().Draw(t, "take") {
				take()
				continue
			}
			frames := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 60), 1, 4).Draw(t, "frames")
			if err := q.put(frames); err != nil {
				t.Fatal(err)
			}
			want = append(want, frames)
			if q.bytes > q.limit && len(q.held) > 1 {
				t.Fatalf("%d bytes are held, %d are allowed", q.bytes, q.limit)
			}
			if q.quiet() != 0 {
				t.Fatal("it is called quiet, and something waits")
			}
		}
		q.end(io.EOF)
		for len(want) > 0 {
			take()
		}
		if _, err := q.next(); !errors.Is(err, io.EOF) || q.quiet() == 0 {
			t.Fatalf("it ended with %v, quiet %v", err, q.quiet())
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestQueueWithoutRoom(t *testing.T) {
	q := newQueue(0, "/no/such/directory")
	if err := q.put([][]byte{{1}}); err != nil {
		t.Fatal(err)
	}
	if err := q.put([][]byte{{2}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file the second ended with %v", err)
	}
}
