package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// minMasked is the length from which a value is masked: shorter ones stand in
// every text by chance.
const minMasked = 4

// Mask finds values in texts, in the forms in which programs write them. A byte
// is masked where any occurrence covers it, and each unbroken stretch of such
// bytes becomes one ***. So what is masked does not depend on how a text is cut
// into parts. The nil Mask masks nothing.
type Mask struct {
	patterns [][]byte
	first    [256]bool         // bytes that one begins with
	byStart  map[[2]byte][]int // patterns by their first two bytes
	longest  int
}

// NewMask makes a mask for values; nil where there is nothing to mask.
func NewMask(values []string) *Mask {
	forms := map[string]bool{}
	for _, v := range values {
		addForms(forms, v)
		for line := range strings.Lines(v) {
			addForms(forms, strings.TrimSpace(line))
		}
	}
	if len(forms) == 0 {
		return nil
	}
	m := &Mask{byStart: map[[2]byte][]int{}}
	for form := range forms {
		m.patterns = append(m.patterns, []byte(form))
	}
	slices.SortFunc(m.patterns, bytes.Compare)
	for i, p := range m.patterns {
		start := [2]byte{p[0], p[1]}
		m.first[p[0]] = true
		m.byStart[start] = append(m.byStart[start], i)
		m.longest = max(m.longest, len(p))
	}
	return m
}

// addForms adds a value as programs write it: as it is, and as JSON, URL and
// base64 have it.
func addForms(forms map[string]bool, value string) {
	if len(value) < minMasked {
		return
	}
	add := func(s string) {
		if len(s) >= minMasked {
			forms[s] = true
		}
	}
	add(value)
	add(url.QueryEscape(value))
	add(url.PathEscape(value))
	for _, html := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		if e.Encode(value) == nil {
			add(strings.Trim(strings.TrimSpace(b.String()), `"`))
		}
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		add(e.EncodeToString([]byte(value)))
		for shift := range 3 { // where it stands in what is encoded
			add(within(e, value, shift))
		}
	}
}

// within is what a value comes to in the base64 of a text in which it stands
// behind shift bytes: the characters that depend on nothing else.
func within(e *base64.Encoding, value string, shift int) string {
	text := e.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
	from, to := (shift*8+5)/6, (shift+len(value))*8/6
	return text[from:to]
}

// Context is how many bytes before and behind a part of a text have to be
// known to mask that part.
func (m *Mask) Context() int {
	if m == nil {
		return 0
	}
	return m.longest
}

// spans are the stretches that have to be masked, in order.
func (m *Mask) spans(text []byte) (list [][2]int) {
	for i := 0; i+1 < len(text); i++ {
		if !m.first[text[i]] {
			continue
		}
		candidates := m.byStart[[2]byte{text[i], text[i+1]}]
		longest := 0
		for _, c := range candidates {
			if p := m.patterns[c]; len(p) > longest && bytes.HasPrefix(text[i:], p) {
				longest = len(p)
			}
		}
		switch n := len(list); {
		case longest == 0:
		case n > 0 && list[n-1][1] >= i:
			list[n-1][1] = max(list[n-1][1], i+longest)
		default:
			list = append(list, [2]int{i, i + longest})
		}
	}
	return list
}

// Part masks text[from:to], where Context bytes on both sides, or all there
// are, stand in text.
func (m *Mask) Part(text []byte, from, to int) []byte {
	if m == nil {
		return text[from:to]
	}
	var out []byte
	at := from
	for _, s := range m.spans(text) {
		if s[1] <= from || s[0] >= to {
			continue
		}
		if s[0] >= from { // else it has been shown with what stands before
			out = append(append(out, text[at:s[0]]...), freshet.Masked...)
		}
		at = min(max(at, s[1]), to)
	}
	if at == from && out == nil {
		return text[from:to]
	}
	return append(out, text[at:to]...)
}

// Open is where an occurrence may begin of which the rest is still to come: up
// to there a text that grows can be masked.
func (m *Mask) Open(text []byte) int {
	if m == nil {
		return len(text)
	}
	for i := max(0, len(text)-m.longest+1); i < len(text); i++ {
		for _, p := range m.patterns {
			if len(p) > len(text)-i && bytes.HasPrefix(p, text[i:]) {
				return i
			}
		}
	}
	return len(text)
}

// Text masks a whole text.
func (m *Mask) Text(s string) string {
	if m == nil || s == "" {
		return s
	}
	return string(m.Part([]byte(s), 0, len(s)))
}

// Value masks all texts of a JSON-like value.
func (m *Mask) Value(v any) any {
	if m == nil {
		return v
	}
	switch x := v.(type) {
	case string:
		return m.Text(x)
	case []any:
		list := make([]any, len(x))
		for i := range x {
			list[i] = m.Value(x[i])
		}
		return list
	case map[string]any:
		all := make(map[string]any, len(x))
		for k, item := range x {
			all[m.Text(k)] = m.Value(item)
		}
		return all
	}
	return v
}

// Texts adds to a list the texts that are in a JSON-like value, and its numbers
// as JSON has them: what a mask has to find of it.
func Texts(to []string, v any) []string {
	switch x := v.(type) {
	case string:
		return append(to, x)
	case []any:
		for _, item := range x {
			to = Texts(to, item)
		}
	case map[string]any:
		for _, item := range x {
			to = Texts(to, item)
		}
	case int64, float64, json.Number:
		if b, err := json.Marshal(x); err == nil {
			return append(to, string(b))
		}
	}
	return to
}
