package spec

import "strings"

// nearest is the known name that was most probably meant, empty if none is
// near: at most a third of the letters differ, ignoring case, `-` and `_`.
func nearest(name string, known []string) string {
	plain := strings.NewReplacer("-", "", "_", "").Replace
	want := plain(strings.ToLower(name))
	if len(want) > 64 {
		return ""
	}
	best, least := "", max(1, (len(want)+1)/3)+1
	for _, k := range known {
		if n := len(k) - len(name); n > least+2 || -n > least+2 {
			continue
		}
		if d := distance(want, plain(strings.ToLower(k))); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, change or swap with their
// neighbour to make a into b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
