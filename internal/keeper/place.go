package keeper

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Info is what keeper/keeper.json says about the keeper of a home.
type Info struct {
	Instance  string `json:"instance"`   // random, new for each process
	PID       int    `json:"pid"`        //
	StartTime uint64 `json:"start_time"` // of the process, as the kernel counts it
	BootID    string `json:"boot_id"`
	Version   string `json:"version"`
	Socket    string `json:"socket"`
}

// maxSocketPath leaves room below the 104 (macOS) and 108 (Linux) bytes that
// the address of a unix socket can have.
const maxSocketPath = 100

// place is the keeper's folder in a home.
type place struct{ dir string }

func placeOf(home string) place { return place{filepath.Join(home, "keeper")} }

func (p place) path(name string) string { return filepath.Join(p.dir, name) }

// socket is where the keeper listens. A home with a long path gets a private
// directory with a short one.
func (p place) socket() (string, error) {
	s := p.path("socket")
	if len(s) <= maxSocketPath {
		return s, nil
	}
	sum := sha256.Sum256([]byte(p.dir))
	name := fmt.Sprintf("freshet-%d-%s", os.Getuid(), hex.EncodeToString(sum[:8]))
	dir := filepath.Join(os.TempDir(), name)
	if len(filepath.Join(dir, "socket")) > maxSocketPath { // $TMPDIR may be long too
		dir = filepath.Join("/tmp", name)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make the keeper's directory: %w", err)
	}
	if err := ours(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, "socket"), nil
}

// ours refuses a directory that another account can write to or has laid out.
func ours(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Getuid() || st.Mode&0o077 != 0 {
		return fmt.Errorf("%s is not a private directory of this account", dir)
	}
	return nil
}

// read reads keeper.json; fs.ErrNotExist where no keeper has been.
func (p place) read() (Info, error) {
	var i Info
	b, err := os.ReadFile(p.path("keeper.json"))
	if err != nil {
		return i, fmt.Errorf("read the keeper's file: %w", err)
	}
	if err := json.Unmarshal(b, &i); err != nil {
		return i, fmt.Errorf("read the keeper's file: %w", err)
	}
	return i, nil
}

func (p place) write(i Info) error {
	b, err := json.Marshal(i)
	if err != nil {
		return err
	}
	temp := p.path("keeper.json.new")
	if err := os.WriteFile(temp, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the keeper's file: %w", err)
	}
	return os.Rename(temp, p.path("keeper.json"))
}

// lock takes the home for this keeper. The lock belongs to the open file, and
// a process between fork and exec has inherited it: whoever gets the lock
// after a keeper's death knows that all its children have become what they
// were to be, and can be found by their environment.
func (p place) lock(patience time.Duration) (*os.File, error) {
	f, err := os.OpenFile(p.path("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the keeper's lock: %w", err)
	}
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if time.Now().After(until) {
			f.Close()
			return nil, ErrHeld
		}
	}
}

// ErrHeld says that the home has a keeper already.
var ErrHeld = errors.New("the home has a keeper already")

func newInstance() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}
