package inbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
)

// Upload keeps workflows: all of the documents, or none. Their files' contents
// are there already.
func (x *Inbox) Upload(ctx context.Context, namespace string, r freshet.UploadRequest) ([]freshet.UploadResult, error) {
	var diags spec.Diagnostics
	list := map[string][]machine.Uploaded{} // by namespace
	var results []freshet.UploadResult
	var names []string // of the document of each result
	for _, doc := range r.Documents {
		flows, found := spec.Parse(doc.Name, []byte(doc.Source))
		diags = append(diags, found...)
		if err := x.files(ctx, doc); err != nil {
			return nil, err
		}
		warnings := found.Wire() // of the file; told with its first workflow
		for _, w := range flows {
			ns := cmp.Or(w.Namespace, namespace, freshet.DefaultNamespace)
			u := machine.Uploaded{Name: w.Name, Source: string(w.Source), Files: doc.Files, Description: w.Description, Retention: w.Retention}
			for _, t := range w.Tasks {
				u.Tasks = append(u.Tasks, t.Name)
			}
			u.Emits, u.On = w.Emits(), fileTriggers(w)
			u.Version = version(u)
			if slices.ContainsFunc(list[ns], func(o machine.Uploaded) bool { return strings.EqualFold(o.Name, u.Name) }) {
				return nil, freshet.Errorf(freshet.Invalid, "%s: workflow %s.%s is in this upload twice", doc.Name, ns, u.Name)
			}
			list[ns] = append(list[ns], u)
			results = append(results, freshet.UploadResult{Namespace: ns, Name: u.Name, Version: u.Version, Warnings: warnings})
			names, warnings = append(names, doc.Name), nil
		}
	}
	if diags.HasErrors() {
		return nil, diags.Err()
	}
	if len(results) == 0 {
		return nil, freshet.Errorf(freshet.Invalid, "there is no workflow in what was uploaded")
	}
	for ns := range list {
		if err := x.place(ctx, ns); err != nil {
			return nil, err
		}
	}
	return results, x.keep(ctx, list, results, names)
}

// keep submits the uploads of all namespaces together: they are one
// transaction.
func (x *Inbox) keep(ctx context.Context, list map[string][]machine.Uploaded, results []freshet.UploadResult, names []string) error {
	var entries []machine.Entry
	for _, r := range results {
		if us, ok := list[r.Namespace]; ok {
			entries = append(entries, machine.Entry{Namespace: r.Namespace, Kind: machine.Upload, Body: machine.Body{Upload: us}})
			delete(list, r.Namespace)
		}
	}
	replies, err := x.engine.Submit(ctx, entries...)
	if err != nil {
		return err
	}
	for i, reply := range replies {
		if reply.Err != nil {
			return reply.Err
		}
		kept, _ := reply.Value.(machine.UploadReply)
		for _, k := range kept {
			for j := range results {
				if results[j].Namespace == entries[i].Namespace && results[j].Name == k.Name {
					results[j].Changed = k.Changed
					results[j].Warnings = append(results[j].Warnings, loops(names[j], k.Warnings)...)
				}
			}
		}
	}
	return nil
}

// loops are the warnings that only the whole namespace gives.
func loops(file string, texts []string) []freshet.Diagnostic {
	var list []freshet.Diagnostic
	for _, text := range texts {
		if strings.HasPrefix(text, "trigger ") {
			list = append(list, freshet.Diagnostic{File: file, Line: 1, Column: 1, Code: "trigger", Severity: freshet.SeverityWarning, Message: text,
				Hint: "delete it with `trigger delete`, and add it anew"})
			continue
		}
		list = append(list, freshet.Diagnostic{File: file, Line: 1, Column: 1, Code: "loop", Severity: freshet.SeverityWarning, Message: text,
			Hint: fmt.Sprintf("an `if` can end it; a chain of more than %d links is refused when it runs", freshet.MaxDepth)})
	}
	return list
}

// files checks what travels with a document.
func (x *Inbox) files(ctx context.Context, doc freshet.Document) error {
	sums := make([]string, 0, len(doc.Files))
	for _, f := range doc.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return freshet.Errorf(freshet.Invalid, "%s: file %q: paths are relative, below the workflow file's directory", doc.Name, f.Path)
		}
		if f.SHA256 != "" {
			sums = append(sums, f.SHA256)
		} else if f.Size != 0 {
			return freshet.Errorf(freshet.Invalid, "%s: file %q has a size and no hash, and a directory has neither", doc.Name, f.Path)
		}
	}
	if len(sums) == 0 {
		return nil
	}
	missing, err := x.blobs.Missing(ctx, sums)
	if err != nil {
		return err
	}
	for _, f := range doc.Files {
		if slices.Contains(missing, f.SHA256) {
			return freshet.Errorf(freshet.Invalid, "%s: the content of file %s has not been uploaded", doc.Name, f.Path).
				WithHint("upload it to /api/v1/blobs/%s first", f.SHA256)
		}
	}
	return nil
}

// version is the content hash of a workflow: its text and its files.
func version(u machine.Uploaded) string {
	h := sha256.New()
	fmt.Fprintf(h, "freshet workflow 1\n%d\n%s\n", len(u.Source), u.Source)
	files, _ := json.Marshal(u.Files)
	h.Write(files)
	return hex.EncodeToString(h.Sum(nil))
}
