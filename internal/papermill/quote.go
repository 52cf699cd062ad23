package papermill

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Each function here makes the literal of a text in some language. What it
// gives reads as that text and as nothing else, whatever the text is.

// escapes is how a language writes a character that is not printable ASCII.
type escapes func(dst []byte, r rune) []byte

// escaped puts a text in double quotes, with backslashes before quotes,
// backslashes and the other characters of special.
func escaped(text, special string, other escapes) string {
	dst := []byte{'"'}
	for _, r := range text {
		switch {
		case r == '"' || r == '\\' || strings.ContainsRune(special, r):
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r >= ' ' && r < 0x7f:
			dst = append(dst, byte(r))
		default:
			dst = other(dst, r)
		}
	}
	return string(append(dst, '"'))
}

// hexEscapes are \xNN, \uNNNN and \UNNNNNNNN as Python has them. Below, \x is
// used up to a limit: in other languages it is a byte, or reads on into what
// follows.
func hexEscapes(limit rune) escapes {
	return func(dst []byte, r rune) []byte {
		switch {
		case r < limit:
			return fmt.Appendf(dst, `\x%02x`, r)
		case r > 0xffff:
			return fmt.Appendf(dst, `\U%08x`, r)
		}
		return fmt.Appendf(dst, `\u%04x`, r)
	}
}

// utf16Escapes are \uNNNN only, two of them where a character needs it.
func utf16Escapes(dst []byte, r rune) []byte {
	switch r {
	case '\f':
		return append(dst, `\f`...)
	case '\b':
		return append(dst, `\b`...)
	}
	for _, half := range utf16.AppendRune(nil, r) {
		dst = fmt.Appendf(dst, `\u%04x`, half)
	}
	return dst
}

func quotePython(text string) (string, error) { return escaped(text, "", hexEscapes(0x100)), nil }

// quoteR never mixes \x with \u, which R refuses, and has no NUL.
func quoteR(text string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", fmt.Errorf("the language R has no texts with a NUL character")
	}
	return escaped(text, "", hexEscapes(0)), nil
}

func quoteScala(text string) (string, error) { return escaped(text, "", utf16Escapes), nil }

// quoteJulia escapes the dollar, which would insert the value of an expression.
func quoteJulia(text string) (string, error) { return escaped(text, "$", hexEscapes(0x80)), nil }

// quoteCSharp has no \x, which takes up to four digits there.
func quoteCSharp(text string) (string, error) { return escaped(text, "", hexEscapes(0)), nil }

func quoteFSharp(text string) (string, error) { return escaped(text, "", hexEscapes(0x100)), nil }

var bashSafe = newPattern(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quoteBash is shlex.quote of Python.
func quoteBash(text string) (string, error) {
	switch {
	case strings.ContainsRune(text, 0):
		return "", fmt.Errorf("bash has no texts with a NUL character")
	case bashSafe.MatchString(text):
		return text, nil
	}
	return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'", nil
}

var powerShellPlain = newPattern("^[ -~]*$")

// quotePowerShell uses double quotes where nothing within would be expanded,
// and otherwise single quotes, in which nothing is special but the characters
// that PowerShell takes for single quotes.
func quotePowerShell(text string) (string, error) {
	if powerShellPlain.MatchString(text) && !strings.ContainsAny(text, "\\$`") {
		return `"` + strings.ReplaceAll(text, `"`, "`\"") + `"`, nil
	}
	dst := []rune{'\''}
	for _, r := range text {
		if r == '\'' || r >= 0x2018 && r <= 0x201b {
			dst = append(dst, r)
		}
		dst = append(dst, r)
	}
	return string(append(dst, '\'')), nil
}

// quoteMatlab: nothing is special within MATLAB's quotes but the quote, and
// nothing but a line's characters can stand there. The others are appended by
// their numbers.
func quoteMatlab(text string) (string, error) { return matlab(text, `"`, "(", " + ", ")"), nil }

// matlabChars is a text as an array of characters, which keys must be.
func matlabChars(text string) string { return matlab(text, `'`, "[", ", ", "]") }

func matlab(text, quote, open, between, closed string) string {
	parts := []string{}
	run := []rune{}
	flush := func() {
		parts = append(parts, quote+strings.ReplaceAll(string(run), quote, quote+quote)+quote)
		run = run[:0]
	}
	for _, r := range text {
		if r >= ' ' && r < 0x7f || r > 0x9f && r != 0x2028 && r != 0x2029 && r != 0xfeff {
			run = append(run, r)
			continue
		}
		if len(run) > 0 || len(parts) == 0 {
			flush()
		}
		parts = append(parts, fmt.Sprintf("char(%d)", r))
	}
	if len(run) > 0 || len(parts) == 0 {
		flush()
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return open + strings.Join(parts, between) + closed
}
