package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet/freshet"
)

// liveView draws a table of a run's tasks and draws it again in its place.
type liveView struct {
	app   *app
	p     *printer
	run   freshet.Run
	tasks []freshet.Execution
	drawn int // lines on the screen
}

func (v *liveView) show(run *freshet.Run, tasks []freshet.Execution) error {
	v.run, v.tasks = *run, tasks
	return v.tick()
}

// tick draws again, for the times that pass.
func (v *liveView) tick() error {
	if v.run.ID == 0 {
		return nil
	}
	return v.draw(v.lines())
}

func (v *liveView) end(*freshet.Run) error { return nil }

// draw replaces what was drawn before.
func (v *liveView) draw(lines []string) error {
	var b strings.Builder
	b.WriteString("\x1b[?7l") // what is too long is cut: a wrapped line would be two
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", v.drawn)
	}
	for _, l := range lines {
		b.WriteString("\r\x1b[2K" + l + "\n")
	}
	b.WriteString("\x1b[J\x1b[?7h")
	v.drawn = len(lines)
	_, err := v.p.Write([]byte(b.String()))
	return err
}

// lines are the run and so many of its tasks as the screen has room for.
func (v *liveView) lines() []string {
	_, height := v.p.size()
	shown, hidden := fit(v.tasks, height-5)
	lines := append([]string{v.app.outcome(v.p, &v.run), ""}, tableLines(v.app, v.p, shown, liveColumns)...)
	if hidden > 0 {
		lines = append(lines, v.p.paint(dim, fmt.Sprintf("… and %s that have ended or wait", counted(hidden, "start"))))
	}
	return lines
}

// liveColumns are those of a list of tasks, with a bar where one has told how
// far it has come.
var liveColumns = func() []column[freshet.Execution] {
	columns := slices.Clone(taskColumns)
	for i := range columns {
		if columns[i].head == "STATUS" {
			columns[i].cell = func(_ clock, e freshet.Execution) string {
				return string(e.Status) + progressBar(e.Progress) + howFar(e.Progress)
			}
		}
	}
	return columns
}()

// progressBar is a bar of ten.
func progressBar(p *freshet.Progress) string {
	if p == nil || p.Total == 0 {
		return ""
	}
	full := 10 * p.Done / p.Total
	return " " + strings.Repeat("━", full) + strings.Repeat("╌", 10-full)
}

// fit chooses the rows that a screen has room for: what is alive, and then the
// newest; in their order.
func fit(tasks []freshet.Execution, room int) (shown []freshet.Execution, hidden int) {
	if room <= 0 || len(tasks) <= room {
		return tasks, 0
	}
	chosen := make([]bool, len(tasks))
	left := room
	choose := func(want func(freshet.Status) bool) {
		for i := len(tasks) - 1; i >= 0 && left > 0; i-- {
			if !chosen[i] && want(tasks[i].Status) {
				chosen[i] = true
				left--
			}
		}
	}
	choose(freshet.Status.Alive)
	choose(func(s freshet.Status) bool { return s == freshet.Failed })
	choose(func(freshet.Status) bool { return true })
	for i, c := range chosen {
		if c {
			shown = append(shown, tasks[i])
		}
	}
	return shown, len(tasks) - len(shown)
}
