// Package wild writes random small workflows for tests: every sort of
// condition and action that is built, in a few tasks that have a lot to do
// with each other.
package wild

import (
	"fmt"
	"strings"
)

// Keys are the event keys that the workflows listen to. The values of their
// events are whole numbers from 0 to 3.
var Keys = []string{"e", "f", "g"}

// Options say which workflows are wanted.
type Options struct {
	Name        string
	Processes   bool     // only tasks that are processes, none that is decided in the engine or has an `if`
	Concurrency bool     // of runs, and of tasks over all runs
	Crowded     bool     // every task has few places; with Concurrency
	Kinds       bool     // `foreach` and approvals too
	Calls       []string // workflows that tasks may call
	Queues      bool     // every start rule of an event queues, and the run never ends by itself
	Time        bool     // ticks, absences, windows, `finally`, a timeout of the run
	After       []string // workflows whose ends may start runs of this one; with Time
	Namespace   string   // empty: none said
	Calm        bool     // what is decided in the engine sends nothing and looks at no end, so that nothing goes on without a process
}

// Workflow writes a workflow; pick(n) chooses a number below n. Not all that
// it writes is valid: tasks may wait for each other in a circle.
func Workflow(pick func(n int) int, o Options) string {
	w := &writer{pick: pick, o: o}
	fmt.Fprintf(&w.b, "name: %s\n", o.Name)
	if o.Namespace != "" {
		fmt.Fprintf(&w.b, "namespace: %s\n", o.Namespace)
	}
	ends := []string{"", "ends: settled\n", "ends: idle\n", "ends: never\n"}[pick(4)]
	if o.Queues {
		ends = "ends: never\n"
	}
	w.b.WriteString(ends)
	if w.chance(6) && !o.Queues {
		fmt.Fprintf(&w.b, "stop: {count: {event: %s, reaches: %d}}\n", w.key(), 2+pick(4))
	}
	if o.Concurrency && w.chance(2) {
		fmt.Fprintf(&w.b, "concurrency: {limit: %d, overlap: %s, queue: 3%s}\n", 1+pick(2), w.one("queue", "skip", "stop_oldest"),
			w.one("", "", ", key: event.key", ", key: run.id % 2", ", key: 6 / (run.id % 5)"))
	}
	if o.Time {
		w.time()
	}
	w.n = 1 + pick(5)
	w.b.WriteString("tasks:\n")
	for i := range w.n {
		w.task(i)
	}
	if o.Time && w.chance(2) {
		w.finally()
	}
	return w.b.String()
}

type writer struct {
	b    strings.Builder
	pick func(n int) int
	o    Options
	n    int // tasks
}

func (w *writer) chance(n int) bool { return w.pick(n) == 0 }

func (w *writer) one(words ...string) string { return words[w.pick(len(words))] }

func (w *writer) key() string { return Keys[w.pick(len(Keys))] }

func name(i int) string { return string(rune('a' + i)) }

func (w *writer) task(i int) {
	keys := []string{w.kind(i)}
	process, expr := strings.HasPrefix(keys[0], "bash"), strings.HasPrefix(keys[0], "expr")
	filtered := !w.o.Processes && w.chance(5)
	calm := w.o.Calm && (!process || filtered)
	add := func(format string, args ...any) { keys = append(keys, fmt.Sprintf(format, args...)) }
	switch {
	case w.o.Crowded && w.chance(2): // runs meet at tasks that start with them
	case calm && w.chance(2):
		add("start: {event: %s, busy: %s}", w.key(), w.one("queue", "latest"))
	case !calm && w.chance(2):
		add("start: %s", w.rules(func() string { return w.start(i) }))
	}
	if w.n > 1 && w.chance(2) {
		add("after: %s", w.after(i))
	}
	if !calm && w.chance(4) {
		add("restart: %s", w.rules(func() string { return w.condition(i, 0) }))
	}
	if w.chance(4) {
		add("stop: %s", w.rules(func() string { return w.condition(i, 0) }))
	}
	if w.o.Time && process && w.chance(6) {
		add("%s", w.tick())
	}
	if process && w.chance(3) {
		add("retries: {limit: %d, delay: %ds, backoff: %d}", 1+w.pick(2), 1+w.pick(3), 1+w.pick(2))
	}
	if process && w.chance(4) {
		add("timeout: %ds", 2+w.pick(5))
	}
	if process && w.chance(6) {
		add("long_running: true")
	}
	if w.o.Concurrency && !expr && (w.o.Crowded || w.chance(4)) {
		add("concurrency: {limit: %d%s}", 1+w.pick(2), w.one("", "", ", key: event.value", ", key: run.id % 2", ", key: 6 / (run.id % 4)"))
	}
	if w.o.Kinds && w.chance(4) {
		add("foreach: %s%s%s", w.one("[]", "[1]", "[1, 2, 3]", "[x, y, z, x, y]"), w.one("", ", max_parallel: 2"), w.one("", ", fail_fast: false"))
	}
	if w.chance(4) {
		add("optional: true")
	}
	if w.chance(4) {
		add("allow_failure: true")
	}
	if !calm && w.chance(4) {
		add("emit: {key: %s, value: \"%d\"}", w.key(), w.pick(4))
	}
	if filtered {
		add("if: %s", w.one(`"false"`, "run.id > 0", "event.data > 1"))
	}
	fmt.Fprintf(&w.b, "  %s: {%s}\n", name(i), strings.Join(keys, ", "))
}

