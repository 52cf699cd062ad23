package jupyter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Search finds kernelspecs where Jupyter looks for them.
type Search struct {
	Getenv func(string) string // nil is an empty environment
	Home   string              // of the account; empty leaves out what is there
}

// Dirs lists the directories that hold kernels/NAME/kernel.json, the first
// one first.
func (s Search) Dirs() []string {
	var dirs []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range filepath.SplitList(s.get("JUPYTER_PATH")) {
		add(dir)
	}
	// An environment that is switched on says which kernel is meant by
	// "python3" better than what the account has installed for all of them.
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := s.get(name); prefix != "" {
			add(filepath.Join(prefix, "share", "jupyter"))
		}
	}
	add(s.user())
	add(s.ofPython())
	add("/usr/local/share/jupyter")
	add("/usr/share/jupyter")
	return dirs
}

func (s Search) get(name string) string {
	if s.Getenv == nil {
		return ""
	}
	return s.Getenv(name)
}

func (s Search) user() string {
	switch dir := s.get("JUPYTER_DATA_DIR"); {
	case dir != "":
		return dir
	case s.Home == "":
		return ""
	case runtime.GOOS == "darwin":
		return filepath.Join(s.Home, "Library", "Jupyter")
	case s.get("XDG_DATA_HOME") != "":
		return filepath.Join(s.get("XDG_DATA_HOME"), "jupyter")
	}
	return filepath.Join(s.Home, ".local", "share", "jupyter")
}

// ofPython is the data directory of the Python in PATH: the prefix is told by
// its path, without running it.
func (s Search) ofPython() string {
	for _, name := range []string{"python3", "python"} {
		for _, dir := range filepath.SplitList(s.get("PATH")) {
			if path := filepath.Join(dir, name); filepath.IsAbs(path) && filepath.Base(dir) == "bin" && executable(path) {
				return filepath.Join(filepath.Dir(dir), "share", "jupyter")
			}
		}
	}
	return ""
}

// Specs lists the kernelspecs by name. Of two with one name the first found
// counts. What cannot be read is told beside them.
func (s Search) Specs() ([]Spec, []error) {
	var specs []Spec
	var problems []error
	seen := map[string]bool{}
	for _, dir := range s.Dirs() {
		entries, err := os.ReadDir(filepath.Join(dir, "kernels"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("list kernelspecs: %w", err))
		}
		for _, e := range entries {
			if seen[strings.ToLower(e.Name())] {
				continue
			}
			switch spec, err := readSpec(filepath.Join(dir, "kernels", e.Name())); {
			case err == nil:
				seen[spec.Name] = true
				specs = append(specs, *spec)
			case !errors.Is(err, fs.ErrNotExist) && e.Name()[0] != '.' && isDir(filepath.Join(dir, "kernels", e.Name())):
				problems = append(problems, err)
			}
		}
	}
	slices.SortFunc(specs, func(a, b Spec) int { return strings.Compare(a.Name, b.Name) })
	return specs, problems
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// Find gives the kernelspec of a name. "python" is python3 where there is no
// kernelspec of that name itself.
func (s Search) Find(name string) (*Spec, error) {
	specs, problems := s.Specs()
	wanted := []string{strings.ToLower(name)}
	if wanted[0] == "python" {
		wanted = append(wanted, "python3")
	}
	for _, w := range wanted {
		for _, spec := range specs {
			if spec.Name == w {
				return &spec, nil
			}
		}
	}
	return nil, errors.Join(append([]error{unknown(name, specs)}, about(problems, wanted)...)...)
}

// about picks the problems of the kernelspecs that were wanted.
func about(problems []error, names []string) []error {
	return slices.DeleteFunc(problems, func(err error) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(err.Error(), "/"+n+"/") })
	})
}
