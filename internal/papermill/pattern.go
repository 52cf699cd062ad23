package papermill

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed:
// most commands of the program that this package is part of need none.
type pattern struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func newPattern(text string) *pattern { return &pattern{text: text} }

func (p *pattern) get() *regexp.Regexp {
	p.once.Do(func() { p.re = regexp.MustCompile(p.text) })
	return p.re
}

// MatchString is that of regexp.Regexp.
func (p *pattern) MatchString(s string) bool { return p.get().MatchString(s) }
