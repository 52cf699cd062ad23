package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/freshet/freshet"
)

// backupFile is where a backup goes.
type backupFile struct {
	path    string // where symbolic links lead
	through bool   // it is a device, a pipe or the like: written into, never replaced
}

// findBackupFile follows the links of a path, and refuses what a backup would
// destroy: a directory, anything in the home itself, and a file that holds
// something else than a backup, unless replace is set.
func (a *app) findBackupFile(path, home string, replace bool) (backupFile, error) {
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return backupFile{}, invalid("cannot write the file: %s", err)
	}
	if err == nil && info.IsDir() {
		return backupFile{}, invalid("%s is a directory", path).WithHint("name a file in it: `db backup %s`", filepath.Join(path, "freshet.tar"))
	}
	f := backupFile{path: path, through: err == nil && !info.Mode().IsRegular()}
	to, linkErr := linksEnd(path)
	if linkErr != nil && !f.through { // the links of /dev/stdout may lead to what has no name
		return backupFile{}, invalid("cannot write the file: %s", linkErr)
	}
	if linkErr == nil {
		if inside(to, home) {
			return backupFile{}, invalid("%s is in the home that is backed up", path).WithHint("name a file outside of %s", home)
		}
		if !f.through {
			f.path = to
		}
	}
	if err == nil && !f.through && !replace && info.Size() > 0 && !a.isBackup(f.path) {
		return backupFile{}, freshet.Errorf(freshet.Conflict, "%s is there already, and is no backup of Freshet", path).
			WithHint("name another file; --force replaces it")
	}
	return f, nil
}

// maxLinks is how many symbolic links are followed, as by the kernel.
const maxLinks = 40

// linksEnd is where the symbolic links of a path lead. Nothing needs to be
// there, but the directory does.
func linksEnd(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil { // no link, or nothing
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			return filepath.Join(dir, filepath.Base(path)), err
		}
		if !filepath.IsAbs(to) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			to = filepath.Join(dir, to)
		}
		path = to
	}
	return "", &fs.PathError{Op: "follow", Path: path, Err: errors.New("too many links")}
}

// inside tells whether a path without links is in a directory, whatever names
// that has.
func inside(path, dir string) bool {
	of, err := os.Stat(dir)
	if err != nil {
		return false
	}
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && os.SameFile(info, of) {
			return true
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

func (a *app) isBackup(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = a.Host.AboutBackup(f)
	return err == nil || freshet.CodeOf(err) == freshet.Conflict // of a newer Freshet
}

// write writes the file, and tells how much that was.
func (f backupFile) write(ctx context.Context, write func(io.Writer) error) (int64, error) {
	if !f.through {
		return writeWhole(f.path, write)
	}
	to, err := openThrough(ctx, f.path)
	if err != nil {
		return 0, err
	}
	counted := &counter{w: to}
	err = write(counted)
	return counted.n, errors.Join(err, to.Close())
}

// openThrough opens what is no regular file. A pipe waits for its reader.
func openThrough(ctx context.Context, path string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	answer := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		answer <- opened{f, err}
	}()
	select {
	case o := <-answer:
		if o.err != nil {
			return nil, freshet.Errorf(freshet.Unavailable, "cannot write the file: %s", o.err)
		}
		return o.f, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// counter counts what it passes on.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// beginning keeps the first bytes of a backup, among them what it says about
// itself, and passes all on.
type beginning struct {
	w    io.Writer
	kept bytes.Buffer
}

const beginningBytes = 64 << 10

func (b *beginning) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	b.kept.Write(p[:min(n, max(beginningBytes-b.kept.Len(), 0))])
	return n, err
}

// incomplete warns of contents that the backup should hold and that were not
// there, and tells how many these are.
func (a *app) incomplete(b *beginning) int {
	m, err := a.Host.AboutBackup(&b.kept)
	if err != nil || m.Missing == 0 {
		return 0
	}
	a.err.line("%s the backup is not complete: %d files of workflows and artifacts are gone from the home: %s",
		a.err.paint(yellow, "warning:"), m.Missing, m.Some)
	a.err.line("%s %s", a.err.paint(cyan, "hint:"), a.asCalled("`freshet doctor` says what to do; keep older backups"))
	return m.Missing
}
