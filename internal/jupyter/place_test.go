package jupyter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Who starts a kernel clears away what others left who were killed, and
// nothing of those who live.
func TestSweep(t *testing.T) {
	parent, err := os.MkdirTemp("/tmp", "jt")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(parent)
	made := map[string]*place{}
	for _, name := range []string{"alive", "dead", "dead a moment ago"} {
		p, err := newPlace(parent)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = p
		if name != "alive" {
			p.lock.Close()
		}
		if name != "dead a moment ago" {
			old := time.Now().Add(-time.Hour)
			if err := os.Chtimes(p.lock.Name(), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := newPlace(parent)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range made {
		_, err := os.Stat(m.dir)
		if there := err == nil; there != (name != "dead") {
			t.Errorf("the directory of who is %s: %v", name, err)
		}
	}
	if err := p.remove(); err != nil {
		t.Error(err)
	}
	made["alive"].remove()
}

func TestPlace(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	p, err := newPlace(long)
	if err != nil {
		t.Fatal(err)
	}
	defer p.remove()
	if filepath.Dir(p.dir) != "/tmp" || p.transport("") != IPC || p.transport(TCP) != TCP {
		t.Errorf("it is at %s, by %s", p.dir, p.transport(""))
	}
	p.dir = long // where unix sockets cannot be made
	if p.transport("") != TCP {
		t.Error("it takes unix sockets where they cannot be made")
	}
	p.dir = filepath.Dir(p.lock.Name())
}
