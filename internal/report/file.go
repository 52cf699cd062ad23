package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	freshet "github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/nbformat"
)

// The formats of report files.
const (
	HTMLFormat = "html"
	PDFFormat  = "pdf"
)

// FileOptions say how a notebook's report becomes a file.
type FileOptions struct {
	Notebook    string // path of the executed notebook
	Target      string // path of the report, see Beside
	Format      string // html or pdf
	Template    string // path of a template, of Go or, for pdf, of Jinja; empty: the built-in page
	Title       string // see Options
	HideCode    bool
	Paper       string // see PDFOptions
	Interpreter string // a Python that has nbconvert, for a Jinja template
}

// Beside is where the report of a notebook goes that nobody says otherwise of.
func Beside(notebook, format string) string {
	return strings.TrimSuffix(notebook, filepath.Ext(notebook)) + "." + format
}

// File writes the report of a notebook to a file, which appears whole or not at
// all. Getenv is the environment in which programs are found.
func File(ctx context.Context, getenv func(string) string, o FileOptions) error {
	data, err := os.ReadFile(o.Notebook)
	if os.IsNotExist(err) {
		return freshet.Errorf(freshet.NotFound, "there is no notebook %s", o.Notebook)
	}
	if err != nil {
		return fmt.Errorf("read the notebook: %w", err)
	}
	nb, err := nbformat.Read(data)
	if err != nil {
		return err
	}
	own, err := readTemplate(o.Template)
	if err != nil {
		return err
	}
	if IsJinja(own) {
		if o.Format != PDFFormat {
			return jinjaMakesPDF(o.Template)
		}
		return replace(o.Target, func(temp string) error {
			return Asciidoc(ctx, getenv, o.Notebook, temp, AsciidocOptions{Template: own, TemplateName: o.Template,
				Dir: filepath.Dir(o.Template), Interpreter: o.Interpreter, HideCode: o.HideCode})
		})
	}
	var page bytes.Buffer
	if err := HTML(&page, nb, Options{Title: o.Title, HideCode: o.HideCode, Template: own, TemplateName: o.Template}); err != nil {
		return err
	}
	if o.Format == HTMLFormat {
		return replace(o.Target, func(temp string) error { return os.WriteFile(temp, page.Bytes(), 0o644) })
	}
	browser, err := FindBrowser(getenv)
	if err != nil {
		return err
	}
	return replace(o.Target, func(temp string) error {
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_TRUNC|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		err = PDF(ctx, f, page.Bytes(), PDFOptions{Browser: browser, Paper: o.Paper})
		if e := f.Close(); err == nil {
			err = e
		}
		return err
	})
}

// Prepare is for before a notebook runs, perhaps for hours, to be reported of:
// it tells whether what the report needs is there (the template, whether that
// can be read at all, and the programs), and then removes the report of an
// earlier run, which is none of this one.
func Prepare(getenv func(string) string, o FileOptions) error {
	if err := check(getenv, o); err != nil {
		return err
	}
	if err := os.Remove(o.Target); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove an earlier report: %w", err)
	}
	return nil
}

func check(getenv func(string) string, o FileOptions) error {
	own, err := readTemplate(o.Template)
	switch {
	case err != nil:
		return err
	case IsJinja(own) && o.Format != PDFFormat:
		return jinjaMakesPDF(o.Template)
	case IsJinja(own):
		_, err = findTools(getenv, o.Interpreter)
		return err
	}
	if err := checkTemplate(Options{Template: own, TemplateName: o.Template}); err != nil || o.Format != PDFFormat {
		return err
	}
	_, err = FindBrowser(getenv)
	return err
}

func jinjaMakesPDF(template string) error {
	return freshet.Errorf(freshet.Invalid, "%s is a Jinja template for AsciiDoc, of which a PDF is made", template).
		WithHint("say `format: pdf`, or use a template of Go")
}

// readTemplate reads a template; no path is no template.
func readTemplate(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return "", freshet.Errorf(freshet.NotFound, "there is no template %s", path)
	}
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		err = freshet.Errorf(freshet.Invalid, "the template %s is empty", path)
	}
	return string(text), err
}

// replace makes a file by way of another beside it.
func replace(target string, write func(temp string) error) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("make the report's directory: %w", err)
	}
	temp := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".new")
	defer os.Remove(temp)
	if err := write(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
