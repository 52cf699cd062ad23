package keeper_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/keeper"
)

func readInfo(t *testing.T, home string) (i keeper.Info) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(home, "keeper", "keeper.json"))
	if err == nil {
		err = json.Unmarshal(b, &i)
	}
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// leaves waits until the keeper has ended by itself.
func (r *rig) leaves() {
	r.t.Helper()
	if _, err := syscall.Wait4(r.pid, nil, 0, nil); err != nil {
		r.t.Fatal(err)
	}
	r.pid = 0
	if _, err := os.Stat(filepath.Join(r.home, "keeper", "keeper.json")); !errors.Is(err, os.ErrNotExist) {
		r.t.Errorf("it left its file behind: %v", err)
	}
}

func TestOneKeeperForAHome(t *testing.T) {
	r := newRig(t)
	if _, err := keeper.Launch(r.home, []string{self(t)}, []string{"KEEPER_HOME=" + r.home}); !errors.Is(err, keeper.ErrHeld) {
		t.Errorf("a second keeper: %v", err)
	}
	i := readInfo(t, r.home)
	if !i.Alive() || i.PID != r.pid || i.Instance != r.c.Hello.Instance || i.Version != "test" {
		t.Errorf("%+v", i)
	}
	for name, mode := range map[string]os.FileMode{"socket": 0o600, "lock": 0o600, "keeper.json": 0o600, "keeper.log": 0o600, i.Instance + ".pids": 0o600, ".": 0o700} {
		if st, err := os.Stat(filepath.Join(r.home, "keeper", name)); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
}

// TestByHand: nobody has given the keeper a pipe to say that it listens.
func TestByHand(t *testing.T) {
	home := t.TempDir()
	cmd := exec.Command(self(t))
	cmd.Env = []string{"KEEPER_HOME=" + home}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, home: home, pid: cmd.Process.Pid}
	defer r.kill()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(home, "keeper", "keeper.json")); err == nil {
			break
		}
	}
	r.dial()
	defer r.c.Close()
	r.start(key(1), "true")
	r.ended(key(1))
}

func TestLongHome(t *testing.T) {
	for name, temp := range map[string]string{"short": "/tmp", "long too": filepath.Join(t.TempDir(), strings.Repeat("temp", 30))} {
		t.Run(name, func(t *testing.T) {
			r := &rig{t: t, home: filepath.Join(t.TempDir(), strings.Repeat("long", 30))}
			r.launch("TMPDIR=" + temp)
			defer r.kill()
			r.dial()
			defer r.c.Close()
			i := readInfo(t, r.home)
			defer os.RemoveAll(filepath.Dir(i.Socket))
			if len(i.Socket) > 100 {
				t.Errorf("socket %s", i.Socket)
			}
			if st, err := os.Stat(filepath.Dir(i.Socket)); err != nil || st.Mode().Perm() != 0o700 {
				t.Errorf("%v %v", st, err)
			}
			r.start(key(1), "true")
			r.ended(key(1))
		})
	}
}

func TestQuit(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "true")
	r.ended(key(1))
	if err := r.c.Quit(t.Context()); !errors.Is(err, keeper.ErrBusy) {
		t.Errorf("it left with an end that nobody has written down: %v", err)
	}
	if err := r.c.Release(t.Context(), []freshet.Key{key(1)}); err != nil {
		t.Fatal(err)
	}
	if err := r.c.Quit(t.Context()); err != nil {
		t.Errorf("quit: %v", err)
	}
	instance := r.c.Hello.Instance
	r.leaves()
	gone, err := keeper.ReadDeparted(r.home)
	if err != nil {
		t.Fatal(err)
	}
	if gone.Never(instance, key(1)) || !gone.Never(instance, key(2)) || gone.Never("other", key(2)) {
		t.Errorf("what it started is not what it says: %+v", gone)
	}
}

func TestLeavesWhenForgotten(t *testing.T) {
	r := newRig(t, "KEEPER_IDLE=1s")
	r.c.Close()
	r.leaves()
}

func TestLeavesWhenTheHomeIsGone(t *testing.T) {
	r := newRig(t, "KEEPER_IDLE=1s")
	r.start(key(1), "true")
	r.ended(key(1)) // nobody will ever write it down
	if err := os.RemoveAll(r.home); err != nil {
		t.Fatal(err)
	}
	r.leaves()
}

