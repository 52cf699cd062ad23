package local_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/executor/executortest"
	"github.com/freshet/freshet/internal/executor/local"
	"github.com/freshet/freshet/internal/keeper"
)

// The test binary is the keeper too.
func TestMain(m *testing.M) {
	if home := os.Getenv("KEEPER_HOME"); home != "" {
		if err := keeper.Main(keeper.Config{Home: home, Version: os.Getenv("KEEPER_VERSION"), Ready: os.NewFile(keeper.ReadyFD, "ready")}); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// blobs are contents in memory, by hash, which are only read.
type blobs map[string]string

var _ blob.Store = blobs{}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func (b blobs) Put(context.Context, string, io.Reader) error          { panic("nobody puts") }
func (b blobs) Add(context.Context, io.Reader) (string, int64, error) { panic("nobody puts") }
func (b blobs) Missing(context.Context, []string) ([]string, error)   { panic("nobody asks") }
func (b blobs) List(context.Context, string, func(blob.Content) error) error {
	panic("nobody asks")
}
func (b blobs) Delete(context.Context, string, time.Time) (bool, error) { panic("nobody deletes") }
func (b blobs) Open(_ context.Context, sum string) (io.ReadSeekCloser, error) {
	s, ok := b[sum]
	if !ok {
		return nil, freshet.Errorf(freshet.NotFound, "no content %s is kept", sum)
	}
	return text{strings.NewReader(s)}, nil
}

type text struct{ *strings.Reader }

func (text) Close() error { return nil }

// newConfig is a home of its own; its keeper is killed when the test ends.
func newConfig(t testing.TB, version string) local.Config {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	t.Cleanup(func() { killKeeper(t, home) })
	return local.Config{
		Home: home, Binary: binary, Version: version, KeeperArgs: []string{"keeper"},
		KeeperEnv: []string{"KEEPER_HOME=" + home, "KEEPER_VERSION=" + version},
	}
}

func info(t testing.TB, home string) (i keeper.Info, ok bool) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(home, "keeper", "keeper.json"))
	if err != nil {
		return i, false
	}
	if err := json.Unmarshal(b, &i); err != nil {
		t.Fatal(err)
	}
	return i, i.Alive()
}

// killKeeper ends the keeper of a home, and waits until it is gone.
func killKeeper(t testing.TB, home string) {
	t.Helper()
	if i, ok := info(t, home); ok {
		_ = syscall.Kill(i.PID, syscall.SIGKILL)
		_, _ = syscall.Wait4(i.PID, nil, 0, nil) // where it is our child
		for i.Alive() {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestConformance(t *testing.T) {
	files := map[string]string{"a.txt": "one", "dir/sub/b.txt": "two\nthree"}
	executortest.Run(t, func(t *testing.T) executortest.Fixture {
		cfg := newConfig(t, "1")
		kept := disk.New(filepath.Join(cfg.Home, "blobs"))
		for _, content := range files {
			if err := kept.Put(t.Context(), sum(content), strings.NewReader(content)); err != nil {
				t.Fatal(err)
			}
		}
		cfg.Blobs = kept
		return executortest.Fixture{
			New:        func() executor.Executor { return local.New(cfg) },
			KillHolder: func() { killKeeper(t, cfg.Home) },
			Files:      files,
			File: func(path string) freshet.File {
				return freshet.File{Path: path, Mode: 0o640, Size: int64(len(files[path])), SHA256: sum(files[path])}
			},
			Content: func(sum string) string {
				f, err := kept.Open(t.Context(), sum)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				content, err := io.ReadAll(f)
				if err != nil {
					t.Fatal(err)
				}
				return string(content)
			},
		}
	})
}
