package tick

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Hour: "2h", time.Hour: "1h", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", 70 * time.Minute: "1h10m",
		100 * time.Minute: "1h40m", 3601 * time.Second: "1h0m1s", 30 * time.Second: "30s", 250 * time.Millisecond: "250ms", 0: "0s",
		26 * time.Hour: "26h", 20*time.Hour + 30*time.Minute: "20h30m",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
