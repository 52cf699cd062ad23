package wild

import (
	"fmt"
	"strings"
)

// Outside are event keys that only triggers listen to, and that no task sends:
// what starts runs does not go round.
var Outside = []string{"t", "u"}

// Last is the task of `finally` that always runs.
const Last = "z"

// Entry writes an entry of `on:`, of which no two starts have the same
// run.scheduled_at: it has one tick at most.
func Entry(pick func(n int) int, after []string) string {
	w := &writer{pick: pick, o: Options{After: after}}
	return w.entry()
}

// time writes what a workflow says of time.
func (w *writer) time() {
	if w.chance(5) {
		fmt.Fprintf(&w.b, "timeout: %ds\n", 5+w.pick(60))
	}
	n := w.pick(3)
	if n == 0 {
		return
	}
	w.b.WriteString("on:\n")
	for range n {
		fmt.Fprintf(&w.b, "  - %s\n", w.entry())
	}
}

func (w *writer) entry() string {
	switch w.pick(8) {
	case 0, 1:
		return fmt.Sprintf("{event: %s, if: event.data > %d}", w.outside(), w.pick(3))
	case 2:
		return fmt.Sprintf("{count: {event: %s, reaches: %d}%s}", w.outside(), 1+w.pick(3), w.within())
	case 3:
		return fmt.Sprintf("{all: [{event: t}, {event: u, if: event.data > %d}]%s}", w.pick(2), w.one("", ", within: 5s", ", within: day", `, not_before: "00:01"`, `, deadline: "00:05"`))
	case 4:
		return fmt.Sprintf("{%s, catchup: %s}", w.tick(), w.one("none", "latest", "all", "40m"))
	case 5:
		return fmt.Sprintf("{all: [{%s}, {event: %s}]}", w.tick(), w.outside())
	case 6:
		return fmt.Sprintf("{missing: {event: %s, for: %dm}}", w.outside(), 1+w.pick(40))
	}
	if len(w.o.After) == 0 {
		return fmt.Sprintf("{any: [{event: t}, {sum: {event: u, of: event.data, reaches: %d}}]}", 1+w.pick(4))
	}
	wants := fmt.Sprintf("%s: %s", w.one(w.o.After...), w.one("success", "failed", "ended", "[stopped, failed]"))
	if w.chance(3) {
		return fmt.Sprintf("{all: [{workflow: {%s}}, {event: %s}]}", wants, w.outside())
	}
	return fmt.Sprintf("{workflow: {%s}}", wants)
}

func (w *writer) outside() string { return Outside[w.pick(len(Outside))] }

func (w *writer) tick() string {
	return w.one("every: 20m", "every: 4m", "every: 45m", `schedule: "*/30 * * * *"`, `schedule: "5 0 * * *"`)
}

func (w *writer) within() string { return w.one("", ", within: 3s", ", within: 1m") }

// timely is a condition about time.
func (w *writer) timely(filter string) string {
	switch w.pick(5) {
	case 0:
		return "{" + w.tick() + "}"
	case 1:
		return fmt.Sprintf("{missing: {event: %s, for: %ds}%s}", w.key(), 2+w.pick(20), filter)
	case 2:
		return fmt.Sprintf("{count: {event: %s, reaches: %d}, within: %ds%s}", w.key(), 2+w.pick(2), 2+w.pick(20), filter)
	case 3:
		return fmt.Sprintf("{sum: {event: %s, of: event.data, reaches: %d}, within: %ds%s}", w.key(), 2+w.pick(4), 2+w.pick(20), filter)
	}
	return fmt.Sprintf("{all: [{event: %s}, {event: %s}], within: %s}", w.key(), w.key(), w.one("4s", "day"))
}

// finally always holds Last, which neither an `if` nor another task keeps from
// running.
func (w *writer) finally() {
	fmt.Fprintf(&w.b, "finally:\n  %s: {bash: \"true\"%s}\n", Last, w.one("", ", retries: {limit: 1, delay: 2s}", ", allow_failure: true"))
	if w.chance(2) {
		fmt.Fprintf(&w.b, "  y: {%s}\n", strings.Join([]string{w.one("after: "+Last, `if: run.status == "failed"`), w.one(`bash: "true"`, `expr: {n: "1"}`)}, ", "))
	}
}
