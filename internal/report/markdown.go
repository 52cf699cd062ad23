package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders the cells of one page: GitHub's dialect, footnotes and
// formulas. It collects what the page needs to know of them.
type markdown struct {
	goldmark goldmark.Markdown
	ids      *headingIDs
	texts    int // how many texts were rendered, so that footnotes do not collide

	headings []Heading
	math     bool
}

func newMarkdown() *markdown {
	m := &markdown{ids: &headingIDs{used: map[string]bool{}}}
	footnotes := extension.NewFootnote(extension.WithFootnoteIDPrefixFunction(func(ast.Node) []byte {
		return fmt.Appendf(nil, "m%d-", m.texts)
	}))
	m.goldmark = goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			extension.Strikethrough, extension.Linkify, extension.TaskList, footnotes, mathExtension{},
		),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(
			html.WithUnsafe(), // all of it goes through the sanitizer
			renderer.WithNodeRenderers(util.Prioritized(codeRenderer{}, 100)),
		),
	)
	return m
}

// render is the text as HTML that can do no harm. starts says whether the text
// begins with a heading. An image "attachment:NAME" is one of the attachments.
func (m *markdown) render(source string, attachments map[string]any) (out template.HTML, starts bool, err error) {
	m.texts++
	src := []byte(source)
	doc := m.goldmark.Parser().Parse(text.NewReader(src), parser.WithContext(parser.NewContext(parser.WithIDs(m.ids))))
	_, starts = doc.FirstChild().(*ast.Heading)
	var images []*ast.Image
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			m.addHeading(n, src)
		case *ast.Image:
			images = append(images, n)
		case *ast.FencedCodeBlock:
			m.math = m.math || string(n.Language(src)) == "math"
		case *mathNode, *mathBlock:
			m.math = true
		}
		return ast.WalkContinue, nil
	})
	for _, image := range images {
		placeImage(image, attachments)
	}
	var b bytes.Buffer
	if err := m.goldmark.Renderer().Render(&b, src, doc); err != nil {
		return "", false, fmt.Errorf("markdown: %w", err)
	}
	return sanitize(b.String()), starts, nil
}

func (m *markdown) addHeading(n *ast.Heading, src []byte) {
	id, _ := n.AttributeString("id")
	name, _ := id.([]byte)
	title := strings.TrimSpace(plainText(n, src))
	if title != "" {
		m.headings = append(m.headings, Heading{Level: n.Level, ID: string(name), Text: title})
	}
}

// plainText is what a reader sees of a node, without its markup.
func plainText(n ast.Node, src []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(util.UnescapePunctuations(c.Segment.Value(src)))
			if c.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.AutoLink:
			b.Write(c.Label(src))
		case *mathNode:
			b.WriteString(c.tex)
		case *ast.RawHTML:
		default:
			b.WriteString(plainText(c, src))
		}
	}
	return b.String()
}

// placeImage puts an attachment into the page. An image from elsewhere is not
// fetched: a link to it takes its place, for those who want to see it.
func placeImage(image *ast.Image, attachments map[string]any) {
	at := string(image.Destination)
	if name, ok := strings.CutPrefix(at, "attachment:"); ok {
		if uri := attachment(attachments, name); uri != "" {
			image.Destination = []byte(uri)
			return
		}
	}
	if strings.HasPrefix(at, "data:image/") || image.Parent() == nil {
		return
	}
	link := ast.NewLink()
	link.Destination = image.Destination
	link.SetAttributeString("class", []byte("elsewhere"))
	if image.FirstChild() == nil {
		link.AppendChild(link, ast.NewString([]byte(at)))
	}
	for c := image.FirstChild(); c != nil; c = image.FirstChild() {
		link.AppendChild(link, c)
	}
	image.Parent().ReplaceChild(image.Parent(), image, link)
}

func attachment(attachments map[string]any, name string) string {
	bundle, _ := attachments[name].(map[string]any)
	if bundle == nil {
		if plain, err := url.PathUnescape(name); err == nil {
			bundle, _ = attachments[plain].(map[string]any)
		}
	}
	for _, mime := range imageMimes {
		if content, ok := bundle[mime].(string); ok {
			return dataURI(mime, content)
		}
	}
	return ""
}

// dataURI is an image inside the page; an SVG comes as text, others in base64.
func dataURI(mime, content string) string {
	if mime == "image/svg+xml" {
		return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(content))
	}
	return "data:" + mime + ";base64," + strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '"' || r == '<' || r == '>' {
			return -1
		}
		return r
	}, content)
}

// headingIDs names headings as JupyterLab does, so that links within a
// notebook find them here too: the text with - for spaces.
type headingIDs struct{ used map[string]bool }

func (h *headingIDs) Generate(value []byte, kind ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("-_.:?!,()", r):
			return r
		}
		return -1
	}, strings.TrimSpace(string(value)))
	if id == "" {
		id = "section"
	}
	free := id
	for n := 1; h.used[free]; n++ {
		free = fmt.Sprintf("%s-%d", id, n)
	}
	h.used[free] = true
	return []byte(free)
}

func (h *headingIDs) Put(value []byte) { h.used[string(value)] = true }

// codeRenderer highlights fenced code.
type codeRenderer struct{}

func (r codeRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindFencedCodeBlock, r.render)
}

func (codeRenderer) render(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.FencedCodeBlock)
	var code strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		code.Write(line.Value(src))
	}
	language := string(n.Language(src))
	if language == "math" {
		writeMath(w, code.String(), true)
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<pre class=\"code\"><code>")
	_, _ = w.WriteString(string(highlight(code.String(), language)))
	_, err := w.WriteString("</code></pre>\n")
	return ast.WalkContinue, err
}
