package report

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"github.com/freshet/freshet/internal/nbformat"
)

// attacks are what somebody may write into a notebook to run a script in its
// reader's browser, or to learn that it was read. RUN is JavaScript that a test
// would notice, URL an address that it listens on.
var attacks = []string{
	`<script>RUN</script>`,
	`<SCRIPT SRC=URL></SCRIPT>`,
	`<scr<script>ipt>RUN</scr</script>ipt>`,
	`<script><!--</script><script>RUN</script>-->`,
	`<script type="module">RUN</script>`,
	`<noscript><p title="</noscript><script>RUN</script>">`,
	`<style><style/><img src=x onerror=RUN></style>`,
	`<title><script>RUN</script></title>`,
	`<textarea><script>RUN</script></textarea><img src=x onerror=RUN>`,
	`<img src=x onerror=RUN>`,
	`<img src="data:image/png;base64,x" onerror="RUN">`,
	`<img src=x:x onerror=RUN//`,
	"<img \x00 src=x on\x00error=RUN>",
	`<svg onload=RUN></svg>`,
	`<svg><script>RUN</script></svg>`,
	`<svg><animate onbegin=RUN attributeName=x dur=1s></svg>`,
	`<svg><a xlink:href="javascript:RUN"><rect width=9 height=9 /></a></svg>`,
	`<svg><use href="URL#x"/><image href="URL" /></svg>`,
	`<svg><foreignObject><iframe srcdoc="<script>parent.RUN</script>"></iframe></foreignObject></svg>`,
	`<svg></p><style><a id="</style><img src=x onerror=RUN>">`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=RUN&gt;">`,
	`<math><mi xlink:href="javascript:RUN">x</mi></math>`,
	`<body onload=RUN>`,
	`<input autofocus onfocus=RUN>`,
	`<details open ontoggle=RUN><summary>x</summary></details>`,
	`<video src=URL poster=URL autoplay onloadstart=RUN></video>`,
	`<audio src=URL autoplay></audio>`,
	`<iframe src="javascript:RUN"></iframe>`,
	`<iframe src=URL></iframe>`,
	`<iframe srcdoc="<script>parent.RUN</script>"></iframe>`,
	`<object data="URL"></object><embed src=URL>`,
	`<object data="data:text/html,<script>RUN</script>"></object>`,
	`<link rel=stylesheet href=URL>`,
	`<link rel=prefetch href=URL><link rel=dns-prefetch href=URL><link rel=preconnect href=URL>`,
	`<meta http-equiv=refresh content="0;url=URL">`,
	`<meta http-equiv="Content-Security-Policy" content="script-src *"><script>RUN</script>`,
	`<base href="URL">`,
	`<form action=URL id=f><input name=x><button autofocus>send</button></form><button form=f formaction="javascript:RUN">x</button>`,
	`<a href="javascript:RUN">x</a>`,
	`<a href="JaVaScRiPt:RUN">x</a>`,
	`<a href=" &#14; javascript:RUN">x</a>`,
	`<a href="java&#10;script:RUN">x</a>`,
	`<a href="data:text/html,<script>RUN</script>">x</a>`,
	`<a href="vbscript:RUN">x</a>`,
	`<a href=# ping=URL onclick=RUN>x</a>`,
	`<img src=URL><img srcset="URL 1x"><picture><source srcset=URL><img></picture>`,
	`<img src="//ADDRESS/x"><input type=image src=URL>`,
	`<table background=URL><td background=URL>x</td></table>`,
	`<div style="background:url(URL)">x</div>`,
	`<div style="background-image:u\72l(URL)">x</div>`,
	`<div style="background:image-set('URL' 1x)">x</div>`,
	`<div style="list-style:url(URL)">x</div><div style="content:url(URL)">x</div><div style="cursor:url(URL),auto">x</div>`,
	`<div style="behavior:url(URL);-moz-binding:url(URL)">x</div>`,
	`<style>@import url(URL);</style>`,
	`<style>@import 'URL';</style>`,
	`<style>body{background:url(URL)} *{list-style:url(URL)}</style>`,
	`<style>@font-face{font-family:x;src:url(URL)} *{font-family:x}</style>`,
	`<style>a{}</style ><script>RUN</script>`,
	`<style>a{color:red}</STYLE><img src=x onerror=RUN>`,
	`<div style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:9">all of it</div>`,
	`<template><script>RUN</script></template><xmp><script>RUN</script></xmp><plaintext><img src=x onerror=RUN>`,
	`</pre></div></section></main></body></html><script>RUN</script>`,
	`<!--><script>RUN</script>-->`,
	`<!--[if true]><script>RUN</script><![endif]-->`,
	`<?xml version="1.0"?><?php <img src=x onerror=RUN> ?>`,
	`<![CDATA[<script>RUN</script>]]>`,
	"`<script>RUN</script>`", "```\n</code></pre><script>RUN</script>\n```", "```\"><script>RUN</script>\nx\n```",
	`[x](javascript:RUN)`, `[x](<java script:RUN>)`, `![x](URL)`, `![x" onerror="RUN](URL "t")`, `<javascript:RUN>`,
	"[x][y]\n\n[y]: javascript:RUN", `[x](data:text/html;base64,PHNjcmlwdD4=)`, "# <img src=x onerror=RUN>", `![x](attachment:a)`,
	`$\href{javascript:RUN}{x}$`, `$\url{javascript:RUN}$`, `$\includegraphics{URL}$`, `$\htmlData{x=y}{z}$ $\htmlStyle{background:url(URL)}{x}$`,
	`$</span><script>RUN</script>$`, `$$\def\x{\x\x}\x$$`, `<span class="math">\href{javascript:RUN}{x}</span>`,
	"\x1b[31m<script>RUN</script>\x1b]8;;javascript:RUN\x1b\\x\x1b]8;;\x1b\\", "\x1b[38;2;1;2;3\"><script>RUN</script>m",
	`"><script>RUN</script>`, `' onerror='RUN`, `{{.Title}}<script>RUN</script>`, `</title></style></script><script>RUN</script>`,
}

