package machine

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
)

// A script drives a run line by line, and says between what is expected:
//
//	start | start queued | admit        the run begins, or waits, or gets its place
//	event KEY [VALUE]                   an event of the run
//	+event KEY [VALUE]                  accepted only: decided before the next line without `+`
//	claim T | run T                     its execution gets a slot, or a process as well
//	exit T [CODE] [name=value…]         its process ends (it is run first if it is not)
//	+exit T …                           accepted only
//	answer T approve|reject [COMMENT]   a person answers
//	called T RUN | child T STATUS [k=v] the namespace tells which run T has called; that run has ended
//	lost T | unstartable T              its process is lost, or cannot start
//	in DURATION                         time goes on, and due times come, one after the other
//	stop run | task start|stop|restart T
//	refused                             the command before was refused
//	T: STATUS [#SEQ[.TRY]] [CODE]       the latest execution; "waiting" has none
//	T waits N                           starts behind it
//	T follows | T does not follow       there is a successor
//	run: STATUS [CODE]
//	said T RESULT [ACTION] [~ NOTE]     in the ledger since the last line that did something; `-` is the workflow
//	sent KEY [VALUE]                    among the events so far, the newest
//	stopping T GRACE                    the newest request to stop a process
func play(t *testing.T, source, script string) *world {
	t.Helper()
	w := newWorld(t, parse(t, source))
	for i, line := range strings.Split(script, "\n") {
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := w.line(line); err != nil {
			t.Fatalf("line %d: %s: %v\n%s", i+1, line, err, w.show())
		}
	}
	return w
}

func (w *world) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	held := strings.HasPrefix(word, "+")
	word = strings.TrimPrefix(word, "+")
	if !held {
		defer w.drain()
	}
	switch word {
	case "start", "admit", "event", "run", "exit", "lost", "unstartable", "in", "stop", "task", "answer", "called", "child":
		w.parts = nil
	}
	switch word {
	case "start":
		if rest == "queued" {
			w.st.Status, w.row.Status = freshet.Queued, freshet.Queued
			w.st.StartedAt, w.row.StartedAt = time.Time{}, time.Time{}
		}
		w.put(Entry{Kind: StartRun, Body: Body{Start: &RunStart{}}})
	case "admit":
		w.put(Entry{Kind: RunAdmitted})
	case "event":
		key, value, _ := strings.Cut(rest, " ")
		w.put(Entry{Kind: EventHappened, Event: &freshet.Event{Key: key, Value: value}})
	case "claim":
		w.claim(rest)
	case "run", "exit", "lost", "unstartable":
		return w.process(word, strings.Fields(rest))
	case "in":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		w.wait(d)
	case "stop":
		w.put(Entry{Kind: StopRun, Body: Body{Stop: &RunStop{Code: freshet.CodeStoppedByPerson}}})
	case "answer", "called", "child":
		return w.fromOutside(word, strings.Fields(rest))
	case "task":
		do, task, _ := strings.Cut(rest, " ")
		w.put(Entry{Kind: Kind("task_" + do), Body: Body{Task: task}})
	default:
		w.drain()
		return w.expect(line)
	}
	return nil
}

// fromOutside is what a task without a process hears.
func (w *world) fromOutside(word string, args []string) error {
	x := w.latest(args[0])
	if x == nil {
		return fmt.Errorf("it has never run")
	}
	switch word {
	case "answer":
		task, _, isItem := strings.Cut(args[0], "[")
		a := &Answer{Approved: args[1] == "approve", Comment: strings.Join(args[2:], " "), Item: freshet.NoItem}
		if isItem {
			a.Item = x.Key.Item
		}
		w.put(Entry{Kind: AnswerTask, Body: Body{Task: task, Answer: a}})
	case "called":
		run, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		w.put(Entry{Kind: ChildStarted, Body: Body{Child: &Child{Key: x.Key, Run: run}}})
	default:
		body := Body{Child: &Child{Key: x.Key, Run: x.Child, Status: freshet.Status(args[1]), Reason: "why"}}
		for _, a := range args[2:] {
			k, v, _ := strings.Cut(a, "=")
			body.Outputs = map[string]any{k: v}
		}
		w.put(Entry{Kind: ChildEnded, Body: body})
	}
	return nil
}

// wait lets time go on from one due time to the next.
func (w *world) wait(d time.Duration) {
	end := w.now.Add(d)
	for {
		next := end
		for _, tm := range w.timers {
			if tm.Due.Before(next) {
				next = tm.Due
			}
		}
		w.now = next
		w.fire()
		w.drain()
		if !next.Before(end) {
			return
		}
	}
}

