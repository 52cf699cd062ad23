package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
)

func (a *app) databaseCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "db",
		Short: "Back up a home, and restore it",
		Example: `freshet db backup /backups/monday.tar
freshet db restore /backups/monday.tar --home /srv/freshet`,
	}, a.backupCommand(), a.restoreCommand())
}

// backupMade is what `db backup` tells.
type backupMade struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
	Logs  bool   `json:"logs"`
}

func (a *app) backupCommand() *cobra.Command {
	var logs bool
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup of a home to a file; the server goes on",
		Long: `Write a backup of a home to a file, a tar archive: the database as of one moment,
the contents of files and artifacts, sealed secrets, and freshet.yaml. A server
that runs goes on meanwhile. The token and the key of the secrets are not in it:
keep copies of "token" and "secrets/key" somewhere else. "-" writes to standard
output.`,
		Example: `freshet db backup /backups/monday.tar
freshet db backup --logs monday.tar     # with the logs of tasks
freshet db backup - | gzip > monday.tar.gz`,
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "-" {
				return a.backup(c.Context(), logs, a.Stdout)
			}
			path := a.path(args[0])
			size, err := writeWhole(path, func(w io.Writer) error { return a.backup(c.Context(), logs, w) })
			if err != nil {
				return err
			}
			made := backupMade{path, size, logs}
			return a.show(made, func() { a.out.line("%s written, %s", path, bytesText(size)) },
				func(p *printer) { p.line("%s\t%d", path, size) })
		},
	}
	c.Flags().BoolVar(&logs, "logs", false, "with the logs of tasks")
	return takes(c)
}

// backup writes a backup of the server's home, or of the home itself where no
// server has it.
func (a *app) backup(ctx context.Context, logs bool, w io.Writer) error {
	s, alone, err := a.alone()
	if err != nil {
		return err
	}
	if alone {
		return a.Host.Backup(ctx, s.Home, logs, w)
	}
	server, err := a.connect(0)
	if err != nil {
		return err
	}
	return server.Backup(ctx, logs, w)
}

// writeWhole writes a file that is there whole or not at all, and tells its
// size. One of the name is replaced.
func writeWhole(path string, write func(io.Writer) error) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return 0, freshet.Errorf(freshet.Invalid, "cannot write the file: %s", err)
	}
	defer os.Remove(f.Name()) // where it has not been renamed
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	var size int64
	if info, e := f.Stat(); e == nil {
		size = info.Size()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	var p *os.PathError
	if errors.As(err, &p) {
		err = freshet.Errorf(freshet.Unavailable, "cannot write the file: %s", err)
	}
	return size, err
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func (a *app) restoreCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a home of a backup; no server may have it",
		Long: `Make a home of a backup. The backup is checked before anything is touched. A home
that has a database already wants -y; what it held is kept in it, in a directory
"replaced-…". What was running when the backup was made ends "lost" at the next
start, and is tried again where its retries say so. "-" reads standard input.`,
		Example: `freshet db restore monday.tar --home /srv/freshet
gunzip < monday.tar.gz | freshet db restore -y -`,
		RunE: func(c *cobra.Command, args []string) error {
			in := a.Stdin
			if args[0] != "-" {
				f, err := os.Open(a.path(args[0]))
				if err != nil {
					return freshet.Errorf(freshet.NotFound, "the backup cannot be read: %s", err)
				}
				defer f.Close()
				in = f
			}
			s, _, err := a.settings(nil)
			if err != nil {
				return err
			}
			r, err := a.Host.Restore(c.Context(), s.Home, in, yes)
			if err != nil {
				return err
			}
			return a.show(r, func() {
				a.out.line("%s restored: the backup of %s", r.Home, a.clock(a.out).time(r.CreatedAt))
				if r.Kept != "" {
					a.out.line("what was there before is in %s", r.Kept)
				}
			}, func(p *printer) { p.line("%s\t%s", r.Home, r.Kept) })
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "replace the database that is there")
	return takes(c)
}
