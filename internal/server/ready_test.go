package server_test

import (
	"context"
	"database/sql"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/freshet/freshet"
)

// inside runs a program where a server that runs in namespaces of its own is.
func (p *process) inside(args ...string) {
	p.t.Helper()
	out, err := exec.CommandContext(p.t.Context(), "nsenter",
		append([]string{"-t", itoa(p.cmd.Process.Pid), "-U", "-m", "--preserve-credentials"}, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
}

// TestNotReadyOnAFullDisk: and ready once there is room, though nobody sends
// anything.
func TestNotReadyOnAFullDisk(t *testing.T) {
	home := newHome(t)
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	p := serveCommand(t, home, inNamespace(home, "mount -t tmpfs -o size=40m none '"+home+"'", "server", "start", "--listen", "127.0.0.1:0"))
	p.ready(http.StatusOK)
	not := func(word string) {
		t.Helper()
		if said := p.ready(http.StatusServiceUnavailable); !strings.Contains(said, word) {
			t.Errorf("it says %s", said)
		}
		if status, _ := p.get("/healthz", ""); status != http.StatusOK {
			t.Errorf("/healthz answers %d", status)
		}
		st, err := p.Server(t.Context())
		if err != nil || !strings.Contains(strings.Join(st.Trouble, " "), word) {
			t.Errorf("the status is %q, %v", st.Trouble, err)
		}
		if value(p.scrape(), "freshet_ready") != 0 {
			t.Error("freshet_ready is not 0")
		}
	}
	fill := filepath.Join(home, "fill")
	p.inside("sh", "-c", "dd if=/dev/zero of='"+fill+"' bs=64k 2>/dev/null || :")
	not("disk is full")
	// A commit that does not go through is known, and forgotten when there is room.
	if _, err := quick(t, p).SendEvent(t.Context(), "default", freshet.EventRequest{Key: "big", Value: strings.Repeat("x", 900<<10)}); freshet.CodeOf(err) != freshet.Unavailable {
		t.Errorf("an event on a full disk: %v", err)
	}
	p.inside("rm", fill)
	p.ready(http.StatusOK)
}

// TestNotReadyWithoutADatabase: while another program holds the database and
// commits fail.
func TestNotReadyWithoutADatabase(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.ready(http.StatusOK)
	db, err := sql.Open("sqlite", filepath.Join(home, "freshet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	holder, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if _, err := holder.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	refused := make(chan error, 1)
	impatient := quick(t, p)
	go func() {
		_, err := impatient.SendEvent(context.Background(), "default", freshet.EventRequest{Key: "k"})
		refused <- err
	}()
	if said := p.ready(http.StatusServiceUnavailable); !strings.Contains(said, "database cannot be written") || !strings.Contains(said, "another process") {
		t.Errorf("it says %s", said)
	}
	if _, err := holder.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-refused; freshet.CodeOf(err) != freshet.Unavailable {
		t.Errorf("the event: %v", err)
	}
	p.ready(http.StatusOK)
	if got := value(p.scrape(), "freshet_commits_failed_total"); got != 1 {
		t.Errorf("%v commits failed", got)
	}
}

// TestNotReadyWithoutAKeeper: whoever cannot start a process is not ready.
func TestNotReadyWithoutAKeeper(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.ready(http.StatusOK)
	lock, err := os.OpenFile(filepath.Join(home, "keeper", "lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	locked := make(chan error, 1)
	go func() { locked <- syscall.Flock(int(lock.Fd()), syscall.LOCK_EX) }() // waits for it, before any successor
	if err := syscall.Kill(keeperOf(home), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
	if said := p.ready(http.StatusServiceUnavailable); !strings.Contains(said, "keeper") {
		t.Errorf("it says %s", said)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	p.ready(http.StatusOK)
}
