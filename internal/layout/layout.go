// Package layout says where in a home the files of runs lie: whoever makes them
// and whoever removes them means the same place. Paths are relative to the
// home, with the separators of the machine.
package layout

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/freshet/freshet"
)

// The trees below a home that hold directories of runs.
const (
	Logs = "logs"
	Work = "work"
)

// Attempts is where the attempts of a run have their own directories, below the
// run's working directory.
const Attempts = ".freshet"

// Run is the directory of a run in a tree.
func Run(tree, namespace, workflow string, run int64) string {
	return filepath.Join(tree, namespace, workflow, strconv.FormatInt(run, 10))
}

// Attempt is an attempt's own directory: one to make below what all attempts of
// the run share. No name of a task has a dot.
func Attempt(namespace, workflow string, k freshet.Key) string {
	own := k.Task
	if k.Item != freshet.NoItem {
		own += "." + strconv.Itoa(k.Item)
	}
	return filepath.Join(Run(Work, namespace, workflow, k.Run), Attempts, own+"."+try(k))
}

// Log is the log of an attempt.
func Log(namespace, workflow string, k freshet.Key) string {
	item := ""
	if k.Item != freshet.NoItem {
		item = strconv.Itoa(k.Item)
	}
	return filepath.Join(Run(Logs, namespace, workflow, k.Run), k.Task, item, try(k)+".log")
}

func try(k freshet.Key) string { return fmt.Sprintf("%d.%d", k.Seq, k.Try) }
