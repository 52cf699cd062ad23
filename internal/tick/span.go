package tick

import (
	"strings"
	"time"
)

// Span writes a duration as a person would: 2h, 1m30s, 250ms, without the
// units of which there are none at its end.
func Span(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}
