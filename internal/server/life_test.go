package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// waits for a file `go` in the run's directory, and says what it did.
const patient = `name: patient
tasks:
  t: {bash: 'until test -e go; do read -t 0.02 <> <(:) || :; done; echo done'}
  after: {after: t, expr: {x: 1}}
`

// letGo lets the task of a patient run end.
func letGo(t *testing.T, home string, run string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(home, "work", "default", "patient", run, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTasksOutliveTheServer(t *testing.T) {
	for name, end := range map[string]func(*process){"stopped": (*process).end, "killed": (*process).kill} {
		t.Run(name, func(t *testing.T) {
			home := newHome(t)
			p := serve(t, home)
			p.keep(patient)
			run := p.start("patient")
			before := p.started(run, "t")
			keeper := keeperOf(home)
			end(p)
			if len(childrenOf(keeper)) != 1 {
				t.Fatalf("the keeper holds %d processes after the server has gone", len(childrenOf(keeper)))
			}
			p = serve(t, home)
			letGo(t, home, "1")
			if r := p.wait(run); r.Status != freshet.Success {
				t.Errorf("the run ended %s: %s", r.Status, r.Reason)
			}
			after := p.latest(run, "t")
			if after.Seq != 1 || after.Try != 1 || !after.StartedAt.Equal(*before.StartedAt) {
				t.Errorf("the task was started again: %+v", after)
			}
		})
	}
}

func TestTaskEndsWhileNoServerLives(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient)
	run := p.start("patient")
	p.started(run, "t")
	task := childrenOf(keeperOf(home))[0]
	p.kill()
	letGo(t, home, "1")
	waitGone(t, task)
	p = serve(t, home)
	if r := p.wait(run); r.Status != freshet.Success {
		t.Errorf("the run ended %s: %s", r.Status, r.Reason)
	}
}

func TestStopWithTasks(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient)
	run := p.start("patient")
	p.started(run, "t")
	keeper := keeperOf(home)
	if err := p.StopServer(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := len(childrenOf(keeper)); n != 0 {
		t.Errorf("%d tasks outlived --stop-tasks", n)
	}
	p = serve(t, home)
	if r := p.wait(run); r.Status != freshet.Stopped || r.Code != freshet.CodeStoppedByPerson {
		t.Errorf("the run is %s, %s", r.Status, r.Code)
	}
}

// TestUpgrade lets a newer server talk to the older keeper until that is
// empty.
func TestUpgrade(t *testing.T) {
	newer := filepath.Join(t.TempDir(), "freshet")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", newer, "-ldflags", "-X main.version=newer", "../../cmd/freshet")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home := newHome(t)
	p := serve(t, home)
	p.keep(patient)
	run := p.start("patient")
	p.started(run, "t")
	older := keeperOf(home)
	p.end()
	old := binary
	binary = newer
	defer func() { binary = old }()
	p = serve(t, home)
	if s, err := p.Server(t.Context()); err != nil || s.Version != "newer" {
		t.Fatalf("the server is %+v, %v", s, err)
	}
	letGo(t, home, "1")
	if r := p.wait(run); r.Status != freshet.Success {
		t.Errorf("the run ended %s: %s", r.Status, r.Reason)
	}
	// The older keeper leaves once its last end has been written down and it
	// has been told so; what starts after that has a newer one.
	p.keep("name: short\ntasks:\n  t: {command: [\"true\"]}\n")
	for range 200 {
		p.wait(p.start("short"))
		if keeperOf(home) != older {
			return
		}
	}
	t.Errorf("the older keeper still holds what the newer server starts, though it was empty")
}

func TestNoProgramNoDirectory(t *testing.T) {
	p := serve(t, newHome(t))
	p.keep(`name: missing
tasks:
  program: {allow_failure: true, command: [no-such-program, "1"]}
  directory: {command: ["true"], working_dir: no/such/place}
`)
	r := p.wait(p.start("missing"))
	if r.Status != freshet.Failed || r.Code != freshet.CodeStartFailed {
		t.Errorf("the run is %s, %s", r.Status, r.Code)
	}
	for task, word := range map[string]string{"program": "no-such-program", "directory": "no/such/place"} {
		x := p.latest(r.ID, task)
		if x.Code != freshet.CodeStartFailed || !strings.Contains(x.Reason, word) {
			t.Errorf("%s ended %s: %s", task, x.Code, x.Reason)
		}
	}
}

func TestEnvironmentOfTasks(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SERVER", "x")
	t.Setenv("LC_TEST", "y")
	t.Setenv("PASS_ME_ON", "z")
	home := newHome(t)
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "freshet.yaml"), []byte("task_env: [PASS_*]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serve(t, home)
	p.keep(`name: env
tasks:
  t: {bash: 'for v in SECRET_OF_THE_SERVER LC_TEST PASS_ME_ON FRESHET_RUN_ID FRESHET_TASK FRESHET_SEQ FRESHET_TRY FRESHET_NAMESPACE FRESHET_WORKFLOW FRESHET_HOME; do echo "$v=${!v}" >> "$FRESHET_OUTPUT"; done; command -v freshet >/dev/null; test -n "$FRESHET_TOKEN" -a -n "$FRESHET_SCHEDULED_AT" -a "$PWD" = "$FRESHET_RUN_DIR" -a -d "$FRESHET_TASK_DIR"'}
`)
	r := p.wait(p.start("env"))
	x := p.latest(r.ID, "t")
	want := map[string]any{"SECRET_OF_THE_SERVER": "", "LC_TEST": "y", "PASS_ME_ON": "z", "FRESHET_RUN_ID": "1", "FRESHET_TASK": "t",
		"FRESHET_SEQ": "1", "FRESHET_TRY": "1", "FRESHET_NAMESPACE": "default", "FRESHET_WORKFLOW": "env", "FRESHET_HOME": ""}
	for k, v := range want {
		if x.Outputs[k] != v {
			t.Errorf("%s is %q in a task, not %q (%s: %s)", k, x.Outputs[k], v, x.Status, x.Reason)
		}
	}
}

// refusedStart runs `server start` that has to fail and returns what it says.
func refusedStart(t *testing.T, cmd *exec.Cmd) (exit int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-ctx.Done():
			if cmd.Process != nil {
				_ = cmd.Process.Kill()
			}
		case <-done:
		}
	}()
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("it started: %s", out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestSecondServerIsRefused(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	exit, said := refusedStart(t, command(home, "server", "start", "--listen", "127.0.0.1:0"))
	if exit != 5 || !strings.Contains(said, "pid "+itoa(p.cmd.Process.Pid)) || !strings.Contains(said, p.url) {
		t.Errorf("exit %d: %s", exit, said)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	exit, said := refusedStart(t, command(newHome(t), "server", "start", "--listen", l.Addr().String()))
	if exit != 5 || !strings.Contains(said, l.Addr().String()) || !strings.Contains(said, "hint:") {
		t.Errorf("exit %d: %s", exit, said)
	}
}

func TestSamePortAfterRestart(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	url := p.url
	p.end()
	if p = serve(t, home); p.url != url {
		t.Errorf("the server moved from %s to %s: tasks that outlived it look for it where it was", url, p.url)
	}
}

// inNamespace runs the program where its home is a file system of its own.
func inNamespace(home, mount string, args ...string) *exec.Cmd {
	cmd := command(home, args...)
	script := mount + ` && exec "$0" "$@"`
	cmd.Args = append([]string{"unshare", "--mount", "--map-root-user", "sh", "-ec", script, binary}, args...)
	cmd.Path, _ = exec.LookPath("unshare")
	return cmd
}

// TestFullDisk fills the disk under a running server: ends and stops are still
// recorded, new events are refused with the reason, and once there is room
// again all goes on.
func TestFullDisk(t *testing.T) {
	home := newHome(t)
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	p := serveCommand(t, home, inNamespace(home, "mount -t tmpfs -o size=40m none '"+home+"'", "server", "start", "--listen", "127.0.0.1:0"))
	p.keep(`name: filler
ends: never
tasks:
  fill: {start: {event: fill, busy: queue}, bash: 'dd if=/dev/zero of=fill bs=64k 2>/dev/null || :; echo full >&2'}
  free: {start: {event: never}, bash: 'rm -f fill'}
  long: {bash: 'trap "exit 0" TERM; while :; do read -t 0.05 <> <(:) || :; done'}
`)
	p.keep("name: ballast\ntasks:\n  t: {bash: 'dd if=/dev/zero of=some bs=64k count=32 2>/dev/null'}\n")
	ballast := p.start("ballast")
	p.wait(ballast)
	run := p.start("filler")
	p.started(run, "long")
	if _, err := p.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "fill"}); err != nil {
		t.Fatal(err)
	}
	p.until(client.FeedQuery{Run: run, Kinds: []string{"ended"}}, func(m freshet.Message) bool { return m.Task == "fill" })
	// Big events use up what is left, until one is refused.
	accepted := 0
	var refusal error
	big := strings.Repeat("x", 512<<10)
	for range 200 {
		_, err := quick(t, p).SendEvent(t.Context(), "default", freshet.EventRequest{Key: "big", Value: big})
		if err != nil {
			refusal = err
			break
		}
		accepted++
	}
	if freshet.CodeOf(refusal) != freshet.Unavailable || !strings.Contains(refusal.Error(), "disk is full") {
		t.Fatalf("after %d events: %v", accepted, refusal)
	}
	if _, err := p.StopTask(t.Context(), run, "long"); err != nil {
		t.Fatalf("a stop is refused on a full disk: %v", err)
	}
	p.until(client.FeedQuery{Run: run, Kinds: []string{"ended"}}, func(m freshet.Message) bool { return m.Task == "long" })
	if x := p.latest(run, "long"); x.Status != freshet.Stopped {
		t.Errorf("long is %s", x.Status)
	}
	events, err := p.CountEvents(t.Context(), client.EventQuery{Namespace: "default", Keys: []string{"big"}})
	if err != nil || events.Count != int64(accepted) {
		t.Errorf("%d of %d accepted events are there: %v", events.Count, accepted, err)
	}
	// Deleting makes room, and is taken.
	if err := quick(t, p).DeleteRun(t.Context(), ballast); err != nil {
		t.Errorf("deleting a run is refused on a full disk: %v", err)
	}
	soon(t, "the files of a deleted run are gone", func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/%d/root%s", p.cmd.Process.Pid, filepath.Join(home, "work", "default", "ballast", itoa(int(ballast)))))
		return os.IsNotExist(err)
	})
	if err := quick(t, p).DeleteWorkflow(t.Context(), "default", "ballast"); err != nil {
		t.Errorf("deleting a workflow is refused on a full disk: %v", err)
	}
	// Room again: the fill goes, from inside of the mount.
	if out, err := exec.CommandContext(t.Context(), "nsenter", "-t", itoa(p.cmd.Process.Pid), "-U", "-m", "--preserve-credentials",
		"rm", filepath.Join(home, "work", "default", "filler", itoa(int(run)), "fill")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The patient client tries again until it is taken.
	if _, err := p.SendEvent(t.Context(), "default", freshet.EventRequest{Key: "small", ID: "small"}); err != nil {
		t.Fatalf("there is room again, and yet: %v", err)
	}
}

