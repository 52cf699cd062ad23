package report

import (
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// mergeStreams joins what was printed to the same stream in one go, however
// many messages the kernel made of it.
func mergeStreams(list []*nbformat.Output) []*nbformat.Output {
	var merged []*nbformat.Output
	for i := 0; i < len(list); {
		if list[i].Type != nbformat.Stream {
			merged = append(merged, list[i])
			i++
			continue
		}
		var text strings.Builder
		first := i
		for ; i < len(list) && list[i].Type == nbformat.Stream && list[i].Name == list[first].Name; i++ {
			text.WriteString(list[i].Text)
		}
		merged = append(merged, &nbformat.Output{Type: nbformat.Stream, Name: list[first].Name, Text: text.String()})
	}
	return merged
}

// overwrite is what a terminal would show of a text: a carriage return goes
// back to the line's begin, and what follows replaces the line, as progress
// bars mean it; a backspace takes back one character.
func overwrite(text string) string {
	if !strings.ContainsAny(text, "\r\b") {
		return text
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\n") {
		body, newline := strings.CutSuffix(line, "\n")
		body = strings.TrimRight(body, "\r")
		if i := strings.LastIndexByte(body, '\r'); i >= 0 {
			body = body[i+1:]
		}
		b.WriteString(takeBack(body))
		if newline {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func takeBack(line string) string {
	if !strings.ContainsRune(line, '\b') {
		return line
	}
	var kept []rune
	for _, r := range line {
		switch {
		case r != '\b':
			kept = append(kept, r)
		case len(kept) > 0:
			kept = kept[:len(kept)-1]
		}
	}
	return string(kept)
}
