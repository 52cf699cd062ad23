package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// bench is one run of all measurements.
type bench struct {
	binary, work, only string
	python             string // of notebook; empty: by the environment
	runs, events       int    // of many

	exec   time.Duration // one bare fork-and-exec of `true`, median
	chain  time.Duration // a hundred of them, one after another
	fanOut time.Duration // five hundred, eight at once
	fsync  time.Duration // one, of a page, median
	rows   []row
}

type row struct{ what, value, floor, gate, verdict string }

func (b *bench) wanted(name string) bool { return strings.HasPrefix(name, b.only) }

// add puts a row into the table. gate is empty where there is none.
func (b *bench) add(what, value, floor, gate string, ok bool) {
	verdict := ""
	if gate != "" {
		verdict = "held"
		if !ok {
			verdict = "MISSED"
		}
	}
	b.rows = append(b.rows, row{what, value, floor, gate, verdict})
}

func (b *bench) print(w io.Writer) {
	all := append([]row{{"what", "measured", "floor in this run", "gate", ""}}, b.rows...)
	var width [5]int
	for _, r := range all {
		for i, c := range r.cells() {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	for _, r := range all {
		var line strings.Builder
		for i, c := range r.cells() {
			fmt.Fprintf(&line, "%s%s  ", c, strings.Repeat(" ", width[i]-len([]rune(c))))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func (r row) cells() [5]string { return [5]string{r.what, r.value, r.floor, r.gate, r.verdict} }

// quantile of some durations, which it sorts.
func quantile(list []time.Duration, q float64) time.Duration {
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))]
}

func ms(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000)
}

func times(a, b time.Duration) string { return fmt.Sprintf("%.2f x", float64(a)/float64(b)) }
