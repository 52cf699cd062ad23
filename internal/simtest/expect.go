package simtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// expect looks at what is stored.
func (p *player) expect(l Line) error {
	subject, rest, colon := strings.Cut(l.Rest, ":")
	f := strings.Fields(subject)
	switch {
	case l.Rest == "refused" || strings.HasPrefix(l.Rest, "refused "):
		return p.expectRefused(strings.TrimSpace(strings.TrimPrefix(l.Rest, "refused")))
	case l.Rest == "accepted":
		return p.last
	case l.Rest == "known":
		return want(strconv.FormatBool(p.known), "true")
	case len(f) == 0:
		return errors.New("expect what?")
	case f[0] == "run" && colon && len(f) <= 2:
		if len(f) == 2 {
			l.Run, _ = strconv.ParseInt(f[1], 10, 64)
		}
		return p.expectRun(p.about(l), rest)
	case f[0] == "runs" && colon && len(f) <= 2:
		return p.expectRuns(f[1:], strings.TrimSpace(rest))
	case l.Rest == "no run":
		return p.expectRuns(nil, "")
	case f[0] == "outputs" && colon && len(f) == 1:
		return p.expectOutputs(p.about(l), strings.TrimSpace(rest))
	case f[0] == "trigger" && len(f) == 2 && colon:
		return p.expectTrigger(f[1], strings.TrimSpace(rest))
	case f[0] == "said" && len(f) == 2 && f[1] == "run" && colon:
		return p.expectAnswered(p.about(l), strings.TrimSpace(rest))
	case f[0] == "said" && len(f) == 3 && f[1] == "trigger" && colon:
		return p.expectTold(f[2], strings.TrimSpace(rest))
	case f[0] == "no" && len(f) == 3 && f[1] == "task":
		return p.expectTask(p.about(l), f[2], []string{"never"})
	case len(f) == 4 && f[0] == "run" && f[2] == "task" && colon:
		run, _ := strconv.ParseInt(f[1], 10, 64)
		return p.expectTask(run, f[3], strings.Fields(rest))
	case f[0] == "task" && len(f) == 2 && colon:
		return p.expectTask(p.about(l), f[1], strings.Fields(rest))
	case f[0] == "items" && len(f) == 2 && colon:
		return p.expectItems(p.about(l), f[1], strings.TrimSpace(rest))
	case f[0] == "calls" && len(f) == 2 && colon:
		return p.expectCalls(p.about(l), f[1], strings.TrimSpace(rest))
	case f[0] == "env" && len(f) == 2 && colon:
		return p.expectEnv(p.about(l), f[1], strings.TrimSpace(rest))
	case f[0] == "event":
		return p.expectEvent(strings.TrimSpace(strings.TrimPrefix(l.Rest, "event")))
	case f[0] == "said" && len(f) == 2 && colon:
		return p.expectSaid(p.about(l), f[1], strings.TrimSpace(rest))
	}
	return errors.New("unknown expectation; see DESIGN.md")
}

func want(got, want string) error {
	if got != want {
		return fmt.Errorf("got %s", got)
	}
	return nil
}

// expectRefused: the last command was, with a code or a text, if one is said.
func (p *player) expectRefused(text string) error {
	if p.last == nil {
		return errors.New("it was accepted")
	}
	if !strings.Contains(string(freshet.CodeOf(p.last))+": "+p.last.Error(), text) {
		return fmt.Errorf("got %s: %v", freshet.CodeOf(p.last), p.last)
	}
	return nil
}

// expectTask is `STATUS [CODE] [seq N] [try N] [until D] [waits N]`, or never.
func (p *player) expectTask(run int64, task string, f []string) error {
	if name, item, err := freshet.ParseTaskName(task); err != nil || item != freshet.NoItem {
		return p.expectItem(run, name, item, f)
	}
	snap, err := p.w.Load(run)
	if err != nil {
		return err
	}
	flow := mustParse(p.source(snap.Row))[0]
	st := machine.Load(flow, snap.Row, snap.Held, snap.Waits, snap.Rules, snap.Dues)
	t, ok := flow.Task(task)
	if !ok {
		return fmt.Errorf("run %d has no task %s", run, task)
	}
	s := st.Tasks[t.Index]
	x, status, code := s.Latest, s.Status(), freshet.Code("")
	if x != nil {
		code = x.Code
	} else if why, never := machine.NeverRan(flow, st)[task]; never && st.Status.Final() {
		status, code = freshet.Skipped, why.Code
	}
	var got []string
	for i := 0; i < len(f); i++ {
		word := f[i]
		switch {
		case i == 0 && word == "never" && x == nil:
			got = append(got, "never")
		case i == 0:
			got = append(got, string(status))
		case word == "waits":
			got = append(got, "waits", strconv.Itoa(len(s.Waiting)))
			i++
		case slices.Contains([]string{"seq", "try", "until"}, word) && x == nil:
			return errors.New("it has never run")
		case word == "seq":
			got = append(got, "seq", strconv.Itoa(x.Key.Seq))
			i++
		case word == "try":
			got = append(got, "try", strconv.Itoa(x.Key.Try))
			i++
		case word == "until":
			got = append(got, "until", x.Due.Sub(p.began).Round(time.Millisecond).String())
			i++
			if i < len(f) {
				if d, err := time.ParseDuration(f[i]); err == nil {
					f[i] = d.String()
				}
			}
		default:
			got = append(got, string(code))
		}
	}
	return want(strings.Join(got, " "), strings.Join(f, " "))
}

// source is the text of the version that a run has.
func (p *player) source(row machine.RunRow) string {
	v, err := p.w.Disk.Version(p.w.context(), row.Namespace, row.Workflow, row.Version)
	if err != nil {
		p.w.T.Fatalf("version of run %d: %v", row.ID, err)
	}
	return v.Source
}

// expectEnv is `NAME=value` of the latest execution.
func (p *player) expectEnv(run int64, task, pair string) error {
	snap, err := p.w.Load(run)
	if err != nil {
		return err
	}
	var got []string
	for _, x := range snap.Held {
		if x.Key.Task == task && x.Call != nil {
			got = got[:0]
			for _, b := range x.Call.Env {
				got = append(got, b[0]+"="+b[1])
			}
		}
	}
	if !slices.Contains(got, pair) {
		return fmt.Errorf("got %v", got)
	}
	return nil
}

// expectEvent is `KEY [VALUE]`: the newest event of that key.
func (p *player) expectEvent(rest string) error {
	key, value := cut(rest)
	list, err := p.w.Disk.Events(p.w.context(), store.EventFilter{Namespace: freshet.DefaultNamespace, Keys: []string{key}, Newest: true, Limit: 1})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("there is none")
	}
	return want(list[0].Value, value)
}

// expectSaid is `RESULT [ACTION]`: the newest that the ledger has of a task.
func (p *player) expectSaid(run int64, task, text string) error {
	rows, err := p.w.Disk.LedgerFor(p.w.context(), run, 0, 100)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for _, o := range slices.Backward(row.Outcomes) {
			if o.Task == strings.Trim(task, "-") && o.Rule >= 0 {
				return want(strings.TrimSpace(string(o.Result)+" "+o.Action), text)
			}
		}
	}
	return errors.New("nothing")
}

func (w *World) context() context.Context { return context.Background() }
