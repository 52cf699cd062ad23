package local_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/executor/local"
)

// server is an executor that runs.
type server struct {
	*local.Local
	t    *testing.T
	stop func()
}

func serve(t *testing.T, cfg local.Config, held ...executor.Held) *server {
	t.Helper()
	l := local.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	s := &server{Local: l, t: t, stop: func() { cancel(); <-done }}
	if _, err := l.Recover(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) attempt(run int64, script string) executor.Attempt {
	s.t.Helper()
	node, err := s.Node(s.t.Context())
	if err != nil {
		s.t.Error(err)
	}
	return executor.Attempt{
		Key:   freshet.Key{Run: run, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1},
		Epoch: 1, Node: node, Namespace: "default", Workflow: "w", Args: []string{"sh"}, Script: script,
	}
}

func (s *server) start(a executor.Attempt) {
	s.t.Helper()
	if err := s.Start(s.t.Context(), a); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) next(k freshet.Key, kind executor.ReportKind) executor.Report {
	s.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case r := <-s.Reports():
			if r.Key == k && r.Kind == kind {
				return r
			}
		case <-late:
			s.t.Fatalf("%v: no report %q", k, kind)
		}
	}
}

func (s *server) release(k freshet.Key) {
	s.t.Helper()
	if err := s.Release(s.t.Context(), []freshet.Key{k}); err != nil {
		s.t.Fatal(err)
	}
}

