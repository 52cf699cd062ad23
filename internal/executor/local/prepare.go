package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/layout"
)

// Files of an attempt in its $FRESHET_TASK_DIR.
const (
	outputFile = ".output"
	inputFile  = ".input.json"
	scriptFile = ".script"
)

// maxInlineScript is below what Linux accepts as one argument (128 KiB).
const maxInlineScript = 96 << 10

// startError is a reason for which an attempt cannot start, now or later.
type startError struct{ reason string }

func (e *startError) Error() string { return e.reason }

// prepare makes the directories and files of an attempt and says what the
// keeper has to execute. It may be repeated.
func (l *Local) prepare(ctx context.Context, a *executor.Attempt) (*keeper.Start, error) {
	if a.Refused != "" {
		return nil, &startError{a.Refused}
	}
	run, task, log, err := l.paths(a)
	if err != nil {
		return nil, err
	}
	if err := l.dirs.make(ctx, run, task, l.filesOf(a)); err != nil {
		return nil, err
	}
	if a.Input != nil {
		if err := write(filepath.Join(task, inputFile), a.Input); err != nil {
			return nil, err
		}
	}
	if l.cfg.InDirectory != "" {
		run = l.cfg.InDirectory
	}
	args, err := command(a, task)
	if err != nil {
		return nil, err
	}
	dir := workDir(run, a.Dir)
	limit := a.LogLimit
	if limit == 0 {
		limit = l.cfg.LogLimit
	}
	s := &keeper.Start{
		Key: a.Key, Epoch: a.Epoch, Args: args, Env: l.environment(a, run, task),
		Dir: dir, Log: log, LogLimit: limit, Meta: task,
	}
	if why := s.TooLarge(); why != "" {
		return nil, &startError{why}
	}
	return s, nil
}

// paths are the run's directory, the attempt's own, and its log.
func (l *Local) paths(a *executor.Attempt) (run, task, log string, err error) {
	for _, name := range []string{a.Namespace, a.Workflow, a.Key.Task} {
		if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00") {
			return "", "", "", &startError{fmt.Sprintf("%q cannot be the name of a directory", name)}
		}
	}
	run = filepath.Join(l.cfg.Home, layout.Run(layout.Work, a.Namespace, a.Workflow, a.Key.Run))
	task = filepath.Join(l.cfg.Home, layout.Attempt(a.Namespace, a.Workflow, a.Key))
	log = filepath.Join(l.cfg.Home, layout.Log(a.Namespace, a.Workflow, a.Key))
	return run, task, log, nil
}

// workDir is where a process starts.
func workDir(run, dir string) string {
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(run, dir)
}

func (l *Local) filesOf(a *executor.Attempt) []freshet.File {
	if l.cfg.InDirectory != "" {
		return nil
	}
	return a.Files
}

// command is what is executed. A script that is too long for an argument is
// read by the shell from a file, and sees the same $0 and the same arguments.
func command(a *executor.Attempt, task string) ([]string, error) {
	if a.Script == "" {
		return a.Args, nil
	}
	if len(a.Args) == 0 {
		return nil, &startError{"there is no shell for its script"}
	}
	args := append(a.Args[:len(a.Args):len(a.Args)], "-c")
	if len(a.Script) <= maxInlineScript {
		return append(args, a.Script), nil
	}
	path := filepath.Join(task, scriptFile)
	if err := write(path, []byte(a.Script)); err != nil {
		return nil, err
	}
	return append(args, ". '"+strings.ReplaceAll(path, "'", `'\''`)+"'"), nil
}

func write(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return &startError{"cannot write " + reason(err)}
	}
	return nil
}

// reason is the text of an error of the file system for people.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}
