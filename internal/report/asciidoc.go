package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	freshet "github.com/freshet/freshet"
)

// AsciidocOptions are what the way over asciidoc needs.
type AsciidocOptions struct {
	Template     string // text of the Jinja template
	TemplateName string // what errors call it, as a rule its file
	Dir          string // where the template was found: it may extend or include its neighbours; empty: nowhere
	Interpreter  string // a Python that has nbconvert; empty: jupyter-nbconvert or python3 of PATH
	HideCode     bool
}

// Asciidoc makes a PDF of the notebook at path as AutoFlow does: nbconvert
// turns it to asciidoc by a Jinja template, asciidoctor-pdf prints that. All
// three programs it takes are other people's and have to be installed; which
// one is missing, and what installs it, is the error then.
func Asciidoc(ctx context.Context, getenv func(string) string, path, pdf string, o AsciidocOptions) error {
	tools, err := findTools(getenv, o.Interpreter)
	if err != nil {
		return err
	}
	for _, p := range []*string{&path, &pdf, &o.Dir} { // the programs run in a directory of their own
		if *p, err = absolute(*p); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	}
	dir, err := os.MkdirTemp("", "freshet-asciidoc-")
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"report.tpl":   o.Template,
		"asciidoc.tpl": oldBase, // what templates of nbconvert 5 extend
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	}
	args := append(tools.nbconvert[1:], "--to", "asciidoc", "--template-file", filepath.Join(dir, "report.tpl"),
		"--TemplateExporter.extra_template_basedirs="+dir, "--TemplateExporter.extra_template_paths="+dir,
		"--output-dir", dir, "--output", "report")
	if o.Dir != "" {
		args = append(args, "--TemplateExporter.extra_template_paths="+o.Dir)
	}
	if o.HideCode {
		args = append(args, "--no-input")
	}
	name := o.TemplateName
	if name == "" {
		name = "the template"
	}
	if err := runTool(ctx, dir, "nbconvert", name, tools.nbconvert[0], append(args, path)...); err != nil {
		return err
	}
	return runTool(ctx, dir, "asciidoctor-pdf", name, tools.asciidoctor, "-o", pdf, filepath.Join(dir, "report.asciidoc"))
}

func absolute(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path)
}

const oldBase = "{%- extends 'asciidoc/index.asciidoc.j2' -%}\n"

type toolchain struct {
	nbconvert   []string
	asciidoctor string
}

func findTools(getenv func(string) string, interpreter string) (t toolchain, err error) {
	path := getenv("PATH")
	switch jupyter, missing := lookPath("jupyter-nbconvert", path); {
	case interpreter != "":
		t.nbconvert = []string{interpreter, "-m", "nbconvert"}
	case missing == nil:
		t.nbconvert = []string{jupyter}
	default:
		python, missing := lookPath("python3", path)
		if missing != nil {
			return t, missingTool("nbconvert", "pip install nbconvert")
		}
		t.nbconvert = []string{python, "-m", "nbconvert"}
	}
	if len(t.nbconvert) > 1 && exec.Command(t.nbconvert[0], append(t.nbconvert[1:], "--version")...).Run() != nil {
		return t, missingTool("nbconvert", t.nbconvert[0]+" -m pip install nbconvert")
	}
	if _, missing := lookPath("pandoc", path); missing != nil {
		return t, missingTool("pandoc", "apt install pandoc")
	}
	if t.asciidoctor, err = lookPath("asciidoctor-pdf", path); err != nil {
		return t, missingTool("asciidoctor-pdf", "apt install ruby-asciidoctor-pdf, or gem install asciidoctor-pdf")
	}
	return t, nil
}

func missingTool(name, install string) error {
	return freshet.Errorf(freshet.Invalid, "a pdf by a Jinja template needs %s, which is not installed", name).
		WithHint("install it (%s); a pdf without such a template needs only Chromium", install)
}

// runTool runs one step. What the program said last is the error's text.
func runTool(ctx context.Context, dir, what, template, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return freshet.Errorf(freshet.Invalid, "%s refused %s: %s", what, template, strings.TrimSpace(lines[len(lines)-1])).
		WithHint("it ended with %v; run it by hand to see all that it said", err)
}
