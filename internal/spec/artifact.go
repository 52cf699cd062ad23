package spec

import (
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	yaml "go.yaml.in/yaml/v4"
)

// artifactsForm is which files of a task are kept.
var artifactsForm = oneOrMore("a glob, or a list of globs", artifactGlob)

// artifactGlob is a pattern of paths below the task's working directory.
var artifactGlob = form[string]{schema{"type": "string", "minLength": 1}, func(r *reader, n *yaml.Node) (string, bool) {
	s, ok := plain.read(r, n)
	if !ok {
		return "", false
	}
	wrong, hint := "", ""
	parts := strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune("/{},", c) })
	switch {
	case strings.TrimSpace(s) == "":
		wrong = "a glob is not empty"
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "~"):
		wrong, hint = "a glob begins in the task's working directory, not at the root", "say with `working_dir` where the task runs"
	case slices.Contains(parts, ".."):
		wrong = "a glob stays below the task's working directory, without `..`"
	case strings.HasSuffix(s, "/"), path.Clean(s) == ".":
		wrong, hint = "a directory alone is not kept", "write `"+strings.TrimPrefix(path.Clean(s)+"/**", "./")+"` for all files below it"
	case !doublestar.ValidatePattern(s):
		wrong, hint = "not a glob", "a `[` or `{` is closed; \\ stands before one that is meant as it is"
	}
	if wrong != "" {
		r.hinted(n, CodeValue, hint, "%s: %s", excerpt(s), wrong)
		return "", false
	}
	return path.Clean(s), true
}}
