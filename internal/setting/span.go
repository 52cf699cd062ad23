package setting

import (
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

// Span is how long something is kept, written as in a workflow: 12h, 30d, or
// forever, which is below 0.
type Span time.Duration

// ParseSpan reads a span.
func ParseSpan(text string) (Span, error) {
	d, err := spec.ParseRetention(text)
	if err != nil {
		return 0, freshet.Errorf(freshet.Invalid, "%v", err).WithHint("write 12h, 30d or forever")
	}
	return Span(d), nil
}
