package server_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet"
)

// says runs a command of a home, and gives its exit code and all that it said.
func says(home string, args ...string) (exit int, said string) {
	cmd := command(home, args...)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestBackupDestroysNothing: neither a part of the home, however it is called,
// nor a file of another sort; and what is no regular file stays what it is.
func TestBackupDestroysNothing(t *testing.T) {
	home, dir := newHome(t), t.TempDir()
	p := serve(t, home)
	p.keep("name: w\ntasks:\n  t: {expr: {x: 1}}\n")
	p.end()
	below := func(name string) string { return filepath.Join(dir, name) }
	for name, to := range map[string]string{"alias": home, "to-database": filepath.Join(home, "freshet.db"),
		"to-nothing": filepath.Join(home, "new.tar"), "to-new": below("new.tar"), "loop": below("loop")} {
		if err := os.Symlink(to, below(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(below("text"), []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(below("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(home, "freshet.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, word string
		exit       int
		force      bool
	}{
		{filepath.Join(home, "freshet.db"), "in the home", 2, true},
		{filepath.Join(home, "token"), "in the home", 2, true},
		{filepath.Join(home, "new.tar"), "in the home", 2, true},
		{filepath.Join(home, "keeper", "new.tar"), "in the home", 2, true},
		{below("alias/new.tar"), "in the home", 2, true},
		{below("to-database"), "in the home", 2, true},
		{below("to-nothing"), "in the home", 2, true},
		{below("loop"), "cannot write", 2, true},
		{home, "is a directory", 2, true},
		{dir, "is a directory", 2, true},
		{below("none/new.tar"), "cannot write", 2, true},
		{below("text"), "is no backup", 5, false},
	} {
		args := []string{"db", "backup", c.file}
		if c.force {
			args = append(args, "--force")
		}
		if exit, said := says(home, args...); exit != c.exit || !strings.Contains(said, c.word) {
			t.Errorf("%s: exit %d\n%s", c.file, exit, said)
		}
	}
	if after, err := os.ReadFile(filepath.Join(home, "freshet.db")); err != nil || string(after) != string(before) {
		t.Errorf("the database has changed: %v", err)
	}
	for _, c := range []struct {
		file string
		args []string
	}{
		{below("to-new"), nil}, {below("to-new"), nil}, {below("empty"), nil}, {below("text"), []string{"--force"}},
	} {
		if exit, said := says(home, append([]string{"db", "backup", c.file}, c.args...)...); exit != 0 {
			t.Errorf("%s: exit %d\n%s", c.file, exit, said)
		}
	}
	if info, err := os.Lstat(below("to-new")); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("a link is %v, %v", info, err)
	}
	if exit, said := says(newHome(t), "db", "restore", below("new.tar")); exit != 0 {
		t.Errorf("what a link led to: exit %d\n%s", exit, said)
	}
	backupThroughPipe(t, home, below("pipe"))
}

func backupThroughPipe(t *testing.T, home, pipe string) {
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string, 1)
	go func() {
		f, err := os.Open(pipe)
		if err != nil {
			read <- err.Error()
			return
		}
		defer f.Close()
		text, _ := io.ReadAll(f)
		read <- string(text)
	}()
	if exit, said := says(home, "db", "backup", pipe); exit != 0 {
		t.Fatalf("into a pipe: exit %d\n%s", exit, said)
	}
	if text := <-read; !strings.HasPrefix(text, "manifest.json") {
		t.Errorf("the pipe gave %d bytes", len(text))
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("a pipe is %v, %v", info, err)
	}
}

// TestBackupOfWhatIsGone: it is written, and says that it is not complete.
func TestBackupOfWhatIsGone(t *testing.T) {
	home, dir := newHome(t), t.TempDir()
	p := serve(t, home)
	flow, data, file := filepath.Join(dir, "w.yaml"), filepath.Join(dir, "data.txt"), filepath.Join(dir, "b.tar")
	for name, text := range map[string]string{flow: "name: w\ntasks:\n  t: {bash: cat data.txt}\n", data: "data\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if exit, said := says(home, "workflow", "upload", flow, "--files", "data.txt"); exit != 0 {
		t.Fatal(said)
	}
	whole, said := says(home, "db", "backup", file)
	if whole != 0 || strings.Contains(said, "warning") {
		t.Errorf("a whole one: exit %d\n%s", whole, said)
	}
	if err := os.RemoveAll(filepath.Join(home, "blobs")); err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		for _, to := range []string{file, "-"} {
			exit, said := says(home, "db", "backup", to)
			if exit != 1 || !strings.Contains(said, "warning: the backup is not complete: 1 files") || !strings.Contains(said, "doctor") {
				t.Errorf("%s, to %s: exit %d\n%.2000s", what, to, exit, said)
			}
		}
	}
	check("with a server")
	p.end()
	check("without one")
	if exit, said := says(newHome(t), "db", "restore", file); exit != 0 {
		t.Errorf("it cannot be restored: exit %d\n%s", exit, said)
	}
}

// TestLogOfTheDatabaseRemoved: nothing more is acknowledged, and nothing that
// was is lost.
func TestLogOfTheDatabaseRemoved(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	if _, err := p.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "before"}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(filepath.Join(home, "freshet.db"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := quick(t, p).SendEvent(t.Context(), "default", freshet.EventRequest{Key: "after"}); err == nil {
		t.Error("an event is acknowledged")
	}
	_ = p.cmd.Wait()
	if said := p.said(); !strings.Contains(said, "removed or replaced") {
		t.Errorf("the server said\n%s", said)
	}
	p = serve(t, home)
	if exit, said := says(home, "event", "list", "-o", "plain"); exit != 0 || !strings.Contains(said, "before") || strings.Contains(said, "after") {
		t.Errorf("exit %d\n%s", exit, said)
	}
	p.end()
}

// TestKeeperHangs: it is noticed and told, by /readyz, by the log and by the
// doctor, and so is that it is back.
func TestKeeperHangs(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	p := serve(t, home)
	p.ready(http.StatusOK)
	keeper := keeperOf(home)
	if err := syscall.Kill(keeper, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	exit, found := diagnose(t, home)
	if c := found["keeper"]; exit != 1 || c.Result != freshet.CheckFail || !strings.Contains(c.Detail, "does not answer") || time.Since(begin) > 30*time.Second {
		t.Errorf("the doctor: exit %d after %s, %+v", exit, time.Since(begin), c)
	}
	if said := p.ready(http.StatusServiceUnavailable); !strings.Contains(said, "keeper") {
		t.Errorf("it says %s", said)
	}
	if up := value(p.scrape(), "freshet_keeper_up"); up != 0 {
		t.Errorf("freshet_keeper_up is %v", up)
	}
	if err := syscall.Kill(keeper, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.ready(http.StatusOK)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"the keeper does not answer", "the keeper answers again", "the keeper is gone", "there is a keeper again"} {
		soon(t, "the log says: "+line, func() bool { return strings.Contains(p.said(), line) })
	}
	p.ready(http.StatusOK)
	p.end()
}

// TestRestoreBesideAKeeperThatHangs: what it holds would run on, unknown.
func TestRestoreBesideAKeeperThatHangs(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient)
	p.started(p.start("patient"), "t")
	file := filepath.Join(t.TempDir(), "b.tar")
	if exit, said := says(home, "db", "backup", file); exit != 0 {
		t.Fatal(said)
	}
	p.kill()
	if err := syscall.Kill(keeperOf(home), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if exit, said := says(home, "db", "restore", "-y", file); exit != 5 || !strings.Contains(said, "hangs") {
		t.Errorf("exit %d\n%s", exit, said)
	}
}

// TestDoctorAndAServerThatHangs: it says so, and returns.
func TestDoctorAndAServerThatHangs(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	p := serve(t, home)
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if exit, found := diagnose(t, home); exit != 1 || !strings.Contains(found["server"].Detail, "does not answer") {
		t.Errorf("exit %d, %+v", exit, found)
	}
}

// TestDoctorAndThePort: that another program has the address of the home's
// settings is a warning.
func TestDoctorAndThePort(t *testing.T) {
	home := newHome(t)
	serve(t, home).end()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	settings(t, home, "listen: "+l.Addr().String()+"\n")
	cmd := command(home, "doctor", "-o", "plain")
	for i, kv := range cmd.Env {
		if strings.HasPrefix(kv, "FRESHET_LISTEN=") {
			cmd.Env = append(cmd.Env[:i], cmd.Env[i+1:]...)
			break
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "another program listens on "+l.Addr().String()) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDoctorAfterACrash: what is recorded as running and cannot run is told.
func TestDoctorAfterACrash(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient)
	p.started(p.start("patient"), "t")
	p.kill()
	keeper := keeperOf(home)
	endKeeper(home)
	waitGone(t, keeper)
	exit, found := diagnose(t, home)
	if c := found["keeper"]; exit != 0 || c.Result != freshet.CheckWarn || !strings.Contains(c.Detail, "1 tasks are recorded as running") {
		t.Errorf("exit %d, %+v", exit, c)
	}
}

// TestDoctorWithoutAHome: it says so, and makes nothing.
func TestDoctorWithoutAHome(t *testing.T) {
	home := t.TempDir()
	for _, args := range [][]string{{"doctor"}, {"db", "backup", filepath.Join(t.TempDir(), "b.tar")}} {
		if exit, said := says(home, args...); exit != 3 || !strings.Contains(said, "there is no home") {
			t.Errorf("%s: exit %d\n%s", args, exit, said)
		}
	}
	if list, err := os.ReadDir(home); err != nil || len(list) > 0 {
		t.Errorf("%v is there, %v", list, err)
	}
}

// TestDoctorAndTheToken: it names the file of the token as the cause.
func TestDoctorAndTheToken(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	token := filepath.Join(home, "token")
	for what, harm := range map[string]func() error{
		"gone":    func() error { return os.Remove(token) },
		"damaged": func() error { return os.WriteFile(token, []byte("\x00\x01"), 0o600) },
		"another": func() error { return os.WriteFile(token, []byte("another-token-of-some-length\n"), 0o600) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		exit, found := diagnose(t, home)
		if c := found["token"]; exit != 1 || c.Result != freshet.CheckFail || !strings.Contains(c.Hint, itoa(p.cmd.Process.Pid)) {
			t.Errorf("%s: exit %d, %+v", what, exit, found)
		}
		if err := os.WriteFile(token, []byte(p.token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