func TestSignals(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "cat", filepath.Join(r.fifo()))
	r.started(key(1))
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if err := syscall.Kill(r.pid, s); err != nil {
			t.Fatal(err)
		}
	}
	r.says("asked to end, and stays")
	if states, err := r.c.List(t.Context()); err != nil || len(states) != 1 || states[0].Ended() {
		t.Fatalf("%+v %v", states, err)
	}
	if _, err := r.c.Stop(t.Context(), key(1), time.Minute); err != nil {
		t.Fatal(err)
	}
	if s := r.ended(key(1)); s.ExitCode != 143 {
		t.Errorf("%+v", s)
	}
	if err := r.c.Release(t.Context(), []freshet.Key{key(1)}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(r.pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.leaves()
}

// fifo is something to read for ever.
func (r *rig) fifo() string {
	r.t.Helper()
	path := filepath.Join(r.home, "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// says waits until the keeper's own log has a text.
func (r *rig) says(text string) {
	r.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		b, _ := os.ReadFile(filepath.Join(r.home, "keeper", "keeper.log"))
		if strings.Contains(string(b), text) {
			return
		}
	}
	r.t.Fatalf("the keeper never said %q", text)
}

// TestSuccessorBuries kills a keeper whose attempts are of every sort, and
// looks whether anything outlives the start of the next one.
func TestSuccessorBuries(t *testing.T) {
	r := newRig(t)
	// A leader that lives, one that has ended and left a child (the keeper,
	// stopped, cannot kill it), and a stranger in the same state.
	r.start(key(1), "sh", "-c", "trap '' TERM HUP; echo up; sleep 1000; true")
	r.waitLog(key(1), "up")
	r.start(key(2), "sh", "-c", "sleep 1000 & until [ -e go ]; do :; done; kill -STOP $PPID; until grep -q 'State:.T' /proc/$PPID/status; do :; done; echo up $!; exit 0")
	if err := os.WriteFile(filepath.Join(r.home, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.waitLog(key(2), "up")
	stranger := exec.Command("sleep", "1000")
	stranger.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stranger.Process.Kill(); _ = stranger.Wait() }()
	child, _ := strconv.Atoi(strings.Fields(r.log(key(2)))[1])
	instance := r.c.Hello.Instance
	r.c.Close()
	r.kill()
	if err := syscall.Kill(child, 0); err != nil {
		t.Fatalf("the child should have outlived its keeper: %v", err)
	}
	r.launch()
	r.dial()
	if alive(child) {
		t.Errorf("the child %d is alive", child)
	}
	if !alive(stranger.Process.Pid) {
		t.Errorf("a stranger was killed")
	}
	gone, err := keeper.ReadDeparted(r.home)
	if err != nil {
		t.Fatal(err)
	}
	if gone.Never(instance, key(1)) || gone.Never(instance, key(2)) || !gone.Never(instance, key(3)) {
		t.Errorf("%+v", gone)
	}
	if states, err := r.c.List(t.Context()); err != nil || len(states) != 0 {
		t.Errorf("the new keeper holds %+v, %v", states, err)
	}
}

// alive tells whether the process is there and no zombie.
func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// TestSuccessorFindsWhatWasNotListed: the keeper died between the fork and the
// line with the process.
func TestSuccessorFindsWhatWasNotListed(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "sh", "-c", "echo up; sleep 1000; true")
	pid := r.started(key(1)).PID
	r.waitLog(key(1), "up")
	path := filepath.Join(r.home, "keeper", r.c.Hello.Instance+".pids")
	r.c.Close()
	r.kill()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(b), "p 1")
	if !ok {
		t.Fatalf("the list: %s", b)
	}
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	r.launch()
	r.dial()
	if alive(pid) {
		t.Errorf("process %d is alive", pid)
	}
}

// TestAnotherBoot: what a list says of another boot is nobody's.
func TestAnotherBoot(t *testing.T) {
	r := newRig(t)
	r.start(key(1), "sh", "-c", "echo up; sleep 1000; true")
	pid := r.started(key(1)).PID
	defer syscall.Kill(-pid, syscall.SIGKILL)
	instance := r.c.Hello.Instance
	path := filepath.Join(r.home, "keeper", instance+".pids")
	r.c.Close()
	r.kill()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "\n")
	if err := os.WriteFile(path, []byte("freshet-keeper-1 "+instance+" an-earlier-boot\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	r.launch()
	r.dial()
	if !alive(pid) {
		t.Errorf("a process of this boot was killed for one of another")
	}
	gone, err := keeper.ReadDeparted(r.home)
	if err != nil || gone.Never(instance, key(2)) {
		t.Errorf("a list that a power cut may have shortened is believed: %v", err)
	}
}

// TestInit is a container in small: the keeper has the server as its child.
func TestInit(t *testing.T) {
	for _, c := range []struct {
		name, server string
		signal       syscall.Signal
		exit         int
	}{
		{"the server ends", "exit 7", 0, 7},
		{"it is asked to end", `trap 'echo "server asked"; exit 3' TERM; echo up; while :; do sleep 0.01; done`, syscall.SIGTERM, 3},
		{"orphans", `(sh -c 'exit 9' &) ; (sleep 0.01 &); exit 4`, 0, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			cmd := exec.Command(self(t))
			cmd.Env = []string{"KEEPER_HOME=" + home, "KEEPER_SERVER=" + c.server, "PATH=" + os.Getenv("PATH")}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			r := &rig{t: t, home: home}
			if c.signal != 0 {
				_, _ = out.Read(make([]byte, 3))
				r.dial()
				r.start(key(1), "sh", "-c", `trap 'echo "asked"; exit 0' TERM; echo up; while :; do sleep 0.01; done`)
				r.waitLog(key(1), "up")
				_ = cmd.Process.Signal(c.signal)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.exit {
				t.Errorf("exit code %d, want %d", code, c.exit)
			}
			if c.signal != 0 {
				if s := r.ended(key(1)); s.ExitCode != 0 || !strings.HasSuffix(r.log(key(1)), "asked\n") {
					t.Errorf("%+v %s", s, r.log(key(1)))
				}
				r.c.Close()
			}
		})
	}
}
