package report

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	freshet "github.com/freshet/freshet"
)

// leftovers are processes and files of a printing that is over.
func leftovers(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range commands {
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// temp makes a directory the place of temporary files.
func temp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "pdf") // short enough for a browser's socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return dir
}

var mediaBox = regexp.MustCompile(`/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]`)

func TestPDF(t *testing.T) {
	browser, dir := chromium(t), temp(t)
	page := []byte(render(t, read(t, "everything.ipynb"), Options{}))
	for paper, width := range map[string]float64{"": 595, "letter": 612} {
		var pdf bytes.Buffer
		if err := PDF(t.Context(), &pdf, page, PDFOptions{Browser: browser, Paper: paper}); err != nil {
			t.Fatal(err)
		}
		box := mediaBox.FindSubmatch(pdf.Bytes())
		if !bytes.HasPrefix(pdf.Bytes(), []byte("%PDF-")) || box == nil {
			t.Fatalf("%q: no pdf, or one without pages", paper)
		}
		if got, _ := strconv.ParseFloat(string(box[1]), 64); got < width-2 || got > width+2 {
			t.Errorf("%q is %v points wide, want %v", paper, got, width)
		}
		if found := leftovers(t, dir); len(found) != 0 {
			t.Errorf("left behind: %s", strings.Join(found, "\n"))
		}
	}
}

// A printing that is given up leaves nothing behind either.
func TestPDFGivenUp(t *testing.T) {
	browser := chromium(t)
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the reader went away"))
	later, stop := context.WithCancel(t.Context())
	defer stop()
	time.AfterFunc(150*time.Millisecond, stop) // in the middle of the start
	for _, c := range []struct {
		name string
		ctx  context.Context
		o    PDFOptions
		want func(error) bool
	}{
		{"cancelled before", cancelled, PDFOptions{Browser: browser}, func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"cancelled in the middle", later, PDFOptions{Browser: browser}, func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"too slow", t.Context(), PDFOptions{Browser: browser, Timeout: 200 * time.Millisecond}, func(err error) bool {
			return freshet.CodeOf(err) == freshet.Unavailable && strings.Contains(err.Error(), "took longer than 200ms")
		}},
		{"no browser", t.Context(), PDFOptions{Browser: "/no/such/chromium"}, func(err error) bool { return freshet.CodeOf(err) == freshet.Invalid }},
		{"unknown paper", t.Context(), PDFOptions{Browser: browser, Paper: "a3"}, func(err error) bool { return freshet.CodeOf(err) == freshet.Invalid }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := temp(t)
			var pdf bytes.Buffer
			if err := PDF(c.ctx, &pdf, []byte("<p>x</p>"), c.o); err == nil || !c.want(err) {
				t.Errorf("got %v", err)
			}
			if pdf.Len() != 0 {
				t.Error("something was written")
			}
			if found := leftovers(t, dir); len(found) != 0 {
				t.Errorf("left behind: %s", strings.Join(found, "\n"))
			}
		})
	}
}

func TestFindBrowser(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "google-chrome")
	if err := os.WriteFile(file, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
		err  string
	}{
		{"in the path", map[string]string{"PATH": "/nowhere:" + dir}, file, ""},
		{"set", map[string]string{"PATH": "/nowhere", BrowserVariable: file}, file, ""},
		{"set by name", map[string]string{"PATH": dir, BrowserVariable: "google-chrome"}, file, ""},
		{"set wrongly", map[string]string{"PATH": dir, BrowserVariable: "/nowhere/x"}, "", `FRESHET_BROWSER names "/nowhere/x", which is no program`},
		{"none", map[string]string{"PATH": "/nowhere"}, "", "a pdf is printed by Chromium, and none is installed"},
	} {
		got, err := FindBrowser(func(key string) string { return c.env[key] })
		message := ""
		var e *freshet.Error
		if errors.As(err, &e) {
			message = e.Message
			if !strings.Contains(e.Hint, BrowserVariable) {
				t.Errorf("%s: the hint does not name the setting: %s", c.name, e.Hint)
			}
		}
		if got != c.want || message != c.err {
			t.Errorf("%s: %q %v", c.name, got, err)
		}
	}
}

