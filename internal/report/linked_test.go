package report

import (
	"strings"
	"testing"
)

// A picture from the network is not fetched, and not lost: there is a link.
func TestPicturesFromTheNetwork(t *testing.T) {
	for html, want := range map[string]string{
		`<p>a <img src="https://example.org/y.png" alt="logo"> b</p>`: `href="https://example.org/y.png"`,
		`<img width=3 src='http://example.org/a.png'/>`:               `href="http://example.org/a.png"`,
		`<IMG SRC=https://example.org/b.png>`:                         `href="https://example.org/b.png"`,
		`<img src="data:image/png;base64,AAAA">`:                      `src="data:image/png;base64,AAAA"`,
		`<img src="https://example.org/x.png" onerror="alert(1)">`:    `>https://example.org/x.png</a>`,
	} {
		got := string(richHTML(html, "x"))
		if !strings.Contains(got, want) || strings.Contains(got, "onerror") || strings.Contains(got, `src="http`) {
			t.Errorf("%s becomes %s", html, got)
		}
	}
}
