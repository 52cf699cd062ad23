package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/store"
)

// fault says what was being done, and makes of what SQLite reports what a
// person can do something about.
func fault(what string, err error) error {
	if err == nil {
		return nil
	}
	var known error
	var e *driver.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff { // the rest is detail
		case codes.SQLITE_FULL:
			known = store.ErrFull
		case codes.SQLITE_READONLY, codes.SQLITE_PERM:
			known = store.ErrReadOnly
		case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
			known = store.ErrBusy
		case codes.SQLITE_IOERR:
			known = store.ErrDisk
		case codes.SQLITE_CANTOPEN:
			known = freshet.Errorf(freshet.Unavailable, "the database cannot be opened").
				WithHint("check that its directory exists and may be written")
		case codes.SQLITE_NOTADB, codes.SQLITE_CORRUPT:
			known = freshet.Errorf(freshet.Internal, "the database is damaged, or no database").
				WithHint("restore a backup, or move the file away")
		}
	}
	if known == nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, known, err)
}
