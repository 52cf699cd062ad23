package cli

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
)

// app is one command line under way: the process, the common flags, and what
// was found out about them.
type app struct {
	Process
	name       string // the program as it was called, so that hints can be pasted
	tree       *cobra.Command
	interrupts *interrupts
	out, err   *printer
	slow       sync.Once // it was said that the server is waited for

	flags struct {
		server, home, namespace string
		allNamespaces           bool
		output                  format
	}
	changed func(flag string) bool // whether a common flag was given
}

func newApp(p Process, cancel context.CancelCauseFunc) *app {
	a := &app{Process: p, name: p.Args[0], interrupts: newInterrupts(cancel)}
	a.out = newPrinter(p.Stdout, p.StdoutTerminal, a)
	a.err = newPrinter(p.Stderr, p.StderrTerminal, a)
	a.flags.output = tableFormat
	a.changed = func(string) bool { return false }
	return a
}

// commonFlags are accepted by every command.
func (a *app) commonFlags(f *pflag.FlagSet) {
	f.StringVar(&a.flags.server, "server", "", "URL: where the server is (FRESHET_SERVER)")
	f.StringVar(&a.flags.home, "home", "", "DIR: Freshet's home (FRESHET_HOME, else ~/.freshet)")
	f.StringVarP(&a.flags.namespace, "namespace", "n", "", "NAME: namespace (FRESHET_NAMESPACE, else default)")
	f.VarP(&a.flags.output, "output", "o", "FORMAT: table, json, yaml or plain")
	a.changed = f.Changed
}

// lookup reads the environment.
func (a *app) lookup(name string) (string, bool) {
	// The last of several wins, as in a shell.
	for i := len(a.Env) - 1; i >= 0; i-- {
		if k, v, _ := strings.Cut(a.Env[i], "="); k == name {
			return v, true
		}
	}
	return "", false
}

func (a *app) env(name string) string { v, _ := a.lookup(name); return v }

// settings finds out what is set. own are values of a command's own flags,
// by the name of the setting.
func (a *app) settings(own map[string]string) (*setting.Settings, []setting.Value, error) {
	flags := map[string]string{}
	for name, text := range map[string]string{
		"server": a.flags.server, "home": a.flags.home, "namespace": a.flags.namespace,
	} {
		if a.changed(name) {
			flags[name] = text
		}
	}
	for name, text := range own {
		flags[name] = text
	}
	userHome := a.UserHome
	if userHome == "" && a.insideTask() {
		userHome = noHome // a task's environment says all there is to know
	}
	return setting.Load(setting.Input{
		Flags: flags, Env: a.lookup, ReadFile: os.ReadFile, UserHome: userHome, Dir: a.Dir,
	})
}

// noHome is the home of accounts that have none.
const noHome = "/nonexistent"

// namespace is the one that unqualified names are of.
func (a *app) namespace() (string, error) {
	s, _, err := a.settings(nil)
	if err != nil {
		return "", err
	}
	name := cmp.Or(s.Namespace, freshet.DefaultNamespace)
	return name, checkName("namespace", name)
}

// path is a path as the file system takes it: relative ones begin in Dir.
func (a *app) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.Dir, name)
}
