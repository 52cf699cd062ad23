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

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
)

// Store keeps blobs in a directory, readable by its owner only.
type Store struct{ dir string }

var _ blob.Store = (*Store)(nil)

// New keeps blobs in dir, which is made when the first one comes.
func New(dir string) *Store { return &Store{dir} }

// Put keeps what r gives under its hash.
func (s *Store) Put(ctx context.Context, sum string, r io.Reader) error {
	if err := check(sum); err != nil {
		return err
	}
	path := s.path(sum)
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	folder := filepath.Dir(path)
	if err := s.makeFolder(folder); err != nil {
		return fmt.Errorf("keep a blob: %w", err)
	}
	f, err := os.CreateTemp(folder, ".new-*") // 0600
	if err != nil {
		return fmt.Errorf("keep a blob: %w", err)
	}
	defer os.Remove(f.Name()) // where it has not been renamed
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, hash), contextReader{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("keep a blob: %w", err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
		return freshet.Errorf(freshet.Invalid, "the content has the SHA-256 %s, not %s", got, sum)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("keep a blob: %w", err)
	}
	return syncDir(folder)
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
		_, err := os.Lstat(s.path(sum))
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, sum)
		} else if err != nil {
			return nil, fmt.Errorf("look for a blob: %w", err)
		}
	}
	return missing, nil
}

// Open reads a content.
func (s *Store) Open(_ context.Context, sum string) (io.ReadCloser, error) {
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

func (s *Store) path(sum string) string { return filepath.Join(s.dir, sum[:2], sum) }

// makeFolder makes the folder and syncs the one above it, so that a power cut
// does not take the folder with what is safe in it.
func (s *Store) makeFolder(folder string) error {
	if _, err := os.Lstat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(s.dir)); err != nil {
		return err
	}
	return syncDir(s.dir)
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