// attacked is a notebook with every attack in every place that text comes from.
func attacked(run, url string) *nbformat.Notebook {
	nb := notebook()
	for i, attack := range attacks {
		attack = strings.NewReplacer("RUN", run, "URL", url+fmt.Sprintf("/%d", i), "ADDRESS", strings.TrimPrefix(url, "http://")).Replace(attack)
		var outputs []*nbformat.Output
		for _, mime := range []string{"text/html", "image/svg+xml", "image/png", "text/markdown", "text/latex", "application/json", "text/plain", "application/" + attack} {
			outputs = append(outputs, display(mime, attack))
		}
		outputs = append(outputs,
			&nbformat.Output{Type: nbformat.Stream, Name: attack, Text: attack},
			&nbformat.Output{Type: nbformat.OutputType(attack), Text: attack},
			&nbformat.Output{Type: nbformat.Error, EName: attack, EValue: attack, Traceback: []string{attack}},
		)
		prose := prose(attack)
		prose.Attachments = map[string]any{"a": map[string]any{"image/png": attack, "image/svg+xml": attack}}
		raw := &nbformat.Cell{Type: nbformat.Raw, Source: attack, Metadata: map[string]any{"raw_mimetype": "text/html"}}
		nb.Cells = append(nb.Cells, prose, raw, &nbformat.Cell{Type: nbformat.CellType(attack), Source: attack}, tagged(code(attack, outputs...), attack))
	}
	nb.Metadata = map[string]any{
		"title":         attacks[len(attacks)-1],
		"kernelspec":    map[string]any{"name": "x", "display_name": `"><script>` + run + `</script>`},
		"language_info": map[string]any{"name": `"><script>` + run + `</script>`},
		"papermill":     map[string]any{"parameters": map[string]any{"<script>" + run + "</script>": "</script><script>" + run + "</script>"}},
	}
	return nb
}

// The page is read as a browser reads it: nothing in it runs, fetches, sends or
// frames anything, whatever policy it stands under.
func TestAttacksLeaveNothing(t *testing.T) {
	nb := attacked("alert(1)", "http://evil.example")
	for _, c := range []struct {
		name string
		o    Options
	}{
		{"built-in page", Options{}},
		{"own template", Options{Template: `{{template "head" .}}{{.Title}} {{.Kernel}} {{.Language}} {{range .Parameters}}{{.Name}}{{.Value}}{{end}}
			{{range .Cells}}<div title="{{.Source}}" class="{{.Tags}}">{{.Type}}{{.Source}}{{.Markdown}}{{.Code}}{{range .Outputs}}{{.Name}}{{.Title}}{{.Note}}{{.HTML}}{{end}}</div>{{markdown .Source}}{{end}}{{.Math}}`}},
	} {
		page := render(t, nb, c.o)
		for _, finding := range dangers(page) {
			t.Errorf("%s: %s", c.name, finding)
		}
	}
}

// dangers are what is in a page that should be in no report.
func dangers(page string) (found []string) {
	page = strings.Replace(page, string(mathAssets()), "", 1)
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains(forbidden, n.Data) || n.Namespace != "" {
			add("<%s>", n.Data)
		}
		if n.Data == "style" && n.FirstChild != nil && fetches.MatchString(n.FirstChild.Data) {
			add("a style sheet with %s", fetches.FindString(n.FirstChild.Data))
		}
		if n.Data == "meta" && n.Attr[0].Key == "http-equiv" && n.Attr[0].Val != "Content-Security-Policy" {
			add("<meta %s>", n.Attr[0].Val)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), slices.Contains(fetching, a.Key):
				add("<%s %s=%q>", n.Data, a.Key, a.Val)
			case a.Key == "src" && (n.Data != "img" || !imageWithin.MatchString(a.Val)):
				add("<%s src=%q>", n.Data, a.Val)
			case a.Key == "href" && !regexp.MustCompile(`^(https?:|mailto:|[^:]*$|#)`).MatchString(a.Val):
				add("<%s href=%q>", n.Data, a.Val)
			case a.Key == "style" && (fetches.MatchString(a.Val) || strings.Contains(a.Val, "position")):
				add("<%s style=%q>", n.Data, a.Val)
			case a.Key == "type" && n.Data == "input" && a.Val != "checkbox":
				add("<input type=%q>", a.Val)
			}
		}
	}
	return found
}

