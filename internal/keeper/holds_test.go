package keeper_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/keeper"
)

func TestWhatIsLeftOfTheGroupIsKilled(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "sh", "-c", "trap '' TERM HUP; sleep 1000 & echo $!")
	if s := r.ended(key(1)); s.ExitCode != 0 {
		t.Errorf("%+v", s)
	}
	left, err := strconv.Atoi(strings.TrimSpace(r.log(key(1))))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(left, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("its child %d is there: %v", left, err)
	}
}

func TestStopOfWhatIsNotThere(t *testing.T) {
	r := newRig(t)
	s, err := r.c.Stop(t.Context(), key(1), time.Minute)
	if err != nil || s.Code != freshet.CodeLost || !s.Ended() {
		t.Fatalf("%+v %v", s, err)
	}
	r.start(key(1), "sh", "-c", "echo ran")
	if s := r.ended(key(1)); s.Code != freshet.CodeLost || s.PID != 0 {
		t.Errorf("%+v", s)
	}
	r.start(key(2), "true")
	r.ended(key(2))
	if _, err := os.Stat(filepath.Join(r.home, "logs", "1.log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it ran: %v", err)
	}
}

func TestNoticesReachEverySubscriber(t *testing.T) {
	r := newRig(t)
	first := r.notices
	r.c.Close()
	r.dial()
	second := make(chan keeper.State, 10)
	c, err := keeper.Dial(r.home, "other", func(s keeper.State) { second <- s })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r.start(key(1), "true")
	r.ended(key(1))
	if s := <-second; s.Ended() {
		t.Errorf("the end came first: %+v", s)
	}
	if s := <-second; !s.Ended() {
		t.Errorf("%+v", s)
	}
	if len(first) != 0 {
		t.Errorf("a closed connection was told")
	}
}

// TestNothingLeaks runs many attempts, of every sort of end, one after
// another, and counts what the keeper is left with.
func TestNothingLeaks(t *testing.T) {
	r := newRig(t)
	round := func(from int64, n int64) {
		for i := from; i < from+n; i++ {
			args := []string{"true"}
			switch i % 4 {
			case 1:
				args = []string{"sh", "-c", "sleep 1000 & exit 1"}
			case 2:
				args = []string{"no-such-program"}
			case 3:
				args = []string{"/etc/passwd"}
			}
			r.start(key(i), args...)
			r.ended(key(i))
			if err := r.c.Release(t.Context(), []freshet.Key{key(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	round(1, 20)
	before := descriptors(t, r.pid)
	round(100, 200)
	if after := descriptors(t, r.pid); after > before+2 { // one log may be closing
		t.Errorf("%d descriptors became %d", before, after)
	}
	if kids := children(t, r.pid); len(kids) != 0 {
		t.Errorf("children are left: %v", kids)
	}
}

// TestDescriptorsOfAttempts: an attempt has three descriptors and no other.
func TestDescriptorsOfAttempts(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "sh", "-c", "ls /dev/fd/ | wc -l; ps -o pgid= -p $$; echo $$")
	r.ended(key(1))
	f := strings.Fields(r.log(key(1)))
	if len(f) != 3 || f[0] != "4" { // ls opens the directory
		t.Fatalf("descriptors, group, process: %q", f)
	}
	if f[1] != f[2] {
		t.Errorf("process %s is in the group %s", f[2], f[1])
	}
}

// TestSignalsOfAttempts: the keeper catches signals, and an attempt neither
// ignores nor blocks any.
func TestSignalsOfAttempts(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "grep", "-E", "Sig(Ign|Blk)", "/proc/self/status")
	r.ended(key(1))
	for line := range strings.Lines(r.log(key(1))) {
		name, mask, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		bits, err := strconv.ParseUint(mask, 16, 64)
		const libc = 3 << 31 // signals 32 and 33 are the C library's own, where there is one
		if err != nil || bits&^uint64(libc) != 0 {
			t.Errorf("an attempt has %s %s, %v", name, mask, err)
		}
	}
}

func descriptors(t *testing.T, pid int) int {
	t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}

func children(t *testing.T, pid int) []string {
	t.Helper()
	var kids []string
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		b, _ := os.ReadFile(path)
		kids = append(kids, strings.Fields(string(b))...)
	}
	return kids
}

func TestLogIsCapped(t *testing.T) {
	r := newRig(t)
	s := r.spec(key(1), "sh", "-c", `i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done`)
	s.LogLimit = 16 << 10
	if _, err := r.c.Start(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r.ended(key(1))
	got := r.log(key(1))
	if len(got) > 16<<10 {
		t.Errorf("%d bytes are kept", len(got))
	}
	head, rest, ok := strings.Cut(got, "\n[freshet: ")
	n, tail, ok2 := strings.Cut(rest, " bytes removed from the middle of this log]\n")
	if !ok || !ok2 || len(head) != 8<<10 || !strings.HasPrefix(head, "line 0\nline 1\n") || !strings.HasSuffix(tail, "line 19999\n") {
		t.Fatalf("%d bytes: %.40q … %q", len(got), got, rest[:min(100, len(rest))])
	}
	whole := 0
	for i := range 20000 {
		whole += len("line \n") + len(strconv.Itoa(i))
	}
	if removed, _ := strconv.Atoi(n); removed != whole-len(head)-len(tail) {
		t.Errorf("it says %d bytes are removed, and %d are", removed, whole-len(head)-len(tail))
	}
}

func TestLogCannotBeWritten(t *testing.T) {
	r := newRig(t)
	s := r.spec(key(1), "true")
	s.Log = filepath.Join(r.home, "file", "x.log")
	if err := os.WriteFile(filepath.Join(r.home, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.c.Start(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if s := r.ended(key(1)); s.Code != freshet.CodeStartFailed || !strings.Contains(s.Reason, "cannot write its log: ") {
		t.Errorf("%+v", s)
	}
	r.start(key(2), "true")
	r.ended(key(2))
}

// TestOtherVersions speaks to the keeper as a newer server does, and as one
// that makes no sense.
func TestOtherVersions(t *testing.T) {
	r := newRig(t)
	i := readInfo(t, r.home)
	conn, err := net.Dial("unix", i.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, c := range []struct{ say, hear string }{
		{`{"id":1,"op":"hello","hello":{"protocol":9,"version":"9","colour":"red"},"new":[1]}`, `"protocol":1`},
		{`{"id":2,"op":"dance","steps":3}`, `{"id":2,"error":"unknown operation dance"}`},
		{`{"id":3,"op":"start"}`, `"id":3,"error"`},
		{`{"id":4,"op":"stop"}`, `"id":4,"error"`},
		{`{"id":5,"op":"list"}`, `{"id":5}`},
	} {
		fmt.Fprintln(conn, c.say)
		if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, c.hear) {
			t.Errorf("%s: %s %v", c.say, line, err)
		}
	}
	fmt.Fprintln(conn, "nonsense")
	if line, err := in.ReadString('\n'); err == nil {
		t.Errorf("nonsense was answered: %s", line)
	}
	r.start(key(1), "true")
	r.ended(key(1))
}