func (w *writer) kind(i int) string {
	if !w.o.Processes && w.chance(4) {
		return fmt.Sprintf("expr: {n: \"%d\"}", i)
	}
	switch {
	case w.o.Kinds && w.chance(6):
		return w.one("approval: may we?", "approval: {message: may we?, timeout: 7s}", "approval: {message: may we?, timeout: 5s, on_timeout: approve}")
	case len(w.o.Calls) > 0 && w.chance(5):
		return "workflow: " + w.one(w.o.Calls...)
	}
	return "bash: \"true\""
}

// rules is one condition, or a list of two.
func (w *writer) rules(one func() string) string {
	if w.chance(4) {
		return "[" + one() + ", " + one() + "]"
	}
	return one()
}

// start is a condition with `busy`.
func (w *writer) start(i int) string {
	c := w.condition(i, 0)
	if w.o.Queues {
		c = "{event: " + w.key() + "}"
	}
	busy := w.one("ignore", "queue", "{queue: 2}", "latest", "restart")
	if w.o.Queues {
		busy = "queue"
	}
	return strings.TrimSuffix(c, "}") + ", busy: " + busy + "}"
}

func (w *writer) after(i int) string {
	others := w.others(i, 1+w.pick(2))
	if w.chance(4) {
		return fmt.Sprintf("{%s: %s}", others[0], w.status())
	}
	return "[" + strings.Join(others, ", ") + "]"
}

// others are up to n other tasks.
func (w *writer) others(i, n int) []string {
	first := w.pick(w.n - 1)
	var list []string
	for j := range min(n, w.n-1) {
		list = append(list, name((i+1+(first+j)%(w.n-1))%w.n))
	}
	return list
}

func (w *writer) status() string {
	return w.one("success", "failed", "stopped", "skipped", "ended", "[success, failed]")
}

func (w *writer) condition(i, depth int) string {
	kinds := 5
	if depth < 2 {
		kinds = 7
	}
	filter := ""
	if w.chance(3) {
		filter = fmt.Sprintf(", if: event.data > %d", w.pick(3))
	}
	if w.o.Time && w.chance(6) {
		return w.timely(filter)
	}
	switch w.pick(kinds) {
	case 0, 1:
		return fmt.Sprintf("{event: %s%s}", w.key(), filter)
	case 2:
		return fmt.Sprintf("{count: {event: %s, reaches: %d}%s}", w.key(), 1+w.pick(3), filter)
	case 3:
		return fmt.Sprintf("{sum: {event: %s, of: event.data, reaches: %d}%s}", w.key(), 1+w.pick(4), filter)
	case 4:
		if w.n == 1 {
			return fmt.Sprintf("{event: %s}", w.key())
		}
		wants := fmt.Sprintf("%s: %s", w.others(i, 1)[0], w.status())
		if two := w.others(i, 2); len(two) == 2 && w.chance(3) {
			wants = fmt.Sprintf("%s: %s, %s: %s", two[0], w.status(), two[1], w.status())
		}
		return fmt.Sprintf("{status: {%s}}", wants)
	case 5:
		return fmt.Sprintf("{all: [%s, %s]}", w.condition(i, depth+1), w.condition(i, depth+1))
	}
	return fmt.Sprintf("{any: [%s, %s]}", w.condition(i, depth+1), w.condition(i, depth+1))
}
