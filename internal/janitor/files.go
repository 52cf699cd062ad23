package janitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/layout"
)

// Files are those that runs leave behind.
type Files interface {
	// RemoveRun removes the logs and the directory of a run.
	RemoveRun(namespace, workflow string, run int64) error
	// RemoveExecution removes the log of one try, and the try's own directory.
	RemoveExecution(namespace, workflow string, k freshet.Key) error
	// Runs calls yield with runs that have files, none of which has changed
	// since a time.
	Runs(ctx context.Context, since time.Time, yield func(runs []RunFiles) error) error
}

// RunFiles says that there are files of a run.
type RunFiles struct {
	Namespace, Workflow string
	Run                 int64
}

// Home are the files in a home: logs/<namespace>/<workflow>/<run> and the same
// below work.
type Home struct{ Dir string }

var _ Files = Home{}

var trees = []string{layout.Logs, layout.Work}

// RemoveRun removes both directories of a run.
func (h Home) RemoveRun(namespace, workflow string, run int64) error {
	var errs []error
	for _, tree := range trees {
		if !named(namespace, workflow) {
			return fmt.Errorf("%s.%s cannot be the name of a directory", namespace, workflow)
		}
		errs = append(errs, removeAll(filepath.Join(h.Dir, layout.Run(tree, namespace, workflow, run))))
	}
	return errors.Join(errs...)
}

// RemoveExecution removes what one try has left.
func (h Home) RemoveExecution(namespace, workflow string, k freshet.Key) error {
	own, log := layout.Attempt(namespace, workflow, k), layout.Log(namespace, workflow, k)
	if !named(namespace, workflow, k.Task) {
		return fmt.Errorf("%s of %s.%s cannot be the name of a directory", k.Task, namespace, workflow)
	}
	err := os.Remove(filepath.Join(h.Dir, log))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, removeAll(filepath.Join(h.Dir, own)))
}

// named tells whether each name is one of a directory: what is removed never
// lies elsewhere.
func named(names ...string) bool {
	for _, n := range names {
		if !filepath.IsLocal(n) || filepath.Base(n) != n || n == "." {
			return false
		}
	}
	return true
}

// removeAll removes a directory, also where a task has made parts of it
// read-only.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// Runs walks through the directories of runs. It reads names, and looks at the
// age of each, but not into them.
func (h Home) Runs(ctx context.Context, since time.Time, yield func([]RunFiles) error) error {
	for _, tree := range trees {
		err := names(ctx, filepath.Join(h.Dir, tree), func(spaces []fs.DirEntry) error {
			for _, space := range spaces {
				err := names(ctx, filepath.Join(h.Dir, tree, space.Name()), func(flows []fs.DirEntry) error {
					for _, flow := range flows {
						if err := h.runs(ctx, tree, space.Name(), flow.Name(), since, yield); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (h Home) runs(ctx context.Context, tree, space, flow string, since time.Time, yield func([]RunFiles) error) error {
	return names(ctx, filepath.Join(h.Dir, tree, space, flow), func(dirs []fs.DirEntry) error {
		var list []RunFiles
		for _, dir := range dirs {
			run, err := strconv.ParseInt(dir.Name(), 10, 64)
			if err != nil || run <= 0 || !dir.IsDir() || strconv.FormatInt(run, 10) != dir.Name() {
				continue // none of ours
			}
			if info, err := dir.Info(); err == nil && info.ModTime().Before(since) {
				list = append(list, RunFiles{space, flow, run})
			}
		}
		if len(list) == 0 {
			return nil
		}
		return yield(list)
	})
}

// someNames is how many names of a directory are read together.
const someNames = 1000

// names reads a directory in parts; one that is not there is empty.
func names(ctx context.Context, dir string, yield func([]fs.DirEntry) error) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := f.ReadDir(someNames)
		if len(list) > 0 {
			if err := yield(list); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
