package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/freshet/freshet"
)

// envKeeper marks every attempt with the keeper that started it.
const envKeeper = "FRESHET_KEEPER"

// bury makes sure that nothing of the attempts of earlier keepers of this
// home is alive, and turns their lists into .dead files. The caller holds the
// lock, so their authors are gone.
//
// PR_SET_PDEATHSIG would spare most of this and is refused: it belongs to the
// thread that forked, not to the process. A thread that the Go runtime ends
// would take its attempts with it, and to keep one thread for all forks would
// make them wait for each other; it also reaches the main process only.
func bury(p place, boot string) error {
	paths, err := filepath.Glob(p.path("*.pids"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		f, err := readPids(path)
		if err != nil {
			return err
		}
		if f.Boot == boot { // nothing survives a boot
			if err := buryAll(f); err != nil {
				return err
			}
		}
		if err := os.Rename(path, strings.TrimSuffix(path, ".pids")+".dead"); err != nil {
			return err
		}
	}
	return nil
}

// buryPatience is how long the dead may take: a process in the middle of
// writing to a slow disk ends only after that.
const buryPatience = 10 * time.Second

func buryAll(f pidsFile) error {
	for until := time.Now().Add(buryPatience); ; time.Sleep(time.Millisecond) {
		groups := survivors(f)
		if len(groups) == 0 {
			return nil
		}
		for _, g := range groups {
			if err := unix.Kill(-g, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("end process group %d of keeper %s: %w", g, f.Instance, err)
			}
		}
		if time.Now().After(until) {
			return fmt.Errorf("process groups %v of keeper %s do not end", groups, f.Instance)
		}
	}
}

// survivors are the process groups of the listed attempts in which something
// is alive. A group is theirs if its leader has the number and the start time
// written down, or if a member's environment names the keeper and the attempt.
func survivors(f pidsFile) []int {
	byPID := map[int]listed{}
	unknown := map[freshet.Key]bool{}
	for _, l := range f.Attempts {
		if l.PID == 0 {
			unknown[l.Key] = true
		} else {
			byPID[l.PID] = l
		}
	}
	var groups []int
	found := map[int]bool{}
	for _, p := range processes() {
		if p.dead || p.group <= 1 || found[p.group] || p.group == unix.Getpgrp() {
			continue
		}
		l, known := byPID[p.group]
		theirs := known && p.pid == l.PID && p.start == l.StartTime
		if !theirs && (known || len(unknown) > 0) {
			k, ok := keyOf(environment(p.pid), f.Instance)
			theirs = ok && (known && k == l.Key || unknown[k])
		}
		if theirs {
			found[p.group] = true
			groups = append(groups, p.group)
		}
	}
	return groups
}

// keyOf is the attempt of the keeper to which an environment belongs.
func keyOf(env []string, instance string) (k freshet.Key, ok bool) {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if name != envKeeper {
			continue
		}
		holder, key, _ := strings.Cut(value, " ")
		l, fine := parseListed(key)
		return l.Key, fine && holder == instance
	}
	return k, false
}

// mark is the environment variable by which a successor recognises the attempt.
func mark(instance string, k freshet.Key) string {
	return envKeeper + "=" + instance + " " + string(appendKey(nil, 'i', k))
}

// bootAndStart names this process.
func bootAndStart() (boot string, start uint64) {
	if p, err := lookAt(os.Getpid()); err == nil {
		start = p.start
	}
	return bootID(), start
}

// Alive tells whether the keeper that wrote the file still is.
func (i Info) Alive() bool {
	p, err := lookAt(i.PID)
	return err == nil && !p.dead && i.BootID == bootID() && p.start == i.StartTime
}

func (i Info) String() string { return "keeper " + i.Instance + " (pid " + strconv.Itoa(i.PID) + ")" }
