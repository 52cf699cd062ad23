package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/jupyter/jupytertest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"freshet": main})
}

// The scripts run the program as people do, each with a home of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			examples, err := filepath.Abs("../../examples")
			if err != nil {
				return err
			}
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("EXAMPLES", examples)
			python := jupytertest.Python(t)
			e.Setenv("PYTHON", python) // with what notebooks need
			e.Setenv("PYTHON_BIN", filepath.Dir(python))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("FRESHET_HOME", home)
			e.Setenv("FRESHET_LISTEN", "127.0.0.1:0")
			e.Setenv("NO_COLOR", "1")
			e.Defer(func() {
				endServer(t, home)
				endServer(t, filepath.Join(e.WorkDir, "demo"))
			})
			return nil
		},
	})
}

// endServer ends the server that a script which failed has left.
func endServer(t *testing.T, home string) {
	lock, err := os.Open(filepath.Join(home, "lock"))
	if err != nil {
		return // there was none
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return // it has ended
	}
	var s freshet.Server
	text, err := os.ReadFile(filepath.Join(home, "server.json"))
	if err != nil || json.Unmarshal(text, &s) != nil || s.PID <= 1 {
		t.Errorf("a server on %s is left, and it is not known which", home)
		return
	}
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Errorf("end the server on %s: %v", home, err)
	}
}
