package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet"
)

func started(task string, seq int, s freshet.Status) freshet.Execution {
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	end := at.Add(time.Second)
	e := freshet.Execution{Task: task, Seq: seq, Try: 1, Status: s, StartedAt: &at}
	if s.Final() {
		e.EndedAt = &end
	}
	return e
}

func TestFit(t *testing.T) {
	var tasks []freshet.Execution
	for i := range 10 {
		tasks = append(tasks, started("t", i+1, freshet.Success))
	}
	tasks[1].Status, tasks[4].Status = freshet.Running, freshet.Failed
	var got []int
	shown, hidden := fit(tasks, 4)
	for _, e := range shown {
		got = append(got, e.Seq)
	}
	if diff := cmp.Diff([]int{2, 5, 9, 10}, got); diff != "" || hidden != 6 {
		t.Errorf("%d are hidden, %s", hidden, diff)
	}
	if shown, hidden := fit(tasks, 0); len(shown) != 10 || hidden != 0 {
		t.Error("a screen of unknown height hides something")
	}
}

// screen is what a terminal shows after text was written to it.
func screen(text string) []string {
	var lines []string
	row := 0
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexAny(text[2:], "ABCDJKmlh") + 2
			n := 0
			switch text[end] {
			case 'A':
				fmt.Sscanf(text[2:], "%d", &n)
				row -= n
			case 'J':
				lines = lines[:min(row, len(lines))]
			case 'K':
				if row < len(lines) {
					lines[row] = ""
				}
			}
			text = text[end+1:]
		case text[0] == '\n':
			row++
			text = text[1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			for len(lines) <= row {
				lines = append(lines, "")
			}
			lines[row] += text[:1]
			text = text[1:]
		}
	}
	return lines
}

func TestLiveViewDrawsInPlace(t *testing.T) {
	a, out := terminal(t, 90)
	v := &liveView{app: a, p: a.out}
	run := &freshet.Run{ID: 3, Namespace: "default", Workflow: "w", Status: freshet.Running}
	var many []freshet.Execution
	for i := range 20 {
		many = append(many, started("t", i+1, freshet.Running))
	}
	for _, tasks := range [][]freshet.Execution{nil, many, {started("a", 1, freshet.Running), started("b", 1, freshet.Success)}} {
		if err := v.show(run, tasks); err != nil {
			t.Fatal(err)
		}
	}
	got := screen(out.String())
	if len(got) != 5 || !strings.HasPrefix(got[0], "Run 3 of default.w: running") || !strings.HasPrefix(got[3], "a  ") || !strings.Contains(got[4], "success") {
		t.Errorf("the screen shows\n%s", strings.Join(got, "\n"))
	}
}

func TestLineViewSaysEachChangeOnce(t *testing.T) {
	a, out := quiet(t)
	v := &lineView{app: a, seen: map[string]freshet.Status{}}
	run := &freshet.Run{ID: 3, Namespace: "default", Workflow: "w", Status: freshet.Stopped, Reason: "asked"}
	failed := started("b", 2, freshet.Failed)
	failed.Try, failed.Reason = 2, "exit code\n3"
	steps := [][]freshet.Execution{
		{started("a", 1, freshet.Success), {Task: "c", Status: freshet.Waiting}, {Task: "q", Seq: 1, Try: 1, Status: freshet.Queued}},
		{started("a", 1, freshet.Success), failed, {Task: "q", Seq: 1, Try: 1, Status: freshet.Queued}},
	}
	for _, tasks := range steps {
		if err := v.show(run, tasks); err != nil {
			t.Fatal(err)
		}
	}
	want := "2025-01-02T03:04:06Z  a success in 1.0s\n2025-01-02T03:04:06Z  b #2, try 2 failed in 1.0s: exit code 3\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	for range 2 {
		if err := v.tick(); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.end(run); err != nil {
		t.Fatal(err)
	}
	_, said, _ := strings.Cut(out.String(), "  ")
	if diff := cmp.Diff("q queued\nRun 3 of default.w: stopped: asked\n", said); diff != "" {
		t.Error(diff)
	}
}

// Changes that are seen at once, as after a restart of the server, are said in
// the order in which they came about.
func TestLineViewSaysChangesInOrder(t *testing.T) {
	a, out := quiet(t)
	v := &lineView{app: a, seen: map[string]freshet.Status{}}
	run := &freshet.Run{ID: 3, Namespace: "default", Workflow: "w", Status: freshet.Stopped}
	later := func(e freshet.Execution, by time.Duration) freshet.Execution {
		at := e.StartedAt.Add(by)
		e.StartedAt = &at
		if e.EndedAt != nil {
			end := e.EndedAt.Add(by)
			e.EndedAt = &end
		}
		return e
	}
	item := func(n int) freshet.Execution {
		e := started("items", 1, freshet.Success)
		e.Item = &n
		return e
	}
	queued := freshet.Execution{Task: "publish", Seq: 1, Try: 1, Status: freshet.Queued, QueuedAt: started("", 1, freshet.Running).StartedAt}
	tasks := []freshet.Execution{later(started("late", 1, freshet.Success), time.Minute), started("items", 1, freshet.Success), item(0), item(1), started("b", 1, freshet.Running), queued}
	if err := v.show(run, tasks); err != nil {
		t.Fatal(err)
	}
	want := "2025-01-02T03:04:05Z  b running\n2025-01-02T03:04:06Z  items[0] success in 1.0s\n2025-01-02T03:04:06Z  items[1] success in 1.0s\n" +
		"2025-01-02T03:04:06Z  items success in 1.0s\n2025-01-02T03:05:06Z  late success in 1.0s\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	if err := v.tick(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("2025-01-02T03:04:05Z  publish queued\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTailsHandOutWholeLines(t *testing.T) {
	var got []string
	l := newTails(nil, 1, func(t *tail, line []byte) error {
		got = append(got, t.name+": "+string(line))
		return nil
	})
	x, y := &tail{name: "x"}, &tail{name: "y"}
	for _, part := range []struct {
		t    *tail
		text string
	}{{x, "one\ntw"}, {y, "a\n\n"}, {x, "o\nthree"}} {
		if err := l.lines(part.t, []byte(part.text)); err != nil {
			t.Fatal(err)
		}
	}
	l.all = []*tail{x, y}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x: one\n", "y: a\n", "y: \n", "x: two\n", "x: three\n"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgressBar(t *testing.T) {
	for want, p := range map[string]*freshet.Progress{
		"":                  nil,
		" 7":                {Done: 7},
		" ╌╌╌╌╌╌╌╌╌╌ 0/3":   {Total: 3},
		" ━━━╌╌╌╌╌╌╌ 1/3":   {Done: 1, Total: 3},
		" ━━━━━━━━━━ 40/40": {Done: 40, Total: 40},
	} {
		if got := progressBar(p) + howFar(p); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
}
