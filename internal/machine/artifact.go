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
// its version, and over them what was brought. Of several files with one path
// the one that was changed last is laid, as it was there before; what lay
// outside of the run's directory is not.
func Lay(files []freshet.File, brought []*Execution) []freshet.File {
	if len(brought) == 0 {
		return files
	}
	laid := slices.Clone(files)
	places := make(map[string]int, len(laid))
	for i, f := range laid {
		places[f.Path] = i
	}
	newest := map[string]freshet.Artifact{}
	for _, x := range brought {
		for _, a := range x.Artifacts {
			at := path.Join(a.Dir, a.Path)
			if before, ok := newest[at]; strings.HasPrefix(at, "/") || ok && a.ModifiedAt.Before(before.ModifiedAt) {
				continue
			}
			newest[at] = a
			f := freshet.File{Path: at, Mode: a.Mode, Size: a.Size, SHA256: a.SHA256}
			if i, ok := places[at]; ok {
				laid[i] = f
				continue
			}
			places[at] = len(laid)
			laid = append(laid, f)
		}
	}
	return laid
}
