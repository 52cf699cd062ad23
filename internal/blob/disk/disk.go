// Package disk keeps blobs as files of a directory:
// blobs/<first two digits>/<sha256>. A file is there whole or not at all: it
// is written under another name, synced, and renamed.
package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
)

// Store keeps blobs in a directory, readable by its owner only. The time of
// use of a content is the modification time of its file.
type Store struct {
	dir string

	// life is held to read while a content becomes used, and to write while
	// one is looked at and deleted.
	life sync.RWMutex

	sweep sync.Once // before the first content is written
}

var _ blob.Store = (*Store)(nil)

// New keeps blobs in dir, which is made when the first one comes.
func New(dir string) *Store { return &Store{dir: dir} }

// Put keeps what r gives under its hash.
func (s *Store) Put(ctx context.Context, sum string, r io.Reader) error {
	if err := check(sum); err != nil {
		return err
	}
	if there, err := s.use(sum); there || err != nil {
		return err
	}
	_, err := s.keep(ctx, r, sum)
	return err
}

// Add keeps what r gives.
func (s *Store) Add(ctx context.Context, r io.Reader) (sum string, size int64, err error) {
	c, err := s.keep(ctx, r, "")
	return c.SHA256, c.Size, err
}

// keep writes what r gives beside the folders, because its hash says in which
// it belongs; want, if it is set, is the hash that it has to have.
func (s *Store) keep(ctx context.Context, r io.Reader, want string) (blob.Content, error) {
	if err := s.makeFolder(s.dir); err != nil {
		return blob.Content{}, fmt.Errorf("keep a blob: %w", err)
	}
	s.sweep.Do(s.sweepNew)
	f, err := os.CreateTemp(s.dir, newPrefix+"*") // 0600
	if err != nil {
		return blob.Content{}, fmt.Errorf("keep a blob: %w", err)
	}
	defer os.Remove(f.Name()) // where it has not been renamed
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, hash), contextReader{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return blob.Content{}, fmt.Errorf("keep a blob: %w", err)
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	if want != "" && sum != want {
		return blob.Content{}, freshet.Errorf(freshet.Invalid, "the content has the SHA-256 %s, not %s", sum, want)
	}
	return blob.Content{SHA256: sum, Size: size}, s.place(f.Name(), sum)
}

// sweepNew removes what servers that died have left half-written.
func (s *Store) sweepNew() {
	entries, _ := os.ReadDir(s.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), newPrefix) && time.Since(info.ModTime()) > blob.Grace {
			_ = os.Remove(filepath.Join(s.dir, e.Name()))
		}
	}
}

// place gives a content that has been written its name, unless it is there.
func (s *Store) place(temp, sum string) error {
	if there, err := s.use(sum); there || err != nil {
		return err
	}
	path := s.path(sum)
	folder := filepath.Dir(path)
	if err := s.makeFolder(folder); err != nil {
		return fmt.Errorf("keep a blob: %w", err)
	}
	s.life.RLock()
	err := os.Rename(temp, path)
	s.life.RUnlock()
	if err != nil {
		return fmt.Errorf("keep a blob: %w", err)
	}
	return syncDir(folder)
}

// use brings the time of use of a content up to now, if it is there.
func (s *Store) use(sum string) (there bool, err error) {
	s.life.RLock()
	defer s.life.RUnlock()
	now := time.Now()
	switch err := os.Chtimes(s.path(sum), now, now); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, fmt.Errorf("look for a blob: %w", err)
	}
}

// Missing tells which of the sums are not kept, in the order given.
func (s *Store) Missing(ctx context.Context, sums []string) ([]string, error) {
	var missing []string
	for _, sum := range sums {
		if err := check(sum); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		there, err := s.use(sum)
		if err != nil {
			return nil, err
		}
		if !there {
			missing = append(missing, sum)
		}
	}
	return missing, nil
}

// Open reads a content.
func (s *Store) Open(_ context.Context, sum string) (io.ReadSeekCloser, error) {
	if err := check(sum); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, freshet.Errorf(freshet.NotFound, "no content %s is kept", sum)
	}
	if err != nil {
		return nil, fmt.Errorf("open a blob: %w", err)
	}
	return f, nil
}

// List gives every content whose hash begins with a prefix.
func (s *Store) List(ctx context.Context, prefix string, yield func(blob.Content) error) error {
	folders, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	for _, folder := range folders {
		if !folder.IsDir() || !strings.HasPrefix(folder.Name(), prefix) {
			continue
		}
		if err := s.listFolder(ctx, folder.Name(), yield); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) listFolder(ctx context.Context, folder string, yield func(blob.Content) error) error {
	files, err := os.ReadDir(filepath.Join(s.dir, folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list blobs: %w", err)
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) || check(f.Name()) != nil {
			continue // gone meanwhile, or none
		}
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		if err := yield(blob.Content{SHA256: f.Name(), Size: info.Size(), Used: info.ModTime()}); err != nil {
			return err
		}
	}
	return nil
}

// Delete forgets a content that has not been used since.
func (s *Store) Delete(_ context.Context, sum string, before time.Time) (gone bool, err error) {
	if err := check(sum); err != nil {
		return false, err
	}
	s.life.Lock()
	defer s.life.Unlock()
	info, err := os.Lstat(s.path(sum))
	if err == nil && !info.ModTime().Before(before) {
		return false, nil
	}
	if err == nil {
		err = os.Remove(s.path(sum))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("delete a blob: %w", err)
	}
	return true, nil
}

func (s *Store) path(sum string) string { return filepath.Join(s.dir, sum[:2], sum) }

// newPrefix begins the names of files that are being written.
const newPrefix = ".new-"

// makeFolder makes a folder, or the directory of all, and syncs what it
// stands in, so that a power cut does not take it with what is safe in it.
func (s *Store) makeFolder(folder string) error {
	if _, err := os.Lstat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(folder))
}

// check refuses what is no hash, before it becomes a path.
func check(sum string) error {
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != sum {
		return freshet.Errorf(freshet.Invalid, "%q is not a SHA-256 in hex", sum)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync a directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync a directory: %w", err)
	}
	return nil
}

// contextReader ends with its context, so that a slow sender can be left.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
