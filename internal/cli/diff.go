package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/spec"
)

// flowDiff is what differs between two versions of a workflow.
type flowDiff struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	From      string     `json:"from"` // version, empty if there is none
	To        string     `json:"to"`   // version, empty for a file that is not uploaded
	Changes   []fileDiff `json:"changes"`
}

// fileDiff is what differs in one file, or in the workflow's own text.
type fileDiff struct {
	Path   string `json:"path"`
	Change string `json:"change"` // added, removed, changed or mode
	Diff   string `json:"diff"`   // unified; empty where the content is no text or too large
}

// side is one of two versions that are compared.
type side struct {
	version string
	label   string // what heads the differences
	source  string
	files   []freshet.File
	open    func(ctx context.Context, f freshet.File) (io.ReadCloser, error)
}

func (a *app) workflowDiffCommand() *cobra.Command {
	var exitCode bool
	var extra []string
	c := &cobra.Command{
		Use:   "diff WORKFLOW|FILE|DIR/…",
		Short: "Show what an upload would change, or what versions changed",
		Long: `Show what differs between versions of a workflow and of its files: with FILE
or DIR/ between what is uploaded and the files here, which is what "upload"
would change; with WORKFLOW between its version and the one before it, with
WORKFLOW FROM between FROM and its version, with WORKFLOW FROM TO between those.`,
		Example: `freshet workflow diff hello.yaml
freshet workflow diff hello
freshet workflow diff hello 3f9a2c
freshet workflow diff hello 3f9a2c 81b04e
freshet workflow diff --exit-code workflows/ || freshet workflow upload workflows/`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			var diffs []flowDiff
			if isFile(args[0]) {
				diffs, err = a.diffFiles(c.Context(), server, args, extra)
			} else {
				diffs, err = a.diffVersions(c.Context(), server, args)
			}
			if err != nil {
				return err
			}
			differ := slices.ContainsFunc(diffs, func(d flowDiff) bool { return len(d.Changes) > 0 })
			if err := a.showDiffs(diffs); err != nil {
				return err
			}
			if exitCode && differ {
				return exitFailed
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&extra, "files", nil, "PATHS: further files that an upload would take along, with commas between them")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 if anything differs")
	return takes(c)
}

// isFile tells a file from a workflow's name, by how it is written: what a
// command means must not depend on what lies in a directory.
func isFile(arg string) bool {
	return arg == "-" || strings.ContainsRune(arg, '/') || strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml")
}

// diffFiles compares files with what is uploaded.
func (a *app) diffFiles(ctx context.Context, server *client.Client, args, extra []string) ([]flowDiff, error) {
	docs, err := a.readDocuments(args)
	if err != nil {
		return nil, err
	}
	up, err := a.gather(docs, extra)
	if err != nil {
		return nil, err
	}
	defer up.close()
	home, err := a.namespace()
	if err != nil {
		return nil, err
	}
	var diffs []flowDiff
	for i, doc := range docs {
		flows, _ := spec.Parse(doc.name, doc.source) // gather has looked at it
		for _, w := range flows {
			namespace := w.Namespace
			if namespace == "" {
				namespace = home
			}
			to := side{label: doc.name, source: string(w.Source), files: up.request.Documents[i].Files,
				open: func(_ context.Context, f freshet.File) (io.ReadCloser, error) { return up.open(f) }}
			from, err := uploaded(ctx, server, namespace, w.Name)
			if err != nil {
				return nil, err
			}
			d, err := compare(ctx, namespace, w.Name, from, to)
			if err != nil {
				return nil, err
			}
			diffs = append(diffs, d)
		}
	}
	return diffs, nil
}

// uploaded is the present version of a workflow; there may be none.
func uploaded(ctx context.Context, server *client.Client, namespace, name string) (side, error) {
	w, err := server.Workflow(ctx, namespace, name)
	if freshet.CodeOf(err) == freshet.NotFound {
		return side{label: "/dev/null"}, nil
	}
	if err != nil {
		return side{}, err
	}
	return sideOf(server, freshet.VersionDetail{Namespace: w.Namespace, Name: w.Name, Source: w.Source, Files: w.Files,
		Version: freshet.Version{Version: w.Version}}), nil
}

func sideOf(server *client.Client, v freshet.VersionDetail) side {
	return side{version: v.Version.Version, source: v.Source, files: v.Files,
		label: v.Namespace + "." + v.Name + " " + shortVersion(v.Version.Version),
		open:  func(ctx context.Context, f freshet.File) (io.ReadCloser, error) { return server.Blob(ctx, f.SHA256) }}
}

// diffVersions compares two versions that were uploaded.
func (a *app) diffVersions(ctx context.Context, server *client.Client, args []string) ([]flowDiff, error) {
	if len(args) > 3 {
		return nil, invalid("two versions are compared, and %d were given", len(args)-1)
	}
	namespace, name, err := a.workflowRef(args[0])
	if err != nil {
		return nil, err
	}
	w, err := server.Workflow(ctx, namespace, name)
	if err != nil {
		return nil, a.meant(ctx, server, namespace, name, err)
	}
	ends := append(slices.Clone(args[1:]), w.Version)
	if len(args) == 1 {
		i := slices.IndexFunc(w.Versions, func(v freshet.Version) bool { return v.Version != w.Version })
		if i < 0 {
			a.err.line("%s.%s has one version only: there is nothing before it to compare it with", namespace, name)
			a.err.line("%s %s", a.err.paint(cyan, "hint:"), a.asCalled("`workflow diff FILE` compares it with a file"))
			return nil, nil
		}
		ends = []string{w.Versions[i].Version, w.Version}
	}
	var sides [2]side
	for i := range sides {
		version := strings.TrimPrefix(ends[i], "sha256:")
		if len(version) < 4 || strings.Trim(version, "0123456789abcdef") != "" {
			return nil, invalid("%q is no version", ends[i]).
				WithHint("four and more of its digits name a version; `%s workflow show %s.%s` lists them", a.name, namespace, name)
		}
		v, err := server.WorkflowVersion(ctx, namespace, name, version)
		if err != nil {
			return nil, err
		}
		sides[i] = sideOf(server, v)
	}
	d, err := compare(ctx, namespace, name, sides[0], sides[1])
	return []flowDiff{d}, err
}

// compare finds what differs between two versions: in the text first, then in
// the files by path.
func compare(ctx context.Context, namespace, name string, from, to side) (flowDiff, error) {
	d := flowDiff{Namespace: namespace, Name: name, From: from.version, To: to.version, Changes: []fileDiff{}}
	if from.source != to.source {
		change := "changed"
		if from.version == "" {
			change = "added"
		}
		d.Changes = append(d.Changes, fileDiff{Path: name + ".yaml", Change: change, Diff: udiff.Unified(from.label, to.label, from.source, to.source)})
	}
	olds, news := byPath(from.files), byPath(to.files)
	for _, path := range paths(from.files, to.files) {
		before, was := olds[path]
		after, is := news[path]
		f := fileDiff{Path: path, Change: "changed"}
		switch {
		case !was:
			f.Change = "added"
		case !is:
			f.Change = "removed"
		case before == after:
			continue
		case before.SHA256 == after.SHA256:
			f.Change = "mode"
		}
		if was && is && before.Mode != after.Mode {
			f.Diff = fmt.Sprintf("mode of %s: %04o -> %04o\n", path, before.Mode, after.Mode)
		}
		if f.Change != "mode" {
			lines, err := compareFile(ctx, from, to, before, after, path)
			if err != nil {
				return d, err
			}
			f.Diff += lines
		}
		d.Changes = append(d.Changes, f)
	}
	return d, nil
}

// compareFile compares the lines of a file; empty where they cannot be.
func compareFile(ctx context.Context, from, to side, before, after freshet.File, path string) (string, error) {
	a, aText, err := from.text(ctx, before)
	if err != nil {
		return "", err
	}
	b, bText, err := to.text(ctx, after)
	if err != nil || !aText || !bText {
		return "", err
	}
	return udiff.Unified(fileLabel(before.Path != "", from.label, path), fileLabel(after.Path != "", to.label, path), a, b), nil
}

func fileLabel(there bool, label, path string) string {
	if !there {
		return "/dev/null"
	}
	return label + ": " + path
}

func byPath(files []freshet.File) map[string]freshet.File {
	m := make(map[string]freshet.File, len(files))
	for _, f := range files {
		m[f.Path] = f
	}
	return m
}

// paths are those of both lists, sorted, each once.
func paths(lists ...[]freshet.File) []string {
	var all []string
	for _, files := range lists {
		for _, f := range files {
			all = append(all, f.Path)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// diffBytes is the largest content whose lines are compared.
const diffBytes = 1 << 20

// text reads a file; ok tells that its lines can be compared.
func (s side) text(ctx context.Context, f freshet.File) (text string, ok bool, err error) {
	switch {
	case f.SHA256 == "": // not there, or a directory
		return "", true, nil
	case f.Size > diffBytes:
		return "", false, nil
	}
	r, err := s.open(ctx, f)
	if err != nil {
		return "", false, err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err == nil && utf8.Valid(content) && !bytes.ContainsRune(content, 0), err
}

func (a *app) showDiffs(diffs []flowDiff) error {
	switch a.flags.output {
	case jsonFormat:
		return writeJSON(a.out, notNil(diffs))
	case yamlFormat:
		return writeYAML(a.out, notNil(diffs))
	}
	for _, d := range diffs {
		name := d.Namespace + "." + d.Name
		switch {
		case a.flags.output == plainFormat:
			for _, f := range d.Changes {
				a.out.line("%s\t%s\t%s", name, f.Change, oneLine(f.Path))
			}
		case len(d.Changes) == 0:
			a.err.line("%s: nothing differs", name)
		default:
			for _, f := range d.Changes {
				a.showDiff(f)
			}
		}
	}
	return nil
}

func (a *app) showDiff(f fileDiff) {
	if f.Diff == "" {
		a.out.line("%s", a.out.paint(bold, f.Change+": "+f.Path))
		return
	}
	for line := range strings.Lines(f.Diff) {
		tint := noColour
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			tint = bold
		case strings.HasPrefix(line, "@@"):
			tint = cyan
		case strings.HasPrefix(line, "+"):
			tint = green
		case strings.HasPrefix(line, "-"):
			tint = red
		}
		a.out.line("%s", a.out.paint(tint, strings.TrimSuffix(line, "\n")))
	}
}
