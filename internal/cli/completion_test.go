package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/tick"
)

func TestCommonZones(t *testing.T) {
	for _, name := range commonZones {
		if _, err := tick.Zone(name); err != nil {
			t.Error(err)
		}
	}
	for _, words := range [][]string{{"preview", "@daily"}, {"add", "etl", "@daily"}} {
		line := slices.Concat([]string{"__complete", "schedule"}, words, []string{"--timezone", "Europe/P"})
		if _, got, _ := call(t, nil, line...); !strings.Contains(got, "\nEurope/Paris\n") {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// What comes from others cannot write to the terminal of who presses Tab.
func TestTypeable(t *testing.T) {
	for word, want := range map[string]bool{
		"data_arrived": true, "two words": true, "é": true,
		"": false, "  ": false, "a\nb": false, "a\tb": false, "\x1b[2J": false, "a\x7f": false, "\u202egpj": false, "\u00a0": false,
	} {
		if typeable(word) != want {
			t.Errorf("%q: %v", word, !want)
		}
	}
}

func TestFewRuns(t *testing.T) {
	want := []string{"etl", "shop"}
	names := slices.Clone(want)
	for run := 500; run > 0; run-- {
		names = append(names, number(run))
		if run > 480 {
			want = append(want, number(run))
		}
	}
	if diff := cmp.Diff(want, fewRuns(names)); diff != "" {
		t.Error(diff)
	}
}
