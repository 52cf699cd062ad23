package notebook

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// file is where a notebook is written. A regular file is replaced in one
// step: whoever reads it, and whoever is killed while writing, sees a whole
// notebook. What is none (a pipe, /dev/null) gets the finished notebook.
type file struct {
	path string      // where symbolic links lead
	mode fs.FileMode // of the file that is replaced, 0 if there is none
	once io.Writer   // instead of a path: written when the notebook is finished
}

// openFile finds out what is at a path, and makes the directory that it is in.
func openFile(path string) (*file, error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	f := &file{path: path}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return f, os.MkdirAll(filepath.Dir(path), 0o777)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a directory")
	case info.Mode().IsRegular():
		f.mode = info.Mode().Perm()
	default:
		f.once = opened(path)
	}
	return f, nil
}

// opened is a device or a pipe, opened when it is written to.
type opened string

func (path opened) Write(data []byte) (int, error) {
	f, err := os.OpenFile(string(path), os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err := f.Write(data)
	return n, errors.Join(err, f.Close())
}

// write replaces the file. final says that the notebook is finished: then it
// has been written to the medium when this returns.
func (f *file) write(data io.WriterTo, final bool) error {
	if f.once != nil {
		if !final {
			return nil
		}
		_, err := data.WriteTo(f.once)
		return err
	}
	dir := filepath.Dir(f.path)
	temp := filepath.Join(dir, fmt.Sprintf(".%s.%s", filepath.Base(f.path), rand.Text()[:8]))
	if err := f.fill(temp, data, final); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, f.path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if final {
		return syncDirectory(dir)
	}
	return nil
}

func (f *file) fill(temp string, data io.WriterTo, durable bool) (err error) {
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if f.mode != 0 {
		if err := out.Chmod(f.mode); err != nil {
			return err
		}
	}
	if _, err := data.WriteTo(out); err != nil {
		return err
	}
	if durable {
		return out.Sync()
	}
	return nil
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
