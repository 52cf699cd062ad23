package server

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestHolderIn(t *testing.T) {
	const list = `1: FLOCK  ADVISORY  WRITE 4711 08:01:7 0 EOF
1: -> FLOCK  ADVISORY  WRITE 12 08:01:7 0 EOF
2: POSIX  ADVISORY  WRITE 13 08:01:8 0 EOF
3: FLOCK  ADVISORY  WRITE 14 08:01:77 0 EOF
4: FLOCK  ADVISORY  WRITE 0 08:01:9 0 EOF
5: FLOCK  ADVISORY  WRITE 15 08:01:10 0 EOF
6: FLOCK  ADVISORY  WRITE 16 08:02:10 0 EOF
`
	for inode, want := range map[uint64]int{7: 4711, 8: 0, 77: 14, 9: 0, 10: 0, 11: 0} {
		if pid, known := holderIn(list, inode); pid != want || known != (want != 0) {
			t.Errorf("inode %d is locked by %d, %t", inode, pid, known)
		}
	}
}

// TestOccupied: what is told of who has a home is about who has it now.
func TestOccupied(t *testing.T) {
	dir := t.TempDir()
	h, err := openHome(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if pid, known := lockHolder(filepath.Join(dir, "lock")); known && pid != syscall.Getpid() {
		t.Errorf("%d has the lock", pid)
	}
	refusal := func() string {
		_, err := openHome(dir)
		if err == nil {
			t.Fatal("it is opened twice")
		}
		return err.Error()
	}
	without := refusal()
	if err := os.WriteFile(h.path("server.json"), []byte(`{"pid": 4194305, "url": "http://127.0.0.1:1"}`), 0o600); err != nil { // no process can have this id
		t.Fatal(err)
	}
	if with := refusal(); with != without {
		t.Errorf("beside what a dead server has left it says %s, and %s without", with, without)
	}
}
