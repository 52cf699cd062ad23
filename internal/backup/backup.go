// Package backup makes one file of a home, and a home of such a file. A backup
// is a tar archive: what it says about itself, the database as of one moment,
// the contents that it refers to by their hashes, the settings, and, where they
// are wanted, the logs of tasks. Tokens and keys stay where they are: whoever
// finds a backup can neither call the server nor read its secrets.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/blob"
	"github.com/freshet/freshet/internal/blob/disk"
	"github.com/freshet/freshet/internal/layout"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// What stands in a backup, by the names of a home.
const (
	manifestName = "manifest.json"
	databaseName = "freshet.db"
	settingsName = "freshet.yaml"
	blobsName    = "blobs"
	secretsName  = "secrets"
)

// format is the version of the archive that this program writes.
const format = 1

// Manifest is what a backup says about itself.
type Manifest struct {
	Format    int       `json:"format"`
	Version   string    `json:"version"` // of the program
	CreatedAt time.Time `json:"created_at"`
	Database  string    `json:"database"` // SHA-256
	Blobs     int       `json:"blobs"`
	Logs      bool      `json:"logs"`

	// Contents that the database names and that were not in the home: how many,
	// and some of their hashes.
	Missing     int      `json:"missing,omitempty"`
	MissingSome []string `json:"missing_some,omitempty"`
}

// someMissing is how many hashes a manifest names.
const someMissing = 3

// MissingText names some of what is missing.
func (m Manifest) MissingText() string {
	text := strings.Join(m.MissingSome, ", ")
	if m.Missing > len(m.MissingSome) {
		text += " and more"
	}
	return text
}

// Source is the home that a backup is made of.
type Source struct {
	Home    string
	Version string                                       // of the program
	Copy    func(ctx context.Context, path string) error // writes the database as of one moment
}

// Backup is one that has been made and can be written. Close frees the disk
// space that it takes in the home.
type Backup struct {
	ctx      context.Context
	source   Source
	dir      string // in the home
	manifest Manifest
	logs     bool
}

// temporary is what the directories of backups in a home are called.
const temporary = ".backup-*"

// Make makes a backup. The context is also that of writing it.
func Make(ctx context.Context, s Source, logs bool) (*Backup, error) {
	if err := room(s.Home); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.Home, temporary) // 0700
	if err != nil {
		return nil, fmt.Errorf("make a backup: %w", err)
	}
	b := &Backup{ctx: ctx, source: s, dir: dir, logs: logs}
	if err := b.make(); err != nil {
		return nil, errors.Join(fmt.Errorf("make a backup: %w", err), b.Close())
	}
	return b, nil
}

// make takes hold of the contents before the database is copied and again
// after it: what the copy refers to was there at one of these times, and stays
// now even if it is cleared away meanwhile.
func (b *Backup) make() error {
	if err := b.hold(); err != nil {
		return err
	}
	path := filepath.Join(b.dir, databaseName)
	if err := b.source.Copy(b.ctx, path); err != nil {
		return err
	}
	if err := b.hold(); err != nil {
		return err
	}
	sum, err := sumOf(path)
	if err != nil {
		return err
	}
	b.manifest = Manifest{Format: format, Version: b.source.Version, CreatedAt: freshet.Time(time.Now()), Database: sum, Logs: b.logs}
	err = walk(filepath.Join(b.dir, blobsName), func(string, fs.DirEntry) error {
		b.manifest.Blobs++
		return nil
	})
	if err != nil {
		return err
	}
	return b.miss(path)
}

// miss notes what the copy refers to and the backup does not hold.
func (b *Backup) miss(path string) error {
	db, err := sqlite.Peek(b.ctx, path)
	if err != nil {
		return err
	}
	held := disk.New(filepath.Join(b.dir, blobsName))
	err = db.Blobs(b.ctx, func(prefix string, sums []string) error {
		there := make(map[string]bool, len(sums))
		if err := held.List(b.ctx, prefix, func(c blob.Content) error {
			there[c.SHA256] = true
			return nil
		}); err != nil {
			return err
		}
		for _, sum := range sums {
			if there[sum] {
				continue
			}
			if b.manifest.Missing++; b.manifest.Missing <= someMissing {
				b.manifest.MissingSome = append(b.manifest.MissingSome, sum)
			}
		}
		return nil
	})
	return errors.Join(err, db.Close())
}