// quick is a client that takes the first no for an answer.
func quick(t *testing.T, p *process) *client.Client {
	c, err := client.New(client.Config{URL: p.url, Token: p.token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestReadOnlyHome(t *testing.T) {
	home := newHome(t)
	serve(t, home).end()
	exit, said := refusedStart(t, inNamespace(home, "mount --bind '"+home+"' '"+home+"' && mount -o remount,bind,ro '"+home+"'",
		"server", "start", "--listen", "127.0.0.1:0"))
	if exit == 0 || !strings.Contains(said, "read-only") || !strings.Contains(said, "hint:") {
		t.Errorf("exit %d: %s", exit, said)
	}
	serve(t, home).end() // nothing has been harmed
}

// TestContainer runs the program as process 1: the keeper is process 1 and the
// server its child; when the server is told to end, the tasks end too.
func TestContainer(t *testing.T) {
	home := newHome(t)
	cmd := command(home)
	cmd.Args = []string{"unshare", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", binary, "server", "start", "--listen", "127.0.0.1:0"}
	cmd.Path, _ = exec.LookPath("unshare")
	p := serveCommand(t, home, cmd)
	p.keep(patient)
	run := p.start("patient")
	x := p.started(run, "t")
	first := childrenOf(cmd.Process.Pid)
	if len(first) != 1 {
		t.Fatalf("unshare has %d children", len(first))
	}
	comm, err := os.ReadFile(filepath.Join("/proc", itoa(first[0]), "cmdline"))
	if err != nil || !strings.Contains(string(comm), "freshet") {
		t.Fatalf("process 1 is %q, %v", comm, err)
	}
	if n := len(childrenOf(first[0])); n != 2 {
		t.Errorf("process 1 has %d children, not a server and a task (%+v)", n, x)
	}
	if err := syscall.Kill(first[0], syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("it ended with %v\n%s", err, p.said())
	}
	p = serve(t, home) // outside of it now, and the keeper of the container is gone
	if r := p.wait(run); r.Status != freshet.Failed || r.Code != freshet.CodeLost {
		t.Errorf("the run is %s, %s: %s", r.Status, r.Code, r.Reason)
	}
}

// TestStopTasksWithQueue: stopping what runs does not let what waits begin.
func TestStopTasksWithQueue(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep("name: one\nconcurrency: 1\ntasks:\n  t: {bash: 'exec sleep 300'}\n")
	first, second := p.start("one"), p.start("one")
	p.started(first, "t")
	if err := p.StopServer(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := len(childrenOf(keeperOf(home))); n != 0 {
		t.Errorf("%d tasks live on", n)
	}
	p = serve(t, home)
	for _, run := range []int64{first, second} {
		if r := p.wait(run); r.Status != freshet.Stopped {
			t.Errorf("run %d is %s", run, r.Status)
		}
	}
}

// TestTimeoutWhileNoServerLives: a task that ended in time has not timed out,
// though its due time came before anybody heard of its end.
func TestTimeoutWhileNoServerLives(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep("name: patient\ntasks:\n  t: {timeout: 2s, retries: 1, bash: 'until test -e go; do read -t 0.02 <> <(:) || :; done'}\n")
	run := p.start("patient")
	x := p.started(run, "t")
	task := childrenOf(keeperOf(home))[0]
	p.kill()
	letGo(t, home, "1")
	waitGone(t, task)
	<-time.After(time.Until(x.StartedAt.Add(2100 * time.Millisecond))) // real time has to pass: the time-out is the process's
	p = serve(t, home)
	if r := p.wait(run); r.Status != freshet.Success {
		t.Errorf("the run ended %s: %s", r.Status, r.Reason)
	}
	if x := p.latest(run, "t"); x.Try != 1 {
		t.Errorf("it ran %d times", x.Try)
	}
}

// TestFailedExecLeavesNoKeeper: what is kept of a run that failed is files.
func TestFailedExecLeavesNoKeeper(t *testing.T) {
	dir, temp := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "f.yaml")
	if err := os.WriteFile(file, []byte("name: f\ntasks:\n  a: {bash: exit 3}\n  b: {command: [no-such-program]}\n  c: {bash: exit 4}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		cmd := command(filepath.Join(dir, "home"), "exec", file)
		cmd.Env = append(cmd.Env, "TMPDIR="+temp)
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	homes, err := filepath.Glob(filepath.Join(temp, "freshet-exec-*"))
	if err != nil || len(homes) != 6 {
		t.Fatalf("%d homes were kept, %v", len(homes), err)
	}
	for _, home := range homes {
		if pid := keeperOf(home); pid > 0 {
			waitGone(t, pid)
		}
		if _, err := os.Stat(filepath.Join(home, "reserve")); err == nil {
			t.Errorf("%s keeps disk space in reserve", home)
		}
	}
}

// TestMovedHome: everything in a home is found again where it has been moved.
func TestMovedHome(t *testing.T) {
	home := newHome(t)
	p := serve(t, home)
	p.keep("name: says\ntasks:\n  t: {bash: echo here I am}\n")
	run := p.start("says")
	p.wait(run)
	p.end()
	moved := home + "-moved"
	if err := os.Rename(home, moved); err != nil {
		t.Fatal(err)
	}
	p = serve(t, moved)
	var log strings.Builder
	if err := p.FollowLog(t.Context(), run, "t", 0, &log); err != nil || log.String() != "here I am\n" {
		t.Errorf("the log is %q, %v", log.String(), err)
	}
	info, err := os.Stat(filepath.Join(moved, "freshet.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database has mode %v, %v", info.Mode(), err)
	}
	p.end() // in order, so that nobody makes files any more when they are removed
	if pid := keeperOf(moved); pid > 0 {
		endKeeper(moved)
		waitGone(t, pid)
	}
}

// TestRequestUnderWayIsAnswered: a request that the server has begun to read
// when it is told to end is still answered.
func TestRequestUnderWayIsAnswered(t *testing.T) {
	p := serve(t, newHome(t))
	addr := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/namespaces/default/events/late HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", addr, p.token)
	answer := bufio.NewReader(conn)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("the server says %q, %v", line, err)
	}
	if _, err := answer.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // until it takes no new connections: it has begun to end
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		c.Close()
	}
	fmt.Fprint(conn, "value")
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, " 20") {
		t.Errorf("the request was answered %q, %v", line, err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
}
