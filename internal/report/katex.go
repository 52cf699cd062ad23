package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"regexp"
	"strings"
	"sync"
)

// vendored is KaTeX 0.19.1 as its npm package has it. A page with a formula has it
// inside: the script, the style sheet, and the fonts as data.
//
//go:embed katex/katex.min.js katex/katex.min.css katex/draw.js katex/fonts/*.woff2
var vendored embed.FS

func asset(name string) string {
	content, err := vendored.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(content)
}

// mathScript draws every formula of a page. It is the only script that the
// page's policy lets run.
var mathScript = sync.OnceValue(func() string {
	return asset("katex/katex.min.js") + "\n" + asset("katex/draw.js")
})

var fontSource = regexp.MustCompile(`src:url\(fonts/([\w-]+\.woff2)\)[^}]*`)

var mathAssets = sync.OnceValue(func() template.HTML {
	css := fontSource.ReplaceAllStringFunc(asset("katex/katex.min.css"), func(src string) string {
		font := fontSource.FindStringSubmatch(src)[1]
		data := base64.StdEncoding.EncodeToString([]byte(asset("katex/fonts/" + font)))
		return `src:url(data:font/woff2;base64,` + data + `) format("woff2")`
	})
	var b strings.Builder
	b.WriteString("<style>" + css + "</style>\n<script>" + mathScript() + "</script>\n")
	return template.HTML(b.String())
})

// Policy is the page's content security policy: no request to anywhere, no
// script but the one that draws formulas, if there are any.
func (p *Page) Policy() string {
	script := "'none'"
	if p.math {
		sum := sha256.Sum256([]byte(mathScript()))
		script = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + script +
		"; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'"
}