// hold links every content and every sealed secret into the backup's directory.
func (b *Backup) hold() error {
	for _, name := range []string{blobsName, secretsName} {
		err := walk(filepath.Join(b.source.Home, name), func(path string, _ fs.DirEntry) error {
			if !kept(name, path) {
				return nil
			}
			rel, err := filepath.Rel(b.source.Home, path)
			if err != nil {
				return err
			}
			to := filepath.Join(b.dir, rel)
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return err
			}
			err = os.Link(path, to)
			if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) { // held already, or cleared away before the copy
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// kept tells whether a file of a directory belongs into a backup: contents,
// and secrets without the key to them.
func kept(dir, path string) bool {
	name := filepath.Base(path)
	if dir == secretsName {
		return strings.HasSuffix(name, ".age") && !strings.HasPrefix(name, ".")
	}
	return isSum(name)
}

func isSum(name string) bool {
	raw, err := hex.DecodeString(name)
	return err == nil && len(raw) == sha256.Size
}

// walk calls f with each regular file below a directory, which need not be
// there.
func walk(dir string, f func(path string, d fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return f(path, d)
	})
}

// room refuses to begin where the copy of the database would fill the disk.
func room(home string) error {
	need := int64(spare)
	for _, name := range []string{databaseName, databaseName + "-wal"} {
		if info, err := os.Stat(filepath.Join(home, name)); err == nil {
			need += info.Size()
		}
	}
	var st unix.Statfs_t
	if unix.Statfs(home, &st) != nil {
		return nil
	}
	if free := int64(st.Bavail) * int64(st.Bsize); free < need {
		return freshet.Errorf(freshet.Unavailable, "a backup needs %d MB of free space in the home for a while, and there are %d MB", need>>20, free>>20).
			WithHint("free some space")
	}
	return nil
}

// spare is left free beside a copy.
const spare = 32 << 20

// Close removes what the backup holds in the home.
func (b *Backup) Close() error { return os.RemoveAll(b.dir) }

// Clear removes what backups have left that did not end by themselves. The
// home must be locked.
func Clear(home string) {
	left, _ := filepath.Glob(filepath.Join(home, temporary))
	for _, dir := range left {
		os.RemoveAll(dir)
	}
}

// WriteTo writes the archive.
func (b *Backup) WriteTo(w io.Writer) (int64, error) {
	counted := &counter{w: w}
	err := b.write(tar.NewWriter(counted))
	if err != nil {
		err = fmt.Errorf("write the backup: %w", err)
	}
	return counted.n, err
}

func (b *Backup) write(t *tar.Writer) error {
	about, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return err
	}
	header := &tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(about)), ModTime: b.manifest.CreatedAt}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	if _, err := t.Write(about); err != nil {
		return err
	}
	if err := b.add(t, b.dir, filepath.Join(b.dir, databaseName)); err != nil {
		return err
	}
	settings := filepath.Join(b.source.Home, settingsName)
	if err := b.add(t, b.source.Home, settings); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dirs := []string{filepath.Join(b.dir, blobsName), filepath.Join(b.dir, secretsName)}
	if b.logs {
		dirs = append(dirs, filepath.Join(b.source.Home, layout.Logs))
	}
	for _, dir := range dirs {
		base := filepath.Dir(dir)
		err := walk(dir, func(path string, _ fs.DirEntry) error {
			err := b.add(t, base, path)
			if errors.Is(err, fs.ErrNotExist) { // a log that was cleared away meanwhile
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return t.Close()
}

// add writes a file as long as it is now: a log may grow meanwhile, or lose its
// middle, and is filled with zeros then.
func (b *Backup) add(t *tar.Writer, base, path string) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	name, err := filepath.Rel(base, path)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	n, err := io.Copy(t, io.LimitReader(f, info.Size()))
	for zeros := make([]byte, 32<<10); err == nil && n < info.Size(); {
		var m int
		m, err = t.Write(zeros[:min(int64(len(zeros)), info.Size()-n)])
		n += int64(m)
	}
	return err
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
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
