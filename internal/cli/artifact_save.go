package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/freshet/freshet"
)

// saving says where artifacts are written, and where they come from.
type saving struct {
	dir   string
	shown string // dir as it was typed
	force bool   // overwrite what differs
	open  func(ctx context.Context, f freshet.TaskArtifact) (io.ReadCloser, error)
}

// saved is what became of one.
type saved struct {
	freshet.TaskArtifact
	File    string `json:"file"`
	Written bool   `json:"written"` // false: it was there already
}

var savedColumns = []column[saved]{
	{head: "FILE", cell: func(_ clock, s saved) string { return s.File }},
	{head: "SIZE", cell: func(_ clock, s saved) string { return bytesText(s.Size) }, right: true,
		exact: func(s saved) string { return number(s.Size) }},
	{head: "RESULT", cell: func(_ clock, s saved) string {
		if s.Written {
			return "written"
		}
		return "unchanged"
	}},
}

// saveArtifacts writes files below a directory, each whole or not at all. It
// looks at all before it writes the first, and leaves alone what is there and
// the same.
func (a *app) saveArtifacts(ctx context.Context, found []freshet.TaskArtifact, s saving) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return invalid("the directory cannot be made: %v", err)
	}
	root, err := os.OpenRoot(s.dir) // no path, and no link in the directory, leads out of it
	if err != nil {
		return invalid("the directory cannot be opened: %v", err)
	}
	defer root.Close()
	results, err := s.look(root, found)
	if err != nil {
		return err
	}
	for i := range results {
		if r := &results[i]; r.Written {
			if err := s.write(ctx, root, r.TaskArtifact); err != nil {
				return err
			}
		}
	}
	return list(a, results, savedColumns)
}

// look tells which files are to be written, and refuses if one is there that
// differs.
func (s saving) look(root *os.Root, found []freshet.TaskArtifact) ([]saved, error) {
	results := make([]saved, len(found))
	var differ []string
	for i, f := range found {
		name := filepath.FromSlash(f.Path)
		if !filepath.IsLocal(name) {
			return nil, freshet.Errorf(freshet.Forbidden, "the path %q leads out of the directory", f.Path)
		}
		sum, there, err := contentOf(root, name)
		if err != nil {
			return nil, s.unwritten(name, err)
		}
		results[i] = saved{TaskArtifact: f, File: filepath.Join(s.shown, name), Written: !there || sum != f.SHA256}
		if there && results[i].Written {
			differ = append(differ, f.Path)
		}
	}
	if len(differ) > 0 && !s.force {
		const few = 3
		shown := strings.Join(differ[:min(few, len(differ))], ", ")
		if len(differ) > few {
			shown += fmt.Sprintf(" and %d more", len(differ)-few)
		}
		return nil, freshet.Errorf(freshet.Conflict, "%s: there already, with another content: %s", s.shown, shown).
			WithHint("--force overwrites what differs")
	}
	return results, nil
}

// unwritten says why a file cannot be written, without the names of system
// calls.
func (s saving) unwritten(name string, err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	}
	e := freshet.Errorf(freshet.Conflict, "%s cannot be written: %v", filepath.Join(s.shown, name), err)
	if err.Error() == "path escapes from parent" { // os has no name for it
		e.Message = fmt.Sprintf("%s cannot be written: a link leads out of %s", filepath.Join(s.shown, name), s.shown)
		return e.WithHint("remove the link, or write to another directory")
	}
	return e
}

// contentOf is the hash of a file that is there.
func contentOf(root *os.Root, name string) (sum string, there bool, err error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	if !info.Mode().IsRegular() {
		return "", false, errors.New("what is there is no file")
	}
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), true, err
}

// write writes one file under another name and renames it.
func (s saving) write(ctx context.Context, root *os.Root, f freshet.TaskArtifact) error {
	name := filepath.FromSlash(f.Path)
	failed := func(err error) error { return s.unwritten(name, err) }
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return failed(err)
	}
	in, err := s.open(ctx, f)
	if err != nil {
		return err
	}
	defer in.Close()
	temp := filepath.FromSlash(path.Join(path.Dir(f.Path), ".freshet-"+rand.Text()))
	out, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return failed(err)
	}
	defer root.Remove(temp) // where it has not been renamed
	defer out.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, hash), in); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failed(err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return freshet.Errorf(freshet.Internal, "what came of %s is not what it should be", f.Path).
			WithHint("try again; if it stays so, `freshet doctor` looks at the server's home")
	}
	err = errors.Join(out.Chmod(fs.FileMode(f.Mode)&fs.ModePerm), out.Close())
	if err == nil {
		err = errors.Join(root.Chtimes(temp, f.ModifiedAt, f.ModifiedAt), root.Rename(temp, name))
	}
	if err != nil {
		return failed(err)
	}
	return nil
}
