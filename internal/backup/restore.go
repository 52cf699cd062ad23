package backup

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/layout"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// The two names of a restore in a home: while it is unpacked and checked, and
// once it counts. From the second on it is completed, by whoever opens the
// home next if need be.
const (
	unpackedName = ".restore.part"
	decidedName  = ".restore"
)

// Restore makes a home of a backup. The home must be locked, and no task may
// run. Where there is a database already, replace must be set; it is kept in
// the home, in the directory that is returned. After an error the home is as
// it was.
func Restore(ctx context.Context, home, version string, r io.Reader, replace bool) (m Manifest, kept string, err error) {
	if err := free(ctx, home, version, replace); err != nil {
		return m, "", err
	}
	part := filepath.Join(home, unpackedName)
	if err := os.RemoveAll(part); err != nil {
		return m, "", fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(part) // where it has not come to count
	if err := os.Mkdir(part, 0o700); err != nil {
		return m, "", fmt.Errorf("restore: %w", err)
	}
	if m, err = unpack(ctx, part, r); err != nil {
		return m, "", err
	}
	nextRun, err := check(ctx, part, m)
	if err != nil {
		return m, "", err
	}
	err = os.WriteFile(filepath.Join(part, nextRunName), []byte(strconv.FormatInt(nextRun, 10)), 0o600)
	if err == nil {
		err = syncTree(part)
	}
	if err == nil {
		err = os.Rename(part, filepath.Join(home, decidedName))
	}
	if err != nil {
		return m, "", fmt.Errorf("restore: %w", err)
	}
	kept, err = Complete(home)
	return m, kept, err
}

// nextRunName is a file of a restore: the id of the next run.
const nextRunName = "next_run"

// free refuses homes whose state would be lost.
func free(ctx context.Context, home, version string, replace bool) error {
	if _, err := os.Stat(filepath.Join(home, databaseName)); err == nil && !replace {
		return freshet.Errorf(freshet.Conflict, "the home %s has a database already", home).
			WithHint("-y replaces it, and keeps it beside the new one; or restore into another home with --home DIR")
	}
	c, err := keeper.Dial(home, version, nil)
	if errors.Is(err, keeper.ErrSilent) {
		return freshet.Errorf(freshet.Conflict, "the keeper of the home %s hangs, and may hold tasks: %v", home, err).
			WithHint("let it go on with `kill -CONT PID`, or end it with its tasks: `kill -9 PID`")
	}
	if err != nil {
		return nil // there is none
	}
	defer c.Close()
	if err := c.Quit(ctx); err != nil {
		return freshet.Errorf(freshet.Conflict, "tasks of the home %s are still running, without a server", home).
			WithHint("`server start`, then `server stop --stop-tasks`; a task that nobody knows would run on")
	}
	return nil
}

// unpack reads an archive into a directory.
func unpack(ctx context.Context, dir string, r io.Reader) (m Manifest, err error) {
	t := tar.NewReader(r)
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		h, err := t.Next()
		if err == io.EOF && !first {
			return m, nil
		}
		if err != nil || first && h.Name != manifestName {
			return m, noBackup(err, first)
		}
		if first {
			if m, err = readManifest(t); err != nil {
				return m, err
			}
			continue
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || !expected(h.Name) {
			return m, freshet.Errorf(freshet.Invalid, "the backup holds %q, which is none of a backup's files", h.Name)
		}
		if err := unpackFile(t, filepath.Join(dir, filepath.FromSlash(h.Name))); err != nil {
			return m, noBackup(err, false)
		}
	}
}

func noBackup(err error, first bool) error {
	var p *os.PathError
	switch {
	case first:
		return freshet.Errorf(freshet.Invalid, "this is no backup of Freshet").WithHint("`db backup FILE` makes one")
	case errors.As(err, &p):
		return freshet.Errorf(freshet.Unavailable, "the backup cannot be unpacked: %v", err).
			WithHint("nothing has been changed; is there room in the home?")
	}
	return freshet.Errorf(freshet.Invalid, "the backup is damaged, or not whole: %v", err).WithHint("nothing has been changed; take another")
}

func readManifest(r io.Reader) (m Manifest, err error) {
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil || json.Unmarshal(text, &m) != nil || m.Format < 1 {
		return m, noBackup(err, true)
	}
	if m.Format > format {
		return m, freshet.Errorf(freshet.Conflict, "the backup was made by freshet %s, which is newer than this one", m.Version).
			WithHint("use a freshet of that version or newer")
	}
	return m, nil
}

// expected tells whether a backup has files of that name.
func expected(name string) bool {
	dir, _, below := strings.Cut(name, "/")
	switch {
	case !below:
		return name == databaseName || name == settingsName
	case dir == blobsName || dir == secretsName:
		return kept(dir, name)
	}
	return dir == layout.Logs
}

func unpackFile(r io.Reader, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// check looks whether what was unpacked is whole, and can be read by this
// program. It gives the id of the next run.
func check(ctx context.Context, dir string, m Manifest) (nextRun int64, err error) {
	path := filepath.Join(dir, databaseName)
	sum, err := sumOf(path)
	if err != nil || sum != m.Database {
		return 0, noBackup(errors.New("the database is not the one that was saved"), false)
	}
	blobs := 0
	err = walk(filepath.Join(dir, blobsName), func(path string, _ fs.DirEntry) error {
		blobs++
		if sum, err := sumOf(path); err != nil || sum != filepath.Base(path) {
			return noBackup(fmt.Errorf("the content %s is another", filepath.Base(path)), false)
		}
		return ctx.Err()
	})
	if err == nil && blobs != m.Blobs {
		err = noBackup(fmt.Errorf("%d of %d contents are there", blobs, m.Blobs), false)
	}
	if err != nil {
		return 0, err
	}
	_, nextRun, err = sqlite.Inspect(ctx, path)
	for _, suffix := range []string{"-wal", "-shm"} { // of looking
		_ = os.Remove(path + suffix)
	}
	return nextRun, err
}

// Complete puts a restore that counts into its home, and tells where what was
// there before is kept. It does nothing where there is none, and can be
// repeated at any point. The home must be locked.
func Complete(home string) (kept string, err error) {
	decided := filepath.Join(home, decidedName)
	if _, err := os.Stat(decided); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	c := &completion{home: home, decided: decided}
	if err := c.run(); err != nil {
		return "", fmt.Errorf("complete a restore: %w", err)
	}
	return c.kept, os.RemoveAll(decided)
}

// completion moves the parts of a restore to their places.
type completion struct {
	home, decided string
	kept          string
}

func (c *completion) run() error {
	if err := c.merge(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.decided, databaseName)); errors.Is(err, fs.ErrNotExist) {
		return nil // that was the last step
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := c.setAside(databaseName + suffix); err != nil {
			return err
		}
	}
	if err := c.setLaterRunsAside(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(c.decided, databaseName), filepath.Join(c.home, databaseName)); err != nil {
		return err
	}
	return syncDir(c.home)
}

// merge adds contents, secrets, logs and settings; what is there already stays.
func (c *completion) merge() error {
	return walk(c.decided, func(path string, _ fs.DirEntry) error {
		name, err := filepath.Rel(c.decided, path)
		if err != nil || name == databaseName || name == nextRunName || strings.HasPrefix(name, databaseName+"-") {
			return err
		}
		to := filepath.Join(c.home, name)
		if _, err := os.Lstat(to); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.Rename(path, to)
	})
}

// setAside keeps a file or directory of the home where the restore is not in
// its way.
func (c *completion) setAside(name string) error {
	from := filepath.Join(c.home, name)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if c.kept == "" {
		c.kept = filepath.Join(c.home, "replaced-"+time.Now().UTC().Format("20060102T150405.000"))
	}
	to := filepath.Join(c.kept, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// setLaterRunsAside makes room for the ids that will be given again: logs and
// directories of runs that the backup does not know.
func (c *completion) setLaterRunsAside() error {
	text, err := os.ReadFile(filepath.Join(c.decided, nextRunName))
	if err != nil {
		return err
	}
	next, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return err
	}
	for _, dir := range []string{layout.Logs, layout.Work} {
		runs, err := filepath.Glob(filepath.Join(c.home, dir, "*", "*", "*"))
		if err != nil {
			return err
		}
		for _, run := range runs {
			id, err := strconv.ParseInt(filepath.Base(run), 10, 64)
			if err != nil || id < next {
				continue
			}
			name, err := filepath.Rel(c.home, run)
			if err == nil {
				err = c.setAside(name)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// syncTree brings a directory to the disk, with all that is in it.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncDir(path)
	})
}

// syncDir brings a directory, or a file, to the disk.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
