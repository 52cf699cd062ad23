package tick

import (
	"testing"
	"time"
)

func BenchmarkNext(b *testing.B) {
	for _, text := range []string{"0 6 * * *", "0 * * * *", "0 0 29 2 *", "every 10m"} {
		s := mustParse(b, text, "Europe/Paris")
		from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Next(from, from)
			}
		})
	}
}
