package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/keeper"
)

// The test binary is the keeper too, and the server that a keeper has as its
// child in a container.
func TestMain(m *testing.M) {
	if home := os.Getenv("KEEPER_HOME"); home != "" {
		cfg := keeper.Config{Home: home, Version: "test", Ready: os.NewFile(keeper.ReadyFD, "ready"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
		if idle := os.Getenv("KEEPER_IDLE"); idle != "" {
			cfg.Idle, _ = time.ParseDuration(idle)
		}
		if server := os.Getenv("KEEPER_SERVER"); server != "" {
			cfg.Ready = nil
			code, err := keeper.RunAsInit(cfg, []string{"/bin/sh", "-c", server}, os.Environ())
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			os.Exit(code)
		}
		if err := keeper.Main(cfg); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// rig is a keeper process and a connection to it.
type rig struct {
	t       testing.TB
	home    string
	pid     int
	c       *keeper.Client
	notices chan keeper.State
}

func newRig(t testing.TB, env ...string) *rig {
	t.Helper()
	r := &rig{t: t, home: t.TempDir()}
	r.launch(env...)
	r.dial()
	t.Cleanup(func() {
		r.c.Close()
		r.kill()
	})
	return r
}

func (r *rig) launch(env ...string) {
	r.t.Helper()
	pid, err := keeper.Launch(r.home, []string{self(r.t)}, append(env, "KEEPER_HOME="+r.home))
	if err != nil {
		r.t.Fatal(err)
	}
	r.pid = pid
}

func (r *rig) dial() {
	r.t.Helper()
	notices := make(chan keeper.State, 10000)
	c, err := keeper.Dial(r.home, "test", func(s keeper.State) { notices <- s })
	if err != nil {
		r.t.Fatal(err)
	}
	r.c, r.notices = c, notices
}

// kill ends the keeper as a crash would, and waits until it is gone.
func (r *rig) kill() {
	if r.pid != 0 {
		_ = syscall.Kill(r.pid, syscall.SIGKILL)
		_, _ = syscall.Wait4(r.pid, nil, 0, nil)
		r.pid = 0
	}
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func key(run int64) freshet.Key {
	return freshet.Key{Run: run, Task: "t", Item: freshet.NoItem, Seq: 1, Try: 1}
}

func (r *rig) spec(k freshet.Key, args ...string) keeper.Start {
	return keeper.Start{
		Key: k, Epoch: 7, Args: args, Dir: r.home, Env: []string{"PATH=" + os.Getenv("PATH")},
		Log: filepath.Join(r.home, "logs", fmt.Sprintf("%d.log", k.Run)), Meta: "m",
	}
}

func (r *rig) start(k freshet.Key, args ...string) {
	r.t.Helper()
	if _, err := r.c.Start(r.t.Context(), r.spec(k, args...)); err != nil {
		r.t.Fatal(err)
	}
}

// ended waits for the end of an attempt.
func (r *rig) ended(k freshet.Key) keeper.State {
	r.t.Helper()
	return r.until(func(s keeper.State) bool { return s.Key == k && s.Ended() })
}

func (r *rig) started(k freshet.Key) keeper.State {
	r.t.Helper()
	return r.until(func(s keeper.State) bool { return s.Key == k })
}

func (r *rig) until(ok func(keeper.State) bool) keeper.State {
	r.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case s := <-r.notices:
			if ok(s) {
				return s
			}
		case <-late:
			r.t.Fatal("nothing was reported")
		}
	}
}

func (r *rig) log(k freshet.Key) string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.home, "logs", fmt.Sprintf("%d.log", k.Run)))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// waitLog waits until the attempt has written a text.
func (r *rig) waitLog(k freshet.Key, text string) {
	r.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		b, _ := os.ReadFile(filepath.Join(r.home, "logs", fmt.Sprintf("%d.log", k.Run)))
		if strings.Contains(string(b), text) {
			return
		}
	}
	r.t.Fatalf("the log never said %q", text)
}

func TestStartToEnd(t *testing.T) {
	r := newRig(t)
	for i, c := range []struct {
		script string
		exit   int
		log    string
	}{
		{"echo out; echo err >&2; exit 0", 0, "out\nerr\n"},
		{"exit 3", 3, ""},
		{"kill -9 $$", 137, ""},
		{"pwd; cat", 0, r.home + "\n"},
	} {
		k := key(int64(i + 1))
		r.start(k, "sh", "-c", c.script)
		started := r.started(k)
		if started.PID == 0 || started.Ended() || started.Meta != "m" || started.Epoch != 7 {
			t.Errorf("%s: started: %+v", c.script, started)
		}
		s := r.ended(k)
		if s.ExitCode != c.exit || s.Code != "" || s.PID != started.PID {
			t.Errorf("%s: ended: %+v", c.script, s)
		}
		if got := r.log(k); got != c.log {
			t.Errorf("%s: log %q, want %q", c.script, got, c.log)
		}
	}
}

func TestStartIsIdempotent(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.start(key(1), "sh", "-c", "echo once")
	}
	r.ended(key(1))
	r.start(key(1), "sh", "-c", "echo twice")
	states, err := r.c.List(t.Context())
	if err != nil || len(states) != 1 || !states[0].Ended() {
		t.Fatalf("list: %+v %v", states, err)
	}
	if got := r.log(key(1)); got != "once\n" {
		t.Errorf("log %q", got)
	}
	if err := r.c.Release(t.Context(), []freshet.Key{key(1)}); err != nil {
		t.Fatal(err)
	}
	if states, _ := r.c.List(t.Context()); len(states) != 0 {
		t.Errorf("after release: %+v", states)
	}
}

func TestErrBroken(t *testing.T) {
	r := newRig(t)
	r.kill()
	<-r.c.Broken()
	if _, err := r.c.List(context.Background()); !errors.Is(err, keeper.ErrBroken) {
		t.Errorf("list of a dead keeper: %v", err)
	}
}

// BenchmarkChain runs `true` one after another, bare and kept in turn, so that
// both see the same machine; the middle one of each is compared.
func BenchmarkChain(b *testing.B) {
	r := newRig(b)
	var bare, kept []time.Duration
	run := int64(0)
	for b.Loop() {
		began := time.Now()
		if err := exec.Command("true").Run(); err != nil {
			b.Fatal(err)
		}
		bare = append(bare, time.Since(began))
		run++
		began = time.Now()
		r.start(key(run), "true")
		r.ended(key(run))
		kept = append(kept, time.Since(began))
		if err := r.c.Release(b.Context(), []freshet.Key{key(run)}); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(bare)
	slices.Sort(kept)
	x, y := bare[len(bare)/2], kept[len(kept)/2]
	b.ReportMetric(float64(x.Microseconds()), "bare-µs")
	b.ReportMetric(float64(y.Microseconds()), "kept-µs")
	b.ReportMetric(float64(y)/float64(x), "ratio")
}

// BenchmarkFanOut hands over 500 attempts at once.
func BenchmarkFanOut(b *testing.B) {
	r := newRig(b)
	run := int64(0)
	for b.Loop() {
		var keys []freshet.Key
		for range 500 {
			run++
			keys = append(keys, key(run))
		}
		for _, k := range keys {
			go func() {
				if _, err := r.c.Start(context.Background(), r.spec(k, "true")); err != nil {
					b.Error(err)
				}
			}()
		}
		for n := 0; n < len(keys); {
			if s := <-r.notices; s.Ended() {
				n++
			}
		}
		if err := r.c.Release(b.Context(), keys); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/attempt")
}
