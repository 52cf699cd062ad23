// Package doctor looks whether a home is sound, and says what to do where it is
// not. It looks at the database as it is, whether a server has it or not, and at
// what a server needs around it. It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/engine"
	"github.com/freshet/freshet/internal/keeper"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Database is what is looked at in the store.
type Database interface {
	Integrity(ctx context.Context, deep bool) ([]string, error)
	Invariants(ctx context.Context) ([]store.Invariant, error)
	UsedVersions(ctx context.Context) ([]store.UsedVersion, error)
	Cursor(ctx context.Context) (store.Cursor, error)
	Blobs(ctx context.Context, yield func(prefix string, sums []string) error) error
	Running(ctx context.Context) (int64, error)
}

// Patient is what is looked at.
type Patient struct {
	Home     string
	Version  string        // of the program
	Database Database      // nil: Broken says why
	Broken   error         // why there is no Database
	Live     *engine.Stats // of the server that has the home; nil: none has
	Trouble  []string      // why that is not ready
	Listen   func() error  // whether a server could listen; nil: one does
	Deep     bool          // read the whole database
}

// ward collects what is found.
type ward struct {
	Patient
	found []freshet.Check
}

func (w *ward) add(name string, result freshet.CheckResult, hint, detail string, args ...any) {
	if result == freshet.CheckOK {
		hint = ""
	}
	w.found = append(w.found, freshet.Check{Name: name, Result: result, Detail: fmt.Sprintf(detail, args...), Hint: hint})
}

// Look makes all checks. The error is that of the context: what cannot be
// looked at is a finding.
func Look(ctx context.Context, p Patient) ([]freshet.Check, error) {
	w := &ward{Patient: p}
	w.server()
	w.home()
	w.space()
	w.keeper(ctx)
	w.database(ctx)
	return w.found, ctx.Err()
}

// server says whether a server that lives takes work, and whether one that
// does not could.
func (w *ward) server() {
	switch {
	case w.Live != nil && len(w.Trouble) > 0:
		w.add("server", freshet.CheckFail, "the checks below say more; the server's log says when it began", "not ready: %s", strings.Join(w.Trouble, "; "))
	case w.Live != nil:
		w.add("server", freshet.CheckOK, "", "ready, %d runs alive, %d of %d slots used", w.Live.Alive, w.Live.Used, w.Live.Slots)
	case w.Listen != nil:
		if err := w.Listen(); err != nil {
			hint := ""
			var e *freshet.Error
			if errors.As(err, &e) {
				hint = e.Hint
			}
			w.add("port", freshet.CheckWarn, hint, "%v", err)
			return
		}
		w.add("port", freshet.CheckOK, "", "free")
	}
}

// secretFiles are for their owner alone, directories among them.
var secretFiles = []string{"", "freshet.db", "token", "secrets", "secrets/key"}

