package machine

import (
	"path"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// Brought are the executions that a run has taken over from another one, with
// the artifacts that they had left there.
func (st *Run) Brought() []*Execution {
	if st.RerunOf == 0 {
		return nil
	}
	var list []*Execution
	for i := range st.Tasks {
		t := &st.Tasks[i]
		for _, x := range []*Execution{t.Success, t.Latest} {
			if x != nil && x.Epoch == 0 && len(x.Artifacts) > 0 { // no process of this run left them
				list = append(list, x)
				break
			}
		}
	}
	return list
}

// Lay is what a run's directory holds before its first process: the files of
// its version, and over them what was brought. Of several files with one path,
// or of which one is where another has a directory, the one that was changed
// last is laid, as it was there before; what lay outside of the run's directory
// is not.
func Lay(files []freshet.File, brought []*Execution) []freshet.File {
	if len(brought) == 0 {
		return files
	}
	var left []freshet.Artifact
	for _, x := range brought {
		for _, a := range x.Artifacts {
			if a.Path = path.Join(a.Dir, a.Path); !strings.HasPrefix(a.Path, "/") {
				left = append(left, a)
			}
		}
	}
	g := ground{files: map[string]bool{}, dirs: map[string]bool{}}
	newest := g.newest(left)
	var laid []freshet.File
	for _, f := range files {
		if a, ok := newest[f.Path]; ok {
			f = fileOf(a)
			delete(newest, f.Path)
		} else if !g.take(f.Path) {
			continue
		}
		laid = append(laid, f)
	}
	for _, at := range left {
		if a, ok := newest[at.Path]; ok {
			laid = append(laid, fileOf(a))
			delete(newest, at.Path)
		}
	}
	return laid
}

func fileOf(a freshet.Artifact) freshet.File {
	return freshet.File{Path: a.Path, Mode: a.Mode, Size: a.Size, SHA256: a.SHA256}
}

// ground is where files lie, and which directories they make.
type ground struct{ files, dirs map[string]bool }

// newest are the files, by path, that no later one has replaced. Of those that
// were changed at one time the last of the list is the latest.
func (g ground) newest(left []freshet.Artifact) map[string]freshet.Artifact {
	list := slices.Clone(left)
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b freshet.Artifact) int { return b.ModifiedAt.Compare(a.ModifiedAt) })
	found := make(map[string]freshet.Artifact, len(list))
	for _, a := range list {
		if g.take(a.Path) {
			found[a.Path] = a
		}
	}
	return found
}

// take tells whether a file can lie beside the later ones, which were taken
// before it. What it had replaced itself does not come back, so it is taken in
// any case.
func (g ground) take(at string) bool {
	free := !g.files[at] && !g.dirs[at]
	g.files[at] = true
	for dir := path.Dir(at); dir != "." && dir != "/"; dir = path.Dir(dir) {
		free = free && !g.files[dir]
		g.dirs[dir] = true
	}
	return free
}
