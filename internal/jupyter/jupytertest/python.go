// Package jupytertest holds what tests of notebooks need: a Python with
// ipykernel, papermill and scrapbook in exact versions, kernelspecs of two
// languages, and a scripted kernel that plays tables of message sequences.
package jupytertest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

//go:embed requirements.txt
var requirements []byte

// PythonVariable names a Python that is used instead of one that is made.
const PythonVariable = "FRESHET_TEST_PYTHON"

// Python is the path of the Python of a virtual environment in which
// requirements.txt is installed. The environment is made once per account and
// version of that file, which takes a minute or two and a package registry.
func Python(t testing.TB) string {
	t.Helper()
	path, err := python()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var python = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(PythonVariable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s: %w", PythonVariable, err)
		}
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(requirements)
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	return environment(ctx, filepath.Join(cache, "freshet", "test-python-"+hex.EncodeToString(sum[:6])))
})

// environment makes the environment in dir unless it is there. Its scripts
// hold absolute paths, so it cannot be built beside and renamed: a file that
// is written last says that it is whole.
func environment(ctx context.Context, dir string) (string, error) {
	path, whole := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "whole")
	if _, err := os.Stat(whole); err == nil {
		return path, nil
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(whole); err == nil {
		return path, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	python3, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("tests of notebooks need python3 (3.11 or newer, with venv) in PATH, or %s: %w", PythonVariable, err)
	}
	list := filepath.Join(dir, "requirements.txt")
	if err := command(ctx, python3, "-m", "venv", dir); err != nil {
		return "", fmt.Errorf("make a virtual environment (install python3-venv?): %w", err)
	}
	if err := os.WriteFile(list, requirements, 0o600); err != nil {
		return "", err
	}
	if err := command(ctx, path, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", list); err != nil {
		return "", fmt.Errorf("install the packages of the tests of notebooks (is a package registry within reach? else set %s): %w", PythonVariable, err)
	}
	return path, os.WriteFile(whole, nil, 0o600)
}

// lock waits for the file's lock: several test binaries begin at once.
func lock(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %q: %w\n%s", name, args, err, out)
	}
	return nil
}
