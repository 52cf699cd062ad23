package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// document is a workflow file that was read.
type document struct {
	name   string // as it was typed
	dir    string // that its `files` are in; empty: standard input
	source []byte
	fsys   fs.FS // instead of dir, for what is not on disk
}

// readDocuments reads files, the workflow files of directories, and - for
// standard input.
func (a *app) readDocuments(args []string) ([]document, error) {
	var docs []document
	for _, arg := range args {
		found, err := a.readDocument(arg)
		if err != nil {
			return nil, err
		}
		docs = append(docs, found...)
	}
	return docs, nil
}

func (a *app) readDocument(arg string) ([]document, error) {
	if arg == "-" {
		source, err := io.ReadAll(io.LimitReader(a.Stdin, freshet.MaxWorkflowBytes+1))
		if err != nil {
			return nil, unreadable("standard input", err)
		}
		return []document{{name: "-", source: source}}, nil
	}
	info, err := os.Stat(a.path(arg))
	if err != nil {
		return nil, unreadable(arg, err)
	}
	if info.IsDir() {
		return a.readDirectory(arg)
	}
	d, err := a.readFile(arg)
	return []document{d}, err
}

// readFile reads one file; of one that is too large so much that the parser
// says so.
func (a *app) readFile(name string) (document, error) {
	f, err := os.Open(a.path(name))
	if err != nil {
		return document{}, unreadable(name, err)
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, freshet.MaxWorkflowBytes+1))
	if err != nil {
		return document{}, unreadable(name, err)
	}
	return document{name: name, dir: filepath.Dir(a.path(name)), source: source}, nil
}

// readDirectory reads the workflow files of a directory and of those in it,
// sorted; what begins with a dot is left out.
func (a *app) readDirectory(dir string) ([]document, error) {
	var names []string
	err := filepath.WalkDir(a.path(dir), func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), ".") && path != a.path(dir):
			if e.IsDir() {
				return fs.SkipDir
			}
		case !e.IsDir() && isWorkflowFile(e.Name()):
			rel, err := filepath.Rel(a.path(dir), path)
			if err != nil {
				return err
			}
			names = append(names, filepath.Join(dir, rel))
		}
		return nil
	})
	if err != nil {
		return nil, unreadable(dir, err)
	}
	if len(names) == 0 {
		return nil, invalid("there is no workflow file in %s", dir).WithHint("workflow files end in .yaml or .yml")
	}
	slices.Sort(names)
	var docs []document
	for _, name := range names {
		d, err := a.readFile(name)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func isWorkflowFile(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// unreadable says that a file cannot be read; without the operation, which
// tells people nothing.
func unreadable(name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return invalid("cannot read %s: %s", name, err)
}
