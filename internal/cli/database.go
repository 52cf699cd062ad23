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

	Missing int `json:"missing,omitempty"` // contents that it should hold, and that are gone
}

func (a *app) backupCommand() *cobra.Command {
	var logs, force bool
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup of a home to a file; the server goes on",
		Long: `Write a backup of a home to a file, a tar archive: the database as of one moment,
the contents of files and artifacts, sealed secrets, and freshet.yaml. A server
that runs goes on meanwhile. The token and the key of the secrets are not in it:
keep copies of "token" and "secrets/key" somewhere else. "-" writes to standard
output. An older backup of the name is replaced, any other file only with --force,
and nothing in the home itself. Where contents are gone from the home, the backup
is written without them, and the exit code is 1.`,
		Example: `freshet db backup /backups/monday.tar
freshet db backup --logs monday.tar     # with the logs of tasks
freshet db backup - | gzip > monday.tar.gz`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.backUp(c.Context(), args[0], logs, force)
		},
	}
	c.Flags().BoolVar(&logs, "logs", false, "with the logs of tasks")
	c.Flags().BoolVar(&force, "force", false, "replace a file that is no backup")
	return takes(c)
}

// backUp writes a backup to where its argument says.
func (a *app) backUp(ctx context.Context, name string, logs, force bool) error {
	var begun *beginning
	write := func(w io.Writer) error {
		begun = &beginning{w: w}
		return a.backup(ctx, logs, begun)
	}
	made := backupMade{File: name, Logs: logs}
	if name == "-" {
		if err := write(a.Stdout); err != nil {
			return err
		}
		made.Missing = a.incomplete(begun)
	} else {
		s, _, err := a.settings(nil)
		if err != nil {
			return err
		}
		made.File = a.path(name)
		to, err := a.findBackupFile(made.File, s.Home, force)
		if err != nil {
			return err
		}
		if made.Bytes, err = to.write(ctx, write); err != nil {
			return err
		}
		made.Missing = a.incomplete(begun)
		if err := a.show(made, func() { a.out.line("%s written, %s", made.File, bytesText(made.Bytes)) },
			func(p *printer) { p.line("%s\t%d", made.File, made.Bytes) }); err != nil {
			return err
		}
	}
	if made.Missing > 0 {
		return exitFailed
	}
	return nil
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
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
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
				var first [2]byte
				if _, err := f.ReadAt(first[:], 0); err == nil && first == [2]byte{0x1f, 0x8b} { // gzip
					return invalid("%s is compressed", args[0]).WithHint("`gunzip < %s | %s db restore -` restores it", args[0], a.name)
				}
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