func (w *ward) home() {
	for _, name := range secretFiles {
		path := filepath.Join(w.Home, name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && name != "" {
			continue
		}
		if err != nil {
			w.add("home", freshet.CheckFail, "run this as the user of the server, or name the home with --home", "%v", err)
			return
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			w.add("home", freshet.CheckFail, fmt.Sprintf("chmod go-rwx %s", path), "others may look into %s (mode %04o)", path, mode)
			return
		}
		if unix.Access(path, unix.W_OK) != nil {
			w.add("home", freshet.CheckFail, "make it writable for the user of the server: its owner, its mode, its mount", "%s cannot be written", path)
			return
		}
	}
	if _, err := os.Stat(filepath.Join(w.Home, ".restore")); err == nil {
		w.add("home", freshet.CheckWarn, "start the server: it completes it", "a restore has not been completed")
		return
	}
	w.add("home", freshet.CheckOK, "", "%s, private and writable", w.Home)
}

// Free space below these is worth a word.
const (
	spaceFail = 64 << 20
	spaceWarn = 1 << 30
)

func (w *ward) space() {
	var st unix.Statfs_t
	if err := unix.Statfs(w.Home, &st); err != nil {
		w.add("disk", freshet.CheckWarn, "", "the free space cannot be told: %v", err)
		return
	}
	free := st.Bavail * uint64(st.Bsize)
	result := freshet.CheckOK
	switch {
	case free < spaceFail:
		result = freshet.CheckFail
	case free < spaceWarn:
		result = freshet.CheckWarn
	}
	w.add("disk", result, "free some space where the home lies; on a full disk nothing new is accepted", "%d MB free", free>>20)
}

func (w *ward) keeper(ctx context.Context) {
	c, err := keeper.Dial(w.Home, w.Version, nil)
	switch {
	case errors.Is(err, keeper.ErrSilent):
		w.add("keeper", freshet.CheckFail, "let it go on with `kill -CONT PID`; or end it with `kill -9 PID`: its tasks end `lost`, and the server starts another",
			"it hangs, or has been stopped: %v", err)
	case err != nil && w.Live != nil:
		w.add("keeper", freshet.CheckFail, "the server starts one as soon as it can; its log says what keeps it from that", "none answers: %v", err)
	case err != nil:
		w.orphans(ctx)
	default:
		defer c.Close()
		if c.Hello.Version != w.Version {
			w.add("keeper", freshet.CheckWarn, "nothing: it is replaced as soon as none of its tasks runs any more",
				"pid %d has version %s, this is %s", c.Hello.PID, c.Hello.Version, w.Version)
			return
		}
		w.add("keeper", freshet.CheckOK, "", "pid %d, version %s", c.Hello.PID, c.Hello.Version)
	}
}

// orphans are executions that were running when both the server and the
// keeper ended.
func (w *ward) orphans(ctx context.Context) {
	n := int64(0)
	if w.Database != nil { // else that check says why
		var err error
		if n, err = w.Database.Running(ctx); err != nil {
			w.add("keeper", freshet.CheckWarn, "see the check of the database", "none, and whether tasks are recorded as running cannot be told: %v", err)
			return
		}
	}
	if n > 0 {
		w.add("keeper", freshet.CheckWarn, "start the server: it makes sure that their processes are dead; they end `lost`, and are tried again where their `retries` say so",
			"none, and %d tasks are recorded as running", n)
		return
	}
	w.add("keeper", freshet.CheckOK, "", "none: no task is running")
}

func (w *ward) database(ctx context.Context) {
	if w.Database == nil {
		hint := "restore a backup with `db restore FILE`"
		var e *freshet.Error
		if errors.As(w.Broken, &e) && e.Hint != "" {
			hint = e.Hint
		}
		w.add("database", freshet.CheckFail, hint, "%v", w.Broken)
		return
	}
	wrong, err := w.Database.Integrity(ctx, w.Deep)
	switch {
	case err != nil:
		w.add("database", freshet.CheckFail, damaged, "%v", err)
		return
	case len(wrong) > 0:
		w.add("database", freshet.CheckFail, damaged, "%s", strings.Join(wrong, "; "))
	default:
		w.add("database", freshet.CheckOK, "", "whole")
	}
	w.clock(ctx)
	w.invariants(ctx)
	w.workflows(ctx)
	w.contents(ctx)
}

const damaged = "stop the server, keep a copy of the home, and restore a backup with `db restore FILE`"

// behindWarn is how far a clock may be behind the journal before it is worth a
// word.
const behindWarn = time.Second

// clock compares the machine's clock with the journal, which never goes back.
func (w *ward) clock(ctx context.Context) {
	var ahead time.Duration
	if w.Live != nil {
		ahead = w.Live.Ahead
	} else {
		c, err := w.Database.Cursor(ctx)
		if err != nil {
			w.add("clock", freshet.CheckFail, damaged, "%v", err)
			return
		}
		if !c.Time.IsZero() {
			ahead = time.Until(c.Time)
		}
	}
	if ahead < behindWarn {
		w.add("clock", freshet.CheckOK, "", "not behind the journal")
		return
	}
	w.add("clock", freshet.CheckWarn, "look whether the machine's time is right (NTP); until it has caught up, due times come at half speed",
		"%s behind the journal: it was set back", ahead.Round(time.Second))
}

// advice is what to do about an invariant that is broken.
var advice = map[string]string{
	"paused": "resume the trigger and pause it again",
}

const report = "this should not happen: make a backup (`db backup FILE`), report it with this line, and restore one of before if something hangs"

func (w *ward) invariants(ctx context.Context) {
	list, err := w.Database.Invariants(ctx)
	if err != nil {
		w.add("invariants", freshet.CheckFail, damaged, "%v", err)
	}
	for _, v := range list {
		if len(v.Broken) == 0 {
			w.add(v.Name, freshet.CheckOK, "", "sound")
			continue
		}
		hint := report
		if say, ok := advice[v.Name]; ok {
			hint = say
		}
		w.add(v.Name, freshet.CheckFail, hint, "%s", some(v.Broken))
	}
}

// some shows a few of what may be many.
func some(list []string) string {
	const few = 3
	if len(list) > few {
		return strings.Join(list[:few], "; ") + "; and more"
	}
	return strings.Join(list, "; ")
}

// workflows looks whether this program can read what runs, and what the next
// runs will be.
func (w *ward) workflows(ctx context.Context) {
	versions, err := w.Database.UsedVersions(ctx)
	if err != nil {
		w.add("workflows", freshet.CheckFail, damaged, "%v", err)
		return
	}
	var dead, idle []string
	for _, v := range versions {
		why := unreadable(v)
		if why == "" {
			continue
		}
		text := fmt.Sprintf("version %.12s of %s.%s: %s", v.Version, v.Namespace, v.Name, why)
		if v.Alive > 0 {
			dead = append(dead, fmt.Sprintf("%s (%d runs alive)", text, v.Alive))
		} else {
			idle = append(idle, text)
		}
	}
	switch {
	case len(dead) > 0:
		w.add("workflows", freshet.CheckFail, "start those runs with the freshet that accepted them, or let them end: the next start gives them up", "%s", some(dead))
	case len(idle) > 0:
		w.add("workflows", freshet.CheckWarn, "upload the workflow again; until then none of its runs can start", "%s", some(idle))
	default:
		w.add("workflows", freshet.CheckOK, "", "%d versions in use can be read", len(versions))
	}
}

func unreadable(v store.UsedVersion) string {
	if v.Source == nil {
		return "it is not there"
	}
	flows, diags := spec.Parse(v.Name+".yaml", []byte(*v.Source))
	if len(flows) == 1 {
		return ""
	}
	if err := diags.Err(); err != nil {
		return err.Error()
	}
	return "it holds no workflow"
}
