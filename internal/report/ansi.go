package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// ansiHTML is the text of a terminal as HTML. Colours and styles (SGR) become
// spans: the 16 colours as classes, which follow the theme; the 256 and the
// true ones as a variable, which the style sheet lifts on a dark page. Every
// other control sequence says nothing to a reader and is left out.
func ansiHTML(text string) template.HTML {
	var b strings.Builder
	var look sgr
	for text != "" {
		esc := strings.IndexByte(text, 0x1b)
		if esc < 0 {
			esc = len(text)
		}
		writeRun(&b, look, text[:esc])
		if text = text[esc:]; text == "" {
			break
		}
		params, final, rest := cutSequence(text)
		if final == 'm' {
			look.apply(params)
		}
		text = rest
	}
	return template.HTML(b.String())
}

// plainANSI is the text without its control sequences.
func plainANSI(text string) string {
	var b strings.Builder
	for text != "" {
		esc := strings.IndexByte(text, 0x1b)
		if esc < 0 {
			esc = len(text)
		}
		b.WriteString(dropControls(text[:esc]))
		_, _, text = cutSequence(text[esc:])
	}
	return b.String()
}

func writeRun(b *strings.Builder, look sgr, text string) {
	if text == "" {
		return
	}
	attrs := look.attributes()
	if attrs != "" {
		b.WriteString("<span" + attrs + ">")
	}
	b.WriteString(template.HTMLEscapeString(dropControls(text)))
	if attrs != "" {
		b.WriteString("</span>")
	}
}

// dropControls leaves out the control characters that HTML has no place for.
func dropControls(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' && r != '\f' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// cutSequence takes one control sequence off the front of text, which begins
// with ESC. One that never ends is only its ESC.
func cutSequence(text string) (params string, final byte, rest string) {
	if len(text) < 2 {
		return "", 0, ""
	}
	switch text[1] {
	case '[':
		for i := 2; i < len(text); i++ {
			if c := text[i]; c >= 0x40 && c <= 0x7e {
				return text[2:i], c, text[i+1:]
			} else if c < 0x20 || c > 0x7e {
				break
			}
		}
		return "", 0, text[2:]
	case ']': // a command to the terminal: a title, a link
		for i := 2; i < len(text) && text[i] != '\n'; i++ {
			if text[i] == 0x07 {
				return "", 0, text[i+1:]
			}
			if text[i] == 0x1b && i+1 < len(text) && text[i+1] == '\\' {
				return "", 0, text[i+2:]
			}
		}
		return "", 0, text[2:]
	case '(', ')', '#':
		return "", 0, text[min(3, len(text)):]
	}
	if text[1] < 0x80 {
		return "", 0, text[2:]
	}
	return "", 0, text[1:]
}

// sgr is how text looks after the sequences so far.
type sgr struct {
	bold, faint, italic, underline, strike, inverse bool
	fg, bg                                          string // "", a number of the 16, or #rrggbb
}

func (s *sgr) apply(params string) {
	codes := numbers(params)
	for i := 0; i < len(codes); i++ {
		switch c := codes[i]; {
		case c == 0:
			*s = sgr{}
		case c == 38 || c == 48:
			colour, used := extended(codes[i+1:])
			i += used
			if colour != "" && c == 38 {
				s.fg = colour
			} else if colour != "" {
				s.bg = colour
			}
		case c >= 30 && c <= 37:
			s.fg = strconv.Itoa(c - 30)
		case c >= 90 && c <= 97:
			s.fg = strconv.Itoa(c - 90 + 8)
		case c >= 40 && c <= 47:
			s.bg = strconv.Itoa(c - 40)
		case c >= 100 && c <= 107:
			s.bg = strconv.Itoa(c - 100 + 8)
		case c == 39:
			s.fg = ""
		case c == 49:
			s.bg = ""
		default:
			s.style(c)
		}
	}
}

func (s *sgr) style(code int) {
	switch code {
	case 1:
		s.bold = true
	case 2:
		s.faint = true
	case 3:
		s.italic = true
	case 4:
		s.underline = true
	case 7:
		s.inverse = true
	case 9:
		s.strike = true
	case 22:
		s.bold, s.faint = false, false
	case 23:
		s.italic = false
	case 24:
		s.underline = false
	case 27:
		s.inverse = false
	case 29:
		s.strike = false
	}
}

func numbers(params string) []int {
	var list []int
	for field := range strings.SplitSeq(strings.ReplaceAll(params, ":", ";"), ";") {
		n, err := strconv.Atoi(field)
		if err != nil && field != "" {
			return nil // a private sequence, not about colours
		}
		list = append(list, n)
	}
	return list
}

// extended reads what follows 38 or 48: 5;n of 256 colours, or 2;r;g;b.
func extended(codes []int) (colour string, used int) {
	switch {
	case len(codes) >= 2 && codes[0] == 5:
		return palette(codes[1]), 2
	case len(codes) >= 4 && codes[0] == 2:
		return fmt.Sprintf("#%02x%02x%02x", codes[1]&255, codes[2]&255, codes[3]&255), 4
	}
	return "", len(codes)
}

// palette is xterm's: the 16, a cube of 6 levels, and 24 greys.
func palette(n int) string {
	switch {
	case n < 0 || n > 255:
		return ""
	case n < 16:
		return strconv.Itoa(n)
	case n < 232:
		level := func(i int) int {
			if i == 0 {
				return 0
			}
			return 55 + 40*i
		}
		n -= 16
		return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6))
	}
	grey := 8 + 10*(n-232)
	return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
}

// xterm are the 16 colours as a terminal has them.
var xterm = [16]string{
	"#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5",
	"#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
}

func exact(colour string) string {
	if n, err := strconv.Atoi(colour); err == nil && n < len(xterm) {
		return xterm[n]
	}
	return colour
}

// attributes are the span's class and style, empty for plain text.
func (s sgr) attributes() string {
	fg, bg := s.fg, s.bg
	if fg != "" && bg != "" { // a pair was chosen to go together, whatever the theme
		fg, bg = exact(fg), exact(bg)
	}
	var classes, styles []string
	if s.inverse {
		fg, bg = bg, fg
	}
	add := func(set bool, class string) {
		if set {
			classes = append(classes, class)
		}
	}
	add(s.inverse && fg == "", "a-paper")
	add(s.inverse && bg == "", "a-ink")
	add(s.bold, "a-b")
	add(s.faint, "a-f")
	add(s.italic, "a-i")
	add(s.underline, "a-u")
	add(s.strike, "a-s")
	for _, c := range []struct{ value, class, variable string }{{fg, "a-fg", "--fg"}, {bg, "a-bg", "--bg"}} {
		switch {
		case c.value == "":
		case c.value[0] == '#':
			classes = append(classes, c.class)
			styles = append(styles, c.variable+":"+c.value)
		default:
			classes = append(classes, c.class+c.value)
		}
	}
	var b strings.Builder
	if len(classes) > 0 {
		b.WriteString(` class="` + strings.Join(classes, " ") + `"`)
	}
	if len(styles) > 0 {
		b.WriteString(` style="` + strings.Join(styles, ";") + `"`)
	}
	return b.String()
}