var (
	forbidden = []string{"script", "iframe", "frame", "object", "embed", "applet", "form", "button", "select", "textarea", "base", "link", "svg", "math",
		"video", "audio", "source", "template", "portal", "noscript"}
	fetching = []string{"srcset", "ping", "poster", "background", "action", "formaction", "data", "srcdoc", "xlink:href", "http-equiv ", "autofocus"}
	fetches  = regexp.MustCompile(`(?i)url\(|image-set|@import|@font-face|expression|\\`)
)

// hits counts requests, by path.
type hits struct {
	*httptest.Server
	mu    sync.Mutex
	paths []string
}

func listen(t *testing.T) *hits {
	h := &hits{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.paths = append(h.paths, r.URL.Path)
		_, _ = io.WriteString(w, "x")
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hits) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.paths)
}

// In a real browser: neither the sanitizer alone nor the policy alone lets
// anything through, and a page with neither shows that the test would see it.
func TestAttacksInBrowser(t *testing.T) {
	ctx := browse(t)
	server := listen(t)
	const run = "window.pwned=(window.pwned||0)+1"
	page := render(t, attacked(run, server.URL), Options{})
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)
	head, _, _ := strings.Cut(page, "<body")
	var raw bytes.Buffer
	raw.WriteString(head + "<body>")
	for i, attack := range attacks {
		if strings.Contains(attack, "refresh") || strings.Contains(attack, "plaintext") {
			continue // no policy forbids going elsewhere; and the other would hide all that follow
		}
		raw.WriteString(strings.NewReplacer("RUN", run, "URL", fmt.Sprintf("%s/%d", server.URL, i)).Replace(attack))
	}
	for _, c := range []struct {
		name, page string
		harmless   bool
	}{
		{"sanitizer and policy", page, true},
		{"sanitizer alone", policy.ReplaceAllString(page, ""), true},
		{"policy alone", raw.String(), true},
		{"neither", `<body><script>` + run + `</script><img src="` + server.URL + `/seen">`, false},
	} {
		before := len(server.seen())
		open(t, ctx, c.page)
		// Whatever can be clicked is clicked, except links that lead away.
		pwned, err := chromedp.Run(ctx, chromedp.Evaluate[int](`(() => {
			for (const e of document.querySelectorAll("a, summary, button, label, input"))
				if (!/^https?:/.test(e.href || "")) e.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
			return new Promise(done => setTimeout(() => done(window.pwned || 0), 300));
		})()`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		requests := server.seen()[before:]
		if c.harmless && (pwned != 0 || len(requests) != 0) {
			t.Errorf("%s: %d scripts ran, requests for %v", c.name, pwned, requests)
		}
		if !c.harmless && (pwned == 0 || len(requests) == 0) {
			t.Errorf("%s: %d scripts, %v: this test sees nothing", c.name, pwned, requests)
		}
	}
}

// Classes of the page's own style take nothing in a notebook out of its place.
func TestClassesStayInPlace(t *testing.T) {
	ctx := browse(t)
	if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(1500, 900)); err != nil { // where the contents stand aside
		t.Fatal(err)
	}
	var all strings.Builder
	for _, class := range regexp.MustCompile(`\.([a-zA-Z][\w-]*)`).FindAllStringSubmatch(styleSheet(t), -1) {
		all.WriteString(class[1] + " ")
	}
	evil := `<div class="` + all.String() + `">x</div>`
	for _, class := range strings.Fields(all.String()) {
		evil += `<div class="` + class + `">x</div>`
	}
	open(t, ctx, render(t, notebook(prose(evil), code("x", display("text/html", evil))), Options{}))
	out := eval[[]string](t, ctx, `[...document.querySelectorAll(".cell div")].filter(e => getComputedStyle(e).position === "fixed" || getComputedStyle(e).position === "absolute").map(e => e.className)`)
	if len(out) != 0 {
		t.Errorf("out of their place: %v", out)
	}
}

// FuzzHTML: no notebook that can be read breaks the page, or gets anything
// dangerous into it.
func FuzzHTML(f *testing.F) {
	for _, name := range []string{"testdata/everything.ipynb"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, attack := range attacks {
		f.Add(fmt.Appendf(nil, `{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"markdown","id":"a","metadata":{},"source":%q}]}`, attack))
		f.Add(fmt.Appendf(nil, `{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code","id":"a","metadata":{},"source":"","execution_count":1,
			"outputs":[{"output_type":"display_data","metadata":{},"data":{"text/html":%q}}]}]}`, attack))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		nb, err := nbformat.Read(data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := HTML(&b, nb, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, finding := range dangers(b.String()) {
			t.Error(finding)
		}
	})
}
