package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/layout"
)

// runDirs makes the working directories of runs. A directory appears with all
// its files or not at all: it is filled under another name and renamed.
type runDirs struct {
	blobs blob.Store

	mu     sync.Mutex
	making map[string]*making
}

// making is a directory that somebody fills just now.
type making struct {
	done chan struct{}
	err  error
}

// make makes the attempt's own directory, and the run's, with its files, if
// this is its first process.
func (d *runDirs) make(ctx context.Context, run, task string, files []freshet.File) error {
	err := os.Mkdir(task, 0o700) // all but the first process of a task find the rest made
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, err := os.Lstat(run); errors.Is(err, fs.ErrNotExist) {
		if err := d.once(ctx, run, files); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(task, 0o700); err != nil {
		return &startError{"cannot make its directory " + reason(err)}
	}
	return nil
}

// once lets one attempt of a run fill the directory; others wait for it.
func (d *runDirs) once(ctx context.Context, run string, files []freshet.File) error {
	d.mu.Lock()
	m := d.making[run]
	if m == nil {
		m = &making{done: make(chan struct{})}
		d.making[run] = m
		d.mu.Unlock()
		m.err = d.fill(ctx, run, files)
		d.mu.Lock()
		delete(d.making, run)
		d.mu.Unlock()
		close(m.done)
		return m.err
	}
	d.mu.Unlock()
	select {
	case <-m.done:
		return m.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *runDirs) fill(ctx context.Context, run string, files []freshet.File) error {
	if _, err := os.Lstat(run); err == nil {
		return nil // while we came here
	}
	temp := filepath.Join(filepath.Dir(run), "."+filepath.Base(run)+".new")
	if err := os.RemoveAll(temp); err != nil { // of a server that died
		return &startError{"cannot make the run's directory " + reason(err)}
	}
	if err := os.MkdirAll(filepath.Join(temp, layout.Attempts), 0o700); err != nil { // for the attempts' own
		return &startError{"cannot make the run's directory " + reason(err)}
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.place(ctx, temp, f); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, run); err != nil {
		return &startError{"cannot make the run's directory " + reason(err)}
	}
	return nil
}

// place writes one file of the workflow. An entry without a content is a
// directory.
func (d *runDirs) place(ctx context.Context, root string, f freshet.File) error {
	if !filepath.IsLocal(f.Path) {
		return &startError{fmt.Sprintf("the file %q is not below the run's directory", f.Path)}
	}
	path := filepath.Join(root, filepath.FromSlash(f.Path))
	if f.SHA256 == "" {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return &startError{"cannot make " + reason(err)}
		}
		return nil
	}
	if d.blobs == nil {
		return &startError{fmt.Sprintf("the content of the file %s is not kept here", f.Path)}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return &startError{"cannot make " + reason(err)}
	}
	in, err := d.blobs.Open(ctx, f.SHA256)
	if err != nil {
		return &startError{fmt.Sprintf("the content of the file %s: %v", f.Path, err)}
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &startError{"cannot write " + reason(err)}
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(fs.FileMode(f.Mode) & fs.ModePerm) // whatever the umask
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return &startError{"cannot write " + reason(err)}
	}
	return nil
}
