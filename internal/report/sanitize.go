package report

import (
	"encoding/base64"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy is what the HTML of a notebook may consist of: text, tables, lists,
// images that are within the page, and styles that cannot reach out of it. No
// script, no handler, no form that could be sent, no frame, and no address
// that a reader's browser would fetch by itself.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"abbr", "address", "article", "aside", "b", "big", "blockquote", "br", "caption", "center", "cite", "code",
		"dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
		"header", "hr", "i", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section",
		"small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt",
		"u", "ul", "var", "wbr", "font", "col", "colgroup", "a", "img", "input", "label", "meter", "progress",
	)
	p.AllowAttrs("id").Matching(plainName).Globally()
	p.AllowAttrs("class").Matching(classNames).Globally()
	p.AllowAttrs("title", "lang", "dir", "role", "aria-label", "aria-hidden").Globally()
	p.AllowAttrs("align", "valign", "width", "height", "bgcolor").Matching(word).Globally()
	p.AllowAttrs("colspan", "rowspan", "span", "border", "cellpadding", "cellspacing", "scope", "headers").Matching(word).
		OnElements("table", "td", "th", "col", "colgroup")
	p.AllowAttrs("start", "type", "value", "reversed").Matching(word).OnElements("ol", "ul", "li")
	p.AllowAttrs("min", "max", "value", "low", "high", "optimum").Matching(word).OnElements("meter", "progress")
	p.AllowAttrs("color", "size", "face").Matching(word).OnElements("font")
	p.AllowAttrs("open").OnElements("details")
	p.AllowAttrs("datetime").OnElements("time", "ins", "del")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").OnElements("input")
	p.AllowAttrs("for").Matching(plainName).OnElements("label")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("src").Matching(imageWithin).OnElements("img")
	p.AllowAttrs("href").Matching(address).OnElements("a")
	p.AllowAttrs("name").Matching(plainName).OnElements("a")

	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowURLSchemeWithCustomPolicy("data", func(u *url.URL) bool { return imageWithin.MatchString(u.String()) })
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)

	p.AllowStyles(properties...).MatchingHandler(safeValue).Globally()
	return p
})

var (
	plainName   = regexp.MustCompile(`^[\p{L}\p{N}_.:?!,()-]+$`)
	classNames  = regexp.MustCompile(`^[\w\s-]+$`)
	word        = regexp.MustCompile(`^[\w\s#%.,*-]*$`)
	imageWithin = regexp.MustCompile(`^data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]`)
	address     = regexp.MustCompile(`^(?:(?i:https?|mailto):|[^:]*$|#)`)
)

// sanitize keeps of HTML what the policy allows.
func sanitize(html string) template.HTML {
	return template.HTML(policy().Sanitize(html))
}

var (
	svgs        = regexp.MustCompile(`(?is)<svg\b.*?</svg\s*>`)
	styleBlocks = regexp.MustCompile(`(?is)<style\b[^>]*>(.*?)</style\s*>`)
)

// richHTML is the HTML output of a cell in an element of its own, to which its
// style sheets are confined. Drawings within it become images.
func richHTML(html, name string) template.HTML {
	var css strings.Builder
	for _, m := range styleBlocks.FindAllStringSubmatch(html, -1) {
		css.WriteString(scopeCSS(m[1], "#"+name))
	}
	body := sanitize(linked(drawings(html)))
	class := "rich"
	if strings.Contains(css.String()+string(body), "background") {
		class = "rich paper" // colours that were chosen for a white page
	}
	style := ""
	if css.Len() > 0 {
		style = "<style>" + css.String() + "</style>"
	}
	return template.HTML(style+`<div class="`+class+`" id="`+name+`">`) + body + "</div>"
}

// remoteImage is a picture that would be fetched. What is made of it is
// sanitized with all the rest.
var remoteImage = regexp.MustCompile(`(?is)<img\b[^>]*?\bsrc\s*=\s*["']?(https?://[^"'\s<>]+)[^>]*>`)

// linked puts links in the place of pictures that would be fetched.
func linked(html string) string {
	return remoteImage.ReplaceAllString(html, `<a href="$1">$1</a>`)
}

func drawings(html string) string {
	return svgs.ReplaceAllStringFunc(html, func(svg string) string {
		if !strings.Contains(svg[:strings.IndexByte(svg, '>')+1], "xmlns=") {
			svg = `<svg xmlns="http://www.w3.org/2000/svg"` + svg[len("<svg"):]
		}
		return `<img alt="a drawing" src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(svg)) + `">`
	})
}

var (
	invisible = regexp.MustCompile(`(?is)<(script|style|noscript|template)\b.*?</(?:script|style|noscript|template)\s*>|<!--.*?-->|<[^>]*>|&nbsp;`)
	figures   = regexp.MustCompile(`(?i)<(?:img|svg|hr|table|input|meter|progress)\b`)
)

// seen says whether there is anything to see in HTML where no script runs.
func seen(html string) bool {
	if !strings.Contains(strings.ToLower(html), "<script") {
		return true
	}
	bare := invisible.ReplaceAllStringFunc(html, func(tag string) string {
		if figures.MatchString(tag) && !strings.HasPrefix(strings.ToLower(tag), "<script") {
			return "x"
		}
		return ""
	})
	return strings.TrimSpace(bare) != ""
}