func (w *world) process(word string, args []string) error {
	x := w.latest(args[0])
	if x == nil || x.Status.Final() {
		return fmt.Errorf("it is not alive")
	}
	if x.Epoch == 0 {
		w.claim(args[0])
	}
	if x = w.latest(args[0]); x.StartedAt.IsZero() && word != "unstartable" {
		w.report(Started, x, nil)
		w.drain()
	}
	x = w.latest(args[0])
	switch word {
	case "lost":
		w.report(Ended, x, func(p *Process) { p.Code = freshet.CodeLost })
	case "unstartable":
		w.report(Ended, x, func(p *Process) { p.Code, p.Reason = freshet.CodeStartFailed, "no such program" })
	case "exit":
		code, out := 0, map[string]string{}
		for _, a := range args[1:] {
			if name, value, ok := strings.Cut(a, "="); ok {
				out[name] = value
			} else if n, err := strconv.Atoi(a); err == nil {
				code = n
			}
		}
		w.report(Ended, x, func(p *Process) { p.ExitCode, p.Outputs = code, out })
	}
	return nil
}

func (w *world) expect(line string) error {
	f := strings.Fields(line)
	switch {
	case line == "refused":
		if len(w.parts) == 0 || w.parts[len(w.parts)-1].Refused == nil {
			return fmt.Errorf("it was not")
		}
	case f[0] == "run:":
		got := strings.TrimSpace(fmt.Sprint(w.st.Status, " ", w.st.Code))
		return same(got, strings.TrimPrefix(line, "run: "))
	case strings.HasSuffix(f[0], ":"):
		return w.expectTask(strings.TrimSuffix(f[0], ":"), f[1:])
	case len(f) == 3 && f[1] == "waits":
		t, _ := w.w.Task(f[0])
		return same(strconv.Itoa(len(w.st.Tasks[t.Index].Waiting)), f[2])
	case f[1] == "follows", len(f) == 4 && f[3] == "follow":
		t, _ := w.w.Task(f[0])
		return same(fmt.Sprint(w.st.Tasks[t.Index].Successor != nil), fmt.Sprint(f[1] == "follows"))
	case f[0] == "said":
		return w.expectOutcome(line, f[1:])
	case f[0] == "sent":
		ev := w.events[len(w.events)-1]
		return same(strings.TrimSpace(ev.Key+" "+ev.Value), strings.TrimPrefix(line, "sent "))
	case f[0] == "stopping":
		if len(w.stops) == 0 {
			return fmt.Errorf("nothing was asked to stop")
		}
		s := w.stops[len(w.stops)-1]
		return same(fmt.Sprint("stopping ", s.Key.Task, " ", s.Grace), line)
	default:
		return fmt.Errorf("what does this mean?")
	}
	return nil
}

func (w *world) expectTask(task string, want []string) error {
	x := w.latest(task)
	got := []string{string((&TaskState{Latest: x}).Status())}
	for _, f := range want[1:] {
		switch {
		case x == nil:
			return fmt.Errorf("it has never run")
		case strings.Contains(f, "."):
			got = append(got, fmt.Sprintf("#%d.%d", x.Key.Seq, x.Key.Try))
		case strings.HasPrefix(f, "#"):
			got = append(got, fmt.Sprintf("#%d", x.Key.Seq))
		default:
			got = append(got, string(x.Code))
		}
	}
	return same(strings.Join(got, " "), strings.Join(want, " "))
}

func (w *world) expectOutcome(line string, f []string) error {
	_, note, _ := strings.Cut(line, "~ ")
	var said []string
	for _, o := range w.outcomes() {
		said = append(said, fmt.Sprintf("%s %s %s ~ %s", o.Task, o.Result, o.Action, o.Note))
		action := ""
		if len(f) > 2 && f[2] != "~" {
			action = f[2]
		}
		if o.Task == strings.Trim(f[0], "-") && string(o.Result) == f[1] && o.Action == action && strings.Contains(o.Note, note) {
			return nil
		}
	}
	return fmt.Errorf("the ledger says:\n%s", strings.Join(said, "\n"))
}

func same(got, want string) error {
	if got != want {
		return fmt.Errorf("got %s", got)
	}
	return nil
}

// show tells how the world stands.
func (w *world) show() string {
	var b strings.Builder
	fmt.Fprintf(&b, "run: %s %s %s\n", w.st.Status, w.st.Code, w.st.Reason)
	for i, t := range w.w.Tasks {
		s := &w.st.Tasks[i]
		fmt.Fprintf(&b, "%s: %s", t.Name, s.Status())
		if x := s.Latest; x != nil {
			fmt.Fprintf(&b, " #%d.%d %s %s", x.Key.Seq, x.Key.Try, x.Code, x.Reason)
		}
		fmt.Fprintf(&b, ", waits %d, successor %v\n", len(s.Waiting), s.Successor != nil)
	}
	for _, o := range w.outcomes() {
		fmt.Fprintf(&b, "  %+v\n", o)
	}
	return b.String()
}