// TestUpgrade: a newer server keeps the older keeper until that holds
// nothing, and what was claimed from it then starts on the newer one.
func TestUpgrade(t *testing.T) {
	cfg := newConfig(t, "1")
	old := serve(t, cfg)
	a := old.attempt(1, `until [ -e "$FRESHET_RUN_DIR/go" ]; do sleep 0.005; done; exit 5`)
	old.start(a)
	old.next(a.Key, executor.Started)
	old.stop()

	cfg.Version, cfg.KeeperEnv = "2", []string{"KEEPER_HOME=" + cfg.Home, "KEEPER_VERSION=2"}
	s := serve(t, cfg, executor.Held{Key: a.Key, Epoch: 1, Node: a.Node, Namespace: "default", Workflow: "w"})
	defer s.stop()
	s.next(a.Key, executor.Started)
	if i, _ := info(t, cfg.Home); i.Version != "1" || i.Instance != a.Node {
		t.Fatalf("the keeper that holds an attempt has been replaced: %+v", i)
	}
	late := s.attempt(2, "exit 6") // claimed from the older one
	if err := os.WriteFile(filepath.Join(cfg.Home, "work/default/w/1/go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.next(a.Key, executor.Ended); r.ExitCode != 5 || r.Code != "" {
		t.Errorf("%+v", r)
	}
	s.release(a.Key)
	s.start(late)
	if i, _ := info(t, cfg.Home); i.Version != "2" {
		t.Errorf("the keeper has not been replaced: %+v", i)
	}
	if r := s.next(late.Key, executor.Ended); r.ExitCode != 6 || r.Code != "" {
		t.Errorf("%+v", r)
	}
}

// TestStartsWhileKeepersDie: whatever the keeper is doing when it is killed,
// no attempt runs twice, and every one ends.
func TestStartsWhileKeepersDie(t *testing.T) {
	cfg := newConfig(t, "1")
	s := serve(t, cfg)
	defer s.stop()
	const many = 150
	count := filepath.Join(t.TempDir(), "count")
	go func() {
		for n := range int64(many) {
			a := s.attempt(n+1, "echo "+name(n+1)+" >> "+count)
			if err := s.Start(context.Background(), a); err != nil {
				t.Errorf("start: %v", err)
			}
		}
	}()
	ends := map[int64]executor.Report{}
	for late := time.After(60 * time.Second); len(ends) < many; {
		select {
		case r := <-s.Reports():
			if r.Kind != executor.Ended {
				continue
			}
			if before, twice := ends[r.Key.Run]; twice {
				t.Fatalf("two ends: %+v, %+v", before, r)
			}
			ends[r.Key.Run] = r
			if len(ends)%30 == 15 { // in the middle of the next starts
				if i, ok := info(t, cfg.Home); ok {
					_ = syscall.Kill(i.PID, syscall.SIGKILL)
				}
			}
		case <-late:
			t.Fatalf("%d have ended", len(ends))
		}
	}
	b, err := os.ReadFile(count)
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for _, k := range strings.Fields(string(b)) {
		ran[k]++
	}
	lost := 0
	for n, r := range ends {
		if times := ran[name(n)]; times > 1 || times == 0 && r.Code != freshet.CodeLost {
			t.Errorf("attempt %d ran %d times: %+v", n, times, r)
		}
		if r.Code == freshet.CodeLost {
			lost++
		}
	}
	if lost == many {
		t.Error("all are lost")
	}
}

func name(n int64) string {
	return fmt.Sprintf("k%d", n)
}

// TestQuit: the keeper of a home that is thrown away leaves with the server.
func TestQuit(t *testing.T) {
	cfg := newConfig(t, "1")
	s := serve(t, cfg)
	a := s.attempt(1, "true")
	s.start(a)
	s.next(a.Key, executor.Ended)
	before, _ := info(t, cfg.Home)
	if err := s.Quit(t.Context()); err != nil || !before.Alive() {
		t.Errorf("with an end that is not written down: %v, alive: %v", err, before.Alive())
	}
	s.release(a.Key)
	s.stop()
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _ = syscall.Wait4(before.PID, nil, 0, nil)
	if before.Alive() {
		t.Error("it stays")
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Errorf("where none is: %v", err)
	}
}

// TestInDirectory: processes start where they are told to.
func TestInDirectory(t *testing.T) {
	cfg := newConfig(t, "1")
	cfg.InDirectory = t.TempDir()
	s := serve(t, cfg)
	defer s.stop()
	a := s.attempt(1, `printf 'pwd=%s\nrun=%s\n' "$(pwd)" "$FRESHET_RUN_DIR" >> "$FRESHET_OUTPUT"`)
	a.Files = []freshet.File{{Path: "not-taken", SHA256: "00"}}
	s.start(a)
	r := s.next(a.Key, executor.Ended)
	if r.Outputs["pwd"] != cfg.InDirectory || r.Outputs["run"] != cfg.InDirectory {
		t.Errorf("%+v", r)
	}
}

// TestFreshetIsFirstInPath, whatever the binary is called.
func TestFreshetIsFirstInPath(t *testing.T) {
	cfg := newConfig(t, "1")
	s := serve(t, cfg)
	defer s.stop()
	a := s.attempt(1, `echo "bin=$(readlink "$(command -v freshet)")" >> "$FRESHET_OUTPUT"`)
	a.Env = []string{"PATH=/usr/bin:/bin", "FRESHET_OUTPUT=/of/another/task"}
	s.start(a)
	if r := s.next(a.Key, executor.Ended); r.Outputs["bin"] != cfg.Binary {
		t.Errorf("%+v", r)
	}
}

// TestPathsOfAttempts are promises to users.
func TestPathsOfAttempts(t *testing.T) {
	cfg := newConfig(t, "1")
	s := serve(t, cfg)
	defer s.stop()
	a := s.attempt(12, `echo "dir=$FRESHET_TASK_DIR" >> "$FRESHET_OUTPUT"`)
	a.Key.Item, a.Key.Seq, a.Key.Try = 3, 4, 5
	s.start(a)
	r := s.next(a.Key, executor.Ended)
	if want := filepath.Join(cfg.Home, "logs/default/w/12/t/3/4.5.log"); r.Log != want {
		t.Errorf("log %s, want %s", r.Log, want)
	}
	if want := filepath.Join(cfg.Home, "work/default/w/12/.freshet/t.3.4.5"); r.Outputs["dir"] != want {
		t.Errorf("its directory %s, want %s", r.Outputs["dir"], want)
	}
}

// TestBadFiles: what cannot be laid out is a reason, and a later attempt may
// find it mended.
func TestBadFiles(t *testing.T) {
	cfg := newConfig(t, "1")
	kept := blobs{}
	cfg.Blobs = kept
	s := serve(t, cfg)
	defer s.stop()
	for run, c := range []struct{ path, reason string }{
		{"../x", `the file "../x" is not below the run's directory`},
		{"gone.txt", "the content of the file gone.txt: no content " + sum("later") + " is kept"},
	} {
		a := s.attempt(int64(run+1), "true")
		a.Files = []freshet.File{{Path: c.path, Mode: 0o600, SHA256: sum("later")}}
		s.start(a)
		if r := s.next(a.Key, executor.Ended); r.Code != freshet.CodeStartFailed || r.Reason != c.reason {
			t.Errorf("%+v", r)
		}
	}
	kept[sum("later")] = "later"
	a := s.attempt(2, `echo "got=$(cat gone.txt)" >> "$FRESHET_OUTPUT"`)
	a.Key.Try, a.Files = 2, []freshet.File{{Path: "gone.txt", Mode: 0o600, SHA256: sum("later")}}
	s.start(a)
	if r := s.next(a.Key, executor.Ended); r.Outputs["got"] != "later" {
		t.Errorf("%+v", r)
	}
}

// TestDirectoriesOfAWorkflow are there, and can be written to.
func TestDirectoriesOfAWorkflow(t *testing.T) {
	s := serve(t, newConfig(t, "1"))
	defer s.stop()
	a := s.attempt(1, `echo 7 > out/deep/x; echo "got=$(cat out/deep/x)" >> "$FRESHET_OUTPUT"`)
	a.Files = []freshet.File{{Path: "out/deep"}}
	s.start(a)
	if r := s.next(a.Key, executor.Ended); r.Outputs["got"] != "7" {
		t.Errorf("%+v", r)
	}
}
