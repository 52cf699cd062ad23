package server

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/api"
	"github.com/freshet/freshet/internal/auth"
	"github.com/freshet/freshet/internal/backup"
	"github.com/freshet/freshet/internal/cli"
	"github.com/freshet/freshet/internal/doctor"
	"github.com/freshet/freshet/internal/store/sqlite"
)

// checks looks at the server's home while it runs.
func (s *Server) checks(ctx context.Context, deep bool) ([]freshet.Check, error) {
	st := s.engine.Stats()
	return doctor.Look(ctx, doctor.Patient{Home: s.cfg.Home, Version: s.cfg.Version, Database: s.store, Live: &st, Trouble: s.trouble(), Deep: deep})
}

// backup makes a backup while the server runs.
func (s *Server) backup(ctx context.Context, logs bool) (api.Backup, error) {
	b, err := backup.Make(ctx, backup.Source{Home: s.cfg.Home, Version: s.cfg.Version, Copy: s.store.Copy}, logs)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// traces are what a home has at least one of.
var traces = []string{"freshet.db", "server.json", "token", ".restore", "blobs", "keeper"}

// isHome refuses a directory that is no home.
func isHome(dir string) error {
	for _, name := range traces {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	if f, err := os.Open(dir); err == nil {
		f.Close()
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil // what cannot be looked into may be one
	}
	return freshet.Errorf(freshet.NotFound, "there is no home %s", dir).WithHint("name it with --home DIR")
}

// lockHome takes a home that is there and that no server has.
func lockHome(dir string) (*home, error) {
	if err := isHome(dir); err != nil {
		return nil, err
	}
	return openHome(dir)
}

// look takes a home to look at it: unlike openHome it makes nothing, and
// completes nothing. Others may look at the same time.
func look(dir string) (*home, error) {
	if err := isHome(dir); err != nil {
		return nil, err
	}
	lock, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return &home{dir: dir}, nil // no server has ever had it
	}
	if err != nil {
		return nil, freshet.Errorf(freshet.Unavailable, "cannot look at the home %s: %v", dir, reason(err)).
			WithHint("run this as the user of the server, or name the home with --home")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, occupied(dir)
	}
	return &home{dir: dir, lock: lock}, nil
}

// Check looks at a home that no server has.
func (h Host) Check(ctx context.Context, dir, listen string, deep bool) ([]freshet.Check, error) {
	home, err := look(dir)
	if err != nil {
		return nil, err
	}
	defer home.close()
	p := doctor.Patient{Home: dir, Version: h.Version, Deep: deep, Listen: func() error {
		l, err := home.listen(listen)
		if err != nil {
			return err
		}
		return l.Close()
	}}
	db, err := sqlite.Peek(ctx, home.path("freshet.db"))
	if err != nil {
		p.Broken = err
		return doctor.Look(ctx, p)
	}
	p.Database = db
	found, err := doctor.Look(ctx, p)
	return found, errors.Join(err, db.Close())
}

// Backup writes a backup of a home that no server has.
func (h Host) Backup(ctx context.Context, dir string, logs bool, w io.Writer) error {
	home, err := lockHome(dir)
	if err != nil {
		return err
	}
	defer home.close()
	db, err := sqlite.Peek(ctx, home.path("freshet.db"))
	if err != nil {
		return err
	}
	b, err := backup.Make(ctx, backup.Source{Home: dir, Version: h.Version, Copy: db.Copy}, logs)
	if err == nil {
		_, err = b.WriteTo(w)
		err = errors.Join(err, b.Close())
	}
	return errors.Join(err, db.Close())
}

// AboutBackup reads what a backup says about itself.
func (h Host) AboutBackup(r io.Reader) (cli.AboutBackup, error) {
	m, err := backup.ReadManifest(r)
	return cli.AboutBackup{Missing: m.Missing, Some: m.MissingText()}, err
}

// CheckToken says what is wrong with the file of a home's token.
func (h Host) CheckToken(home string) error {
	_, err := auth.ReadToken(filepath.Join(home, auth.TokenFile))
	return err
}

// Restore makes a home of a backup.
func (h Host) Restore(ctx context.Context, dir string, r io.Reader, replace bool) (cli.Restored, error) {
	_, before := os.Stat(dir)
	home, err := openHome(dir)
	if err != nil {
		return cli.Restored{}, err
	}
	defer home.close()
	m, kept, err := backup.Restore(ctx, dir, h.Version, r, replace)
	if err != nil {
		if errors.Is(before, os.ErrNotExist) { // as it was
			_ = os.Remove(home.path("lock"))
			_ = os.Remove(dir)
		}
		return cli.Restored{}, err
	}
	return cli.Restored{Home: dir, Version: m.Version, CreatedAt: m.CreatedAt, Blobs: m.Blobs, Logs: m.Logs, Kept: kept}, nil
}

// complete finishes what an earlier process has left half done in a home.
func (h *home) complete() error {
	backup.Clear(h.dir)
	_, err := backup.Complete(h.dir)
	return err
}
