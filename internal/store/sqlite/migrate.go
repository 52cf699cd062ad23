package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/freshet/freshet"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// schemaVersion is the newest migration, and what an up-to-date database says.
// Migrations are numbered without gaps.
var schemaVersion = func() int64 {
	files, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		panic(err) // it is embedded
	}
	return int64(len(files))
}()

// migrate brings the database up to date. It asks goose only if there is
// something to do, so that opening costs one look.
func migrate(ctx context.Context, c *conn, db *sql.DB) error {
	version, err := databaseVersion(ctx, c.sql)
	if err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	if version > schemaVersion {
		return freshet.Errorf(freshet.Conflict, "the database has version %d, and this freshet knows versions up to %d", version, schemaVersion).
			WithHint("use a freshet of that version or newer")
	}
	if err := migrateTo(ctx, db, schemaVersion); err != nil {
		return fmt.Errorf("migrate from version %d to %d: %w", version, schemaVersion, err)
	}
	return nil
}

// migrateTo applies the migrations up to a version, each in a transaction.
func migrateTo(ctx context.Context, db *sql.DB, version int64) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	_, err = p.UpTo(ctx, version)
	return err
}

// databaseVersion is the newest migration that the database has had, 0 for a
// new one.
func databaseVersion(ctx context.Context, c *sql.Conn) (int64, error) {
	var tables int
	err := c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	var version int64
	err = c.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	return version, err
}
