package why

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// ordinal is 1st, 2nd, 3rd, 4th, …
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// count is a number with its noun: 1 task, 2 tasks.
func count(n int, noun string) string {
	if stem, ok := strings.CutSuffix(noun, "try"); ok && n != 1 {
		noun = stem + "tries"
	} else if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// number is a count or a sum without a needless fraction.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// listed joins words with a last "and", or "or", and cuts a long list short.
func listed(words []string, last string) string {
	if len(words) > 4 {
		words = append(words[:3:3], fmt.Sprintf("%d more", len(words)-3))
	}
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// sentence begins a text with a capital and ends it with a full stop.
func sentence(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if r, n := utf8.DecodeRuneInString(text); n > 0 {
		text = string(unicode.ToUpper(r)) + text[n:]
	}
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "!") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// clip makes one line of a text that somebody else wrote.
func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > 200 {
		text = string([]rune(text)[:200]) + "…"
	}
	return strings.TrimSuffix(text, ".")
}

// now is a status of a task as part of a sentence: "task b is running".
func now(s freshet.Status) string {
	switch s {
	case freshet.Waiting:
		return "has not started"
	case freshet.Queued:
		return "waits to run"
	case freshet.Retrying:
		return "waits for its next try"
	case freshet.Stopping:
		return "is being stopped"
	case freshet.Success:
		return "ended in success"
	case freshet.Failed:
		return "failed"
	case freshet.Stopped:
		return "was stopped"
	case freshet.Skipped:
		return "was skipped"
	}
	return "is " + string(s)
}

// more ends a list that was cut.
func more(n int, noun string) freshet.Reason {
	return freshet.Reason{Text: sentence("and %s", count(n, "more "+noun))}
}
