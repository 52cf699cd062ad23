package spec

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// Parse reads a workflow file, which may hold several documents. It returns
// the workflows of the documents without an error, and every problem of every
// document. file is what diagnostics call the file.
func Parse(file string, source []byte) ([]*Workflow, Diagnostics) {
	if d := unreadable(file, source); d != nil {
		return nil, Diagnostics{*d}
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	var workflows []*Workflow
	var diagnostics Diagnostics
	seen := map[string]int{}
	docs := split(file, source)
	for _, doc := range docs {
		w, ds := parseDocument(doc)
		if w != nil && !ds.HasErrors() {
			id := strings.ToLower(w.Namespace + "." + w.Name)
			if line, twice := seen[id]; twice {
				ds = append(ds, Diagnostic{File: file, Line: doc.first, Col: 1, Code: CodeDuplicate, Severity: Error,
					Message: fmt.Sprintf("this file has a workflow `%s` already, in the document of line %d", w.Name, line)})
			} else {
				seen[id] = doc.first
				workflows = append(workflows, w)
			}
		}
		diagnostics = append(diagnostics, ds...)
	}
	if len(docs) == 0 {
		diagnostics = append(diagnostics, Diagnostic{File: file, Line: 1, Col: 1, Code: CodeEmpty, Severity: Error,
			Message: "there is no workflow in this file",
			Hint:    "a small one: {name: hello, tasks: {greet: {bash: echo hello}}}"})
	}
	return workflows, diagnostics.sort()
}

// unreadable finds what makes a file no text at all.
func unreadable(file string, source []byte) *Diagnostic {
	d := &Diagnostic{File: file, Line: 1, Col: 1, Severity: Error}
	if len(source) > freshet.MaxWorkflowBytes {
		d.Code = CodeTooLarge
		d.Message = fmt.Sprintf("a workflow file has at most %d bytes, this one has more", freshet.MaxWorkflowBytes)
		d.Hint = "programs and data belong into `files`"
		return d
	}
	at := 0
	for at < len(source) {
		r, size := utf8.DecodeRune(source[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			d.Code, d.Message = CodeEncoding, fmt.Sprintf("byte 0x%02x is no UTF-8", source[at])
			d.Hint = "save the file as UTF-8"
			if at == 0 && (bytes.HasPrefix(source, []byte{0xff, 0xfe}) || bytes.HasPrefix(source, []byte{0xfe, 0xff})) {
				d.Message = "the file is UTF-16, not UTF-8"
			}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f, r >= 0x80 && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff:
			d.Code, d.Message = CodeEncoding, fmt.Sprintf("character U+%04X is not allowed in YAML", r)
			d.Hint = "in double quotes it can be written as an escape"
		default:
			at += size
			continue
		}
		before := linesOf(string(bytes.TrimPrefix(source[:at], []byte("\ufeff"))))
		d.Line, d.Col = len(before), utf8.RuneCountInString(before[len(before)-1])+1
		return d
	}
	return nil
}

// parseDocument reads one document. The workflow may be used only if none of
// the diagnostics is an error.
func parseDocument(doc *document) (*Workflow, Diagnostics) {
	root, d := load(doc)
	if d != nil {
		return nil, Diagnostics{*d}
	}
	r := newReader(doc)
	if !r.survey(root) {
		return nil, r.all()
	}
	r.last = namesUnder(root, "finally")
	if es, _ := r.grammar.workflow.read(r, root, r.w); es == nil {
		return nil, r.all()
	}
	r.w.Source = bytes.Clone(doc.source) // the caller's bytes stay its own
	r.finish()
	order := newOrder(r)
	order.checkCycles()
	r.checkReferences(order)
	r.addSecrets()
	r.addNamed()
	if !r.found.HasErrors() {
		r.w.index()
	}
	return r.w, r.all()
}
