package cli

import (
	"context"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
	"github.com/freshet/freshet/internal/spec"
)

func (a *app) uploadCommand() *cobra.Command {
	var extra []string
	c := &cobra.Command{
		Use:   "upload FILE|DIR…",
		Short: "Upload workflow files and what they name: all, or nothing",
		Long: `Upload workflow files, and the files and directories that they name in
"files:". Either all is uploaded or nothing. Of a directory its workflow files
are uploaded, and those in its directories.`,
		Example: `freshet workflow upload hello.yaml
freshet workflow upload workflows/
freshet workflow upload --files lib/,data.csv etl.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			docs, err := a.readDocuments(args)
			if err != nil {
				return err
			}
			up, err := a.gather(docs, extra)
			if err != nil {
				return err
			}
			defer up.close()
			return a.upload(c.Context(), up)
		},
	}
	c.Flags().StringSliceVar(&extra, "files", nil, "PATHS: further files that travel along, with commas between them")
	return takes(c)
}

// upload is what will be sent.
type upload struct {
	request freshet.UploadRequest
	content map[string]content // by SHA-256
	closers []func() error
}

// content is where a file is read.
type content struct {
	fsys fs.FS
	path string
}

func (u *upload) close() {
	for _, c := range u.closers {
		_ = c() // only directories were open
	}
}

// open gives a file's content.
func (u *upload) open(f freshet.File) (io.ReadCloser, error) {
	c := u.content[f.SHA256]
	return c.fsys.Open(c.path)
}

// gather checks documents and finds what travels with them. All problems of
// all of them are said at once.
func (a *app) gather(docs []document, extra []string) (*upload, error) {
	up := &upload{content: map[string]content{}}
	var problems []freshet.Diagnostic
	sources := map[string]string{}
	wrong := false
	for _, doc := range docs {
		flows, found := spec.Parse(doc.name, doc.source)
		sources[doc.name] = string(doc.source)
		wrong = wrong || found.HasErrors()
		problems = append(problems, wireDiagnostics(found)...)
		b, err := up.bundle(doc)
		if err != nil {
			up.close()
			return nil, err
		}
		missing := b.addNamed(doc, flows)
		problems, wrong = append(problems, missing...), wrong || len(missing) > 0
		for _, name := range extra {
			if err := b.add(name); err != nil {
				up.close()
				return nil, invalid("--files %s: %s", name, err).
					WithHint("paths are relative to the directory of the workflow file")
			}
		}
		up.take(doc, b)
	}
	a.diagnostics(a.err, problems, sources)
	if wrong {
		up.close()
		return nil, exitInvalid
	}
	return up, nil
}

// bundle begins the bundle of a document; what came through standard input has
// none.
func (u *upload) bundle(doc document) (*bundle, error) {
	if doc.fsys != nil {
		return newBundle(doc.fsys), nil
	}
	if doc.dir == "" {
		return newBundle(nothing{}), nil
	}
	b, closed, err := openBundle(doc.dir)
	if err == nil {
		u.closers = append(u.closers, closed)
	}
	return b, err
}

// nothing is a file system without files.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (u *upload) take(doc document, b *bundle) {
	files := b.list()
	for _, f := range files {
		u.content[f.SHA256] = content{b.fsys, f.Path}
	}
	u.request.Documents = append(u.request.Documents, freshet.Document{Name: doc.name, Source: string(doc.source), Files: files})
}

// send uploads to a server.
func (u *upload) send(ctx context.Context, c *client.Client, namespace string) ([]freshet.UploadResult, error) {
	return c.Upload(ctx, namespace, u.request, u.open)
}

// upload sends and says what became of each workflow.
func (a *app) upload(ctx context.Context, up *upload) error {
	c, err := a.connect(0)
	if err != nil {
		return err
	}
	namespace, err := a.namespace()
	if err != nil {
		return err
	}
	results, err := up.send(ctx, c, namespace)
	if err != nil {
		return err
	}
	if a.flags.output != tableFormat {
		return list(a, results, uploadColumns)
	}
	for _, r := range results {
		a.diagnostics(a.err, r.Warnings, nil)
		if r.Changed {
			a.out.line("%s.%s %s, version %s", r.Namespace, r.Name, a.out.paint(green, "uploaded"), shortVersion(r.Version))
		} else {
			a.out.line("%s.%s unchanged", r.Namespace, r.Name)
		}
	}
	return nil
}

var uploadColumns = []column[freshet.UploadResult]{
	{head: "WORKFLOW", cell: func(_ clock, r freshet.UploadResult) string { return r.Namespace + "." + r.Name }},
	{head: "VERSION", cell: func(_ clock, r freshet.UploadResult) string { return r.Version }},
	{head: "RESULT", cell: func(_ clock, r freshet.UploadResult) string {
		if r.Changed {
			return "uploaded"
		}
		return "unchanged"
	}},
}

// shortVersion is so much of a version as people compare.
func shortVersion(version string) string {
	version = strings.TrimPrefix(version, "sha256:")
	return version[:min(6, len(version))]
}