// verify is for tests that need programs which only `make verify` asks for.
func verify(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("FRESHET_VERIFY") == "" {
		t.Skip("part of make verify (FRESHET_VERIFY=1)")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing (Debian: apt install chromium poppler-utils pandoc ruby-asciidoctor-pdf; pip install nbconvert)", name)
		}
	}
}

func pdfText(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// What is on the printed pages: all of the text, the pictures, page numbers,
// and a table that is far too wide, shrunk rather than cut off.
func TestPDFContents(t *testing.T) {
	verify(t, "pdftotext", "pdfimages")
	nb := read(t, "everything.ipynb")
	var row strings.Builder
	for i := range 40 {
		row.WriteString("<td>column" + strconv.Itoa(i) + "</td>")
	}
	nb.Cells = append(nb.Cells, code("wide", display("text/html", `<table class="dataframe"><tr>`+row.String()+"</tr></table>")))
	file := filepath.Join(t.TempDir(), "report.pdf")
	var pdf bytes.Buffer
	if err := PDF(t.Context(), &pdf, []byte(render(t, nb, Options{})), PDFOptions{Browser: chromium(t)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pdf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text := pdfText(t, file)
	for _, want := range []string{"Everything & more", "failed · 2024-03-01 06:00 UTC", "month = 6", "KeyError: 'nothing'", "400 lines, 3 kB", "column0", "column39", "∑"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q", want)
		}
	}
	if !regexp.MustCompile(`(?m)Everything & more +1 ?/ ?\d+$`).MatchString(text) {
		t.Error("the first page has no number")
	}
	if strings.Contains(text, `\sum`) || strings.Contains(text, "REMOVED") || strings.Contains(text, "line 399") {
		t.Error("the text has what should not be printed")
	}
	images, err := exec.Command("pdfimages", "-list", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(images), " image "); n < 3 {
		t.Errorf("%d pictures:\n%s", n, images)
	}
}

// AutoFlow's way: a Jinja template, nbconvert, asciidoctor-pdf.
func TestAsciidoc(t *testing.T) {
	verify(t, "pdftotext", "pandoc", "asciidoctor-pdf")
	dir := temp(t)
	out := t.TempDir()
	pdf := filepath.Join(out, "report.pdf")
	const template = "{%- extends 'asciidoc.tpl' -%}\n{% block header %}= A title by Jinja\n{% endblock header %}\n"
	err := Asciidoc(t.Context(), os.Getenv, "testdata/everything.ipynb", pdf, AsciidocOptions{Template: template, HideCode: true, Interpreter: os.Getenv("FRESHET_TEST_PYTHON")})
	if err != nil {
		t.Fatal(err)
	}
	text := pdfText(t, pdf)
	if !strings.Contains(text, "A title by Jinja") || !strings.Contains(text, "Everything") || strings.Contains(text, "month = 6") {
		t.Errorf("the text is\n%s", text)
	}
	err = Asciidoc(t.Context(), os.Getenv, "testdata/everything.ipynb", pdf, AsciidocOptions{Template: "{% block x %}", TemplateName: "x.tpl", Interpreter: os.Getenv("FRESHET_TEST_PYTHON")})
	if freshet.CodeOf(err) != freshet.Invalid || !strings.HasPrefix(err.Error(), "nbconvert refused x.tpl: ") {
		t.Errorf("a broken template: %v", err)
	}
	if found := leftovers(t, dir); len(found) != 0 {
		t.Errorf("left behind: %v", found)
	}
}

func TestAsciidocToolMissing(t *testing.T) {
	dir := t.TempDir()
	program := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, next := range []string{"nbconvert", "pandoc", "asciidoctor-pdf"} {
		err := Asciidoc(t.Context(), func(string) string { return dir }, "x.ipynb", "x.pdf", AsciidocOptions{})
		var e *freshet.Error
		if !errors.As(err, &e) || e.Message != "a pdf by a Jinja template needs "+next+", which is not installed" || !strings.Contains(e.Hint, "install") {
			t.Errorf("%s: %v", next, err)
		}
		program(map[string]string{"nbconvert": "jupyter-nbconvert"}[next] + strings.TrimPrefix(next, "nbconvert"))
	}
}
