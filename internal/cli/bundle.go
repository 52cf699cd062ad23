package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// bundle gathers what travels with a workflow file: files below its directory,
// read through a root that nothing leads out of.
type bundle struct {
	fsys  fs.FS
	files map[string]freshet.File // by path
}

// maxNesting bounds directories in directories; a link to a parent would make
// them endless.
const maxNesting = 64

var errNested = errors.New("its directories are nested too deeply, or a link leads back into them")

// openBundle begins one for a directory; closed gives the directory free.
func openBundle(dir string) (b *bundle, closed func() error, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, unreadable(dir, err)
	}
	return newBundle(root.FS()), root.Close, nil
}

func newBundle(fsys fs.FS) *bundle { return &bundle{fsys: fsys, files: map[string]freshet.File{}} }

// add takes a file, or all that is in a directory. The error says what is
// wrong with the path and does not repeat it.
func (b *bundle) add(name string) error {
	clean := path.Clean(filepath.ToSlash(name))
	if !filepath.IsLocal(filepath.FromSlash(clean)) {
		return errors.New("it is not below the workflow file's directory")
	}
	return b.walk(clean, 0)
}

// walk follows links, as far as they stay inside. A directory with nothing in
// it travels by itself.
func (b *bundle) walk(name string, depth int) error {
	if depth > maxNesting {
		return errNested
	}
	info, err := fs.Stat(b.fsys, name)
	if err != nil {
		return pathReason(err)
	}
	switch {
	case info.IsDir():
		entries, err := fs.ReadDir(b.fsys, name) // sorted
		if err != nil {
			return pathReason(err)
		}
		if len(entries) == 0 {
			b.files[name] = freshet.File{Path: name}
		}
		for _, e := range entries {
			if err := b.walk(path.Join(name, e.Name()), depth+1); err != nil {
				return err
			}
		}
		return nil
	case !info.Mode().IsRegular():
		return errors.New(name + " is neither a file nor a directory")
	}
	return b.hash(name, info)
}

func (b *bundle) hash(name string, info fs.FileInfo) error {
	if _, known := b.files[name]; known {
		return nil
	}
	f, err := b.fsys.Open(name)
	if err != nil {
		return pathReason(err)
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return pathReason(err)
	}
	b.files[name] = freshet.File{Path: name, Mode: uint32(info.Mode().Perm()), Size: size, SHA256: hex.EncodeToString(h.Sum(nil))}
	return nil
}

// list is what was gathered, by path.
func (b *bundle) list() []freshet.File {
	var files []freshet.File
	for _, f := range b.files {
		files = append(files, f)
	}
	slices.SortFunc(files, func(x, y freshet.File) int { return strings.Compare(x.Path, y.Path) })
	return files
}

// addNamed takes what a document's workflows name in `files`, and says of each
// that is wrong where it stands.
func (b *bundle) addNamed(doc document, flows []*spec.Workflow) []freshet.Diagnostic {
	var wrong []freshet.Diagnostic
	for _, w := range flows {
		for _, name := range w.Files {
			err := b.add(name)
			if err == nil {
				continue
			}
			d := freshet.Diagnostic{
				File: doc.name, Code: "missing-file", Severity: freshet.SeverityError,
				Message: "file " + name + " of workflow " + w.Name + " cannot travel with it: " + err.Error(),
				Hint:    "paths are relative to the directory of the workflow file",
			}
			d.Line, d.Column = whereNamed(string(doc.source), name)
			wrong = append(wrong, d)
		}
	}
	return wrong
}

// whereNamed finds where a `files:` key of a file names a path, or another key
// does.
func whereNamed(source, name string) (line, column int) {
	inside := false
	for i, text := range strings.Split(source, "\n") {
		if strings.HasPrefix(text, "files:") {
			inside, line, column = true, i+1, 1
		} else if text != "" && !strings.ContainsAny(text[:1], " \t-#") {
			inside = false
		}
		if at := strings.Index(text, name); inside && at >= 0 {
			return i + 1, len([]rune(text[:at])) + 1
		}
	}
	for i, text := range strings.Split(source, "\n") {
		if at := strings.Index(text, name); at >= 0 && line == 0 {
			return i + 1, len([]rune(text[:at])) + 1
		}
	}
	return max(line, 1), max(column, 1)
}

// pathReason is what is wrong with a path, without the operation.
func pathReason(err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case errors.Is(err, syscall.ELOOP):
		return errNested
	case errors.Is(err, fs.ErrNotExist):
		return errors.New(p.Path + " does not exist")
	case strings.Contains(p.Err.Error(), "escapes"):
		return errors.New(p.Path + " is a link that leads out of the workflow file's directory")
	}
	return errors.New(p.Path + ": " + p.Err.Error())
}
