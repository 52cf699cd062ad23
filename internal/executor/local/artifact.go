package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/layout"
)

// harvest says what of an attempt's files is kept.
type harvest struct {
	dir   string   // its working directory
	globs []string // of paths below it
	own   bool     // dir is the run's, in which the directories of attempts are
	place string   // of dir, below the run's; see freshet.Artifact
}

// harvestOf is what an attempt asks for; nil: nothing. What runs in a
// directory of the user's own leaves its files there.
func (l *Local) harvestOf(a *executor.Attempt) *harvest {
	if len(a.Artifacts) == 0 || l.cfg.InDirectory != "" {
		return nil
	}
	run, _, _, err := l.paths(a)
	if err != nil {
		return nil // it cannot start either
	}
	dir := workDir(run, a.Dir)
	h := &harvest{dir: dir, globs: a.Artifacts, own: dir == run, place: dir}
	if below, err := filepath.Rel(run, dir); err == nil && filepath.IsLocal(below) {
		if h.place = filepath.ToSlash(below); h.own {
			h.place = ""
		}
	}
	return h
}

// leave queues an end. One with artifacts waits for them elsewhere, so that no
// other report waits behind it. Called with mu held.
func (l *Local) leave(p pending) {
	if p.keep == nil {
		l.emit(p)
		return
	}
	l.leaving = append(l.leaving, p)
	wake(l.gathers)
}

// gatherers is how many attempts' artifacts are kept at the same time.
const gatherers = 4

// gather keeps the artifacts of what has ended, until ctx ends. An end that is
// not reported by then is found again by the next server.
func (l *Local) gather(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	room := make(chan struct{}, gatherers)
	for {
		select {
		case <-l.gathers:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		batch := l.leaving
		l.leaving = nil
		l.mu.Unlock()
		for _, p := range batch {
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			working.Go(func() {
				defer func() { <-room }()
				var err error
				if p.Artifacts, err = p.keep.collect(ctx, l.cfg.Blobs); err != nil {
					p.BadArtifacts = err.Error()
				}
				if ctx.Err() != nil {
					return
				}
				l.mu.Lock()
				defer l.mu.Unlock()
				l.emit(p)
			})
		}
	}
}

// collect keeps the files that the globs match, by path. Beside an error, which
// is for people, stands what was kept before it.
func (h *harvest) collect(ctx context.Context, blobs blob.Store) ([]freshet.Artifact, error) {
	root, err := os.OpenRoot(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the artifacts cannot be looked for: %s", reason(err))
	}
	defer root.Close()
	found, err := h.find(ctx, root)
	if err != nil {
		return nil, err
	}
	var kept []freshet.Artifact
	left := int64(freshet.MaxArtifactBytes)
	for _, path := range slices.Sorted(maps.Keys(found)) {
		a, err := keepFile(ctx, blobs, root, path, left)
		if err != nil {
			return kept, err
		}
		if a != nil {
			left -= a.Size
			a.Dir = h.place
			kept = append(kept, *a)
		}
	}
	return kept, nil
}

// find gives the files that the globs match, within the limits.
func (h *harvest) find(ctx context.Context, root *os.Root) (map[string]bool, error) {
	found, size := map[string]bool{}, int64(0)
	see := sight{root: root.FS(), own: h.own}
	for _, glob := range h.globs {
		err := doublestar.GlobWalk(see, glob, func(path string, _ fs.DirEntry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			info, err := see.Stat(path)
			if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() || found[path] {
				return nil
			}
			if err != nil {
				return err
			}
			if found[path] = true; len(found) > freshet.MaxArtifacts {
				return &unkept{fmt.Sprintf("more than %d files match its artifacts", freshet.MaxArtifacts)}
			}
			if size += info.Size(); size > freshet.MaxArtifactBytes {
				return tooLarge()
			}
			return nil
		}, doublestar.WithFilesOnly(), doublestar.WithNoFollow(), doublestar.WithFailOnIOErrors())
		var said *unkept
		switch {
		case errors.As(err, &said):
			return nil, said
		case err != nil:
			return nil, fmt.Errorf("the artifacts %s cannot be looked for: %s", glob, reason(err))
		}
	}
	return found, nil
}

// unkept is a reason for which artifacts are not kept, whole as it stands.
type unkept struct{ reason string }

func (e *unkept) Error() string { return e.reason }

func tooLarge() error {
	return &unkept{fmt.Sprintf("the files that match its artifacts have more than %d GiB", freshet.MaxArtifactBytes>>30)}
}

// keepFile keeps one file as it is read now; nil: it has gone, or is no file
// any more.
func keepFile(ctx context.Context, blobs blob.Store, root *os.Root, path string, left int64) (*freshet.Artifact, error) {
	f, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // what a pipe has become is not waited for
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the artifact %s cannot be read: %s", path, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	if blobs == nil {
		return nil, fmt.Errorf("the artifact %s cannot be kept: nothing keeps contents here", path)
	}
	in := &reading{r: io.LimitReader(f, left+1)}
	sum, size, err := blobs.Add(ctx, in)
	switch {
	case in.failed != nil:
		return nil, fmt.Errorf("the artifact %s cannot be read: %s", path, cause(in.failed))
	case err != nil:
		return nil, fmt.Errorf("the artifact %s cannot be kept: %s", path, cause(err))
	case size > left:
		return nil, tooLarge()
	}
	return &freshet.Artifact{Path: path, Size: size, SHA256: sum, Mode: uint32(info.Mode().Perm()), ModifiedAt: freshet.Time(info.ModTime())}, nil
}

// reading remembers that reading failed, and not writing.
type reading struct {
	r      io.Reader
	failed error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

// cause is what the system said, without the path, which is told already.
func cause(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return reason(err)
}

// sight is a directory as globs see it: nothing outside of it, and not the
// attempts' own directories. What a name leads to elsewhere is not there; what
// cannot be looked at is an error.
type sight struct {
	root fs.FS
	own  bool
}

var _ fs.StatFS = sight{}
var _ fs.ReadDirFS = sight{}

func (s sight) Open(name string) (fs.File, error) {
	if err := s.refuse("open", name); err != nil {
		return nil, err
	}
	f, err := s.root.Open(name)
	return f, within(name, err)
}

func (s sight) Stat(name string) (fs.FileInfo, error) {
	if err := s.refuse("stat", name); err != nil {
		return nil, err
	}
	info, err := fs.Stat(s.root, name)
	return info, within(name, err)
}

func (s sight) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := s.refuse("read", name); err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(s.root, name)
	if s.own && name == "." {
		list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { return e.Name() == layout.Attempts })
	}
	return list, within(name, err)
}

func (s sight) refuse(op, name string) error {
	switch {
	case !utf8.ValidString(name):
		return &unkept{fmt.Sprintf("the artifact %q cannot be kept: its name is not UTF-8", name)}
	case s.own && (name == layout.Attempts || strings.HasPrefix(name, layout.Attempts+"/")):
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return nil
}

// within tells what the system says from what os.Root says of itself: that a
// name leads out. A loop of links and a file that is no directory lead nowhere.
func within(name string, err error) error {
	var errno syscall.Errno
	if err == nil || errors.As(err, &errno) && errno != syscall.ELOOP && errno != syscall.ENOTDIR {
		return err
	}
	return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
