package server_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// binary is the real program, built once for the tests of this package.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "freshet-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "freshet")
	build := exec.Command("go", "build", "-o", binary, "-ldflags", "-X main.version=test", "../../cmd/freshet")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a real server.
type process struct {
	*client.Client
	t     *testing.T
	cmd   *exec.Cmd
	home  string
	url   string
	token string
	log   *os.File
}

// newHome is a home whose keeper ends with the test.
func newHome(t *testing.T) string {
	home := filepath.Join(t.TempDir(), "home")
	t.Cleanup(func() { removeHome(home) })
	return home
}

// removeHome ends the keeper of a home and removes it. A server that is killed
// as it starts may leave a keeper that is only coming up, and makes files.
func removeHome(home string) {
	for range 250 {
		endKeeper(home)
		if os.RemoveAll(home) == nil && keeperOf(home) <= 0 {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

// endKeeper ends the keeper of a home, and what it holds.
func endKeeper(home string) {
	if pid := keeperOf(home); pid > 0 {
		for _, child := range childrenOf(pid) {
			_ = syscall.Kill(-child, syscall.SIGKILL)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// command is the program with a home and a clean environment.
func command(home string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "FRESHET_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "FRESHET_HOME="+home, "FRESHET_LISTEN=127.0.0.1:0") // whoever serves on this machine
	return cmd
}

// serve starts a real server and waits until it is ready.
func serve(t *testing.T, home string, args ...string) *process {
	t.Helper()
	return serveCommand(t, home, command(home, append([]string{"server", "start", "--listen", "127.0.0.1:0"}, args...)...))
}

func serveCommand(t *testing.T, home string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, home: home, cmd: cmd}
	var err error
	if p.log, err = os.CreateTemp(t.TempDir(), "server-*.log"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.log.Close() })
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, _ := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "ready" {
		t.Fatalf("the server said %q\n%s", line, p.said())
	}
	p.url = words[1]
	// By way of the process: its home may be in a mount of its own.
	token, err := os.ReadFile(fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, filepath.Join(home, "token")))
	if err != nil {
		t.Fatal(err)
	}
	p.token = strings.TrimSpace(string(token))
	if p.Client, err = client.New(client.Config{URL: p.url, Token: p.token, Patience: 30 * time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// said is what the server wrote to its standard error.
func (p *process) said() string {
	text, _ := os.ReadFile(p.log.Name())
	return string(text)
}

// kill ends the server as a crash does.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// end stops the server gracefully.
func (p *process) end() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("the server ended with %v\n%s", err, p.said())
	}
}

func (p *process) keep(files ...string) {
	p.t.Helper()
	r := freshet.UploadRequest{}
	for i, source := range files {
		r.Documents = append(r.Documents, freshet.Document{Name: fmt.Sprintf("%d.yaml", i), Source: source})
	}
	if _, err := p.Upload(p.t.Context(), freshet.DefaultNamespace, r, nil); err != nil {
		p.t.Fatalf("upload: %v", err)
	}
}

func (p *process) start(workflow string) int64 {
	p.t.Helper()
	r, err := p.StartRun(p.t.Context(), freshet.DefaultNamespace, workflow, "", freshet.RunRequest{})
	if err != nil {
		p.t.Fatalf("start %s: %v", workflow, err)
	}
	return r.ID
}

func (p *process) wait(run int64) freshet.Run {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	r, err := p.WaitRun(ctx, run)
	if err != nil {
		p.t.Fatalf("wait for run %d: %v\n%s", run, err, p.said())
	}
	return r
}

// until waits for a message of the feed that f accepts.
func (p *process) until(q client.FeedQuery, f func(freshet.Message) bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	done := fmt.Errorf("done")
	err := p.Feed(ctx, q, func(m freshet.Message) error {
		if f(m) {
			return done
		}
		return nil
	})
	if err != done {
		p.t.Fatalf("the feed ended: %v\n%s", err, p.said())
	}
}

// started waits until a task of a run has its process.
func (p *process) started(run int64, task string) freshet.Execution {
	p.t.Helper()
	p.until(client.FeedQuery{Run: run, Kinds: []string{"started"}}, func(m freshet.Message) bool { return m.Task == task })
	return p.latest(run, task)
}

// latest is the newest try of a task.
func (p *process) latest(run int64, task string) freshet.Execution {
	p.t.Helper()
	list, err := p.Task(p.t.Context(), run, task)
	if err != nil || len(list) == 0 {
		p.t.Fatalf("task %s of run %d: %v", task, run, err)
	}
	return list[len(list)-1]
}

func keeperOf(home string) int {
	raw, err := os.ReadFile(filepath.Join(home, "keeper", "keeper.json"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), `"pid":`)
	rest = strings.TrimLeft(rest, " ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	pid, _ := strconv.Atoi(rest[:max(end, 0)])
	return pid
}

func childrenOf(pid int) []int {
	var list []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		raw, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(raw)) {
			child, _ := strconv.Atoi(word)
			list = append(list, child)
		}
	}
	return list
}

func itoa(n int) string { return strconv.Itoa(n) }

// waitGone waits until a process that is nobody's child here has ended.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 30_000); err != nil || n != 1 {
		t.Fatalf("process %d does not end: %v", pid, err)
	}
}

// alive tells whether a process runs; one that is only still to be waited for
// does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
