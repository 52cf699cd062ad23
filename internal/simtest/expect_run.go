package simtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/store"
)

// expectRun is `STATUS [CODE] [type T] [trigger N] [scheduled_at WHEN]
// [created D] [missing [A, B]] [params {JSON}]`.
func (p *player) expectRun(id int64, text string) error {
	run, err := p.w.Disk.Run(p.w.context(), id)
	if err != nil {
		return err
	}
	snap, err := p.w.Load(id)
	if err != nil {
		return err
	}
	words := tokens(text)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if i == 0 {
			if err := want(string(run.Status), word); err != nil {
				return fmt.Errorf("%w (%s)", err, run.Reason)
			}
			continue
		}
		if i == 1 && !named[word] {
			if err := want(string(run.Code), word); err != nil {
				return err
			}
			continue
		}
		if i++; !named[word] || i == len(words) {
			return fmt.Errorf("what is %s?", word)
		}
		if err := p.expectOfRun(run, snap.Row, word, words[i]); err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
	}
	return nil
}

// named are the words of an expectation that another word follows.
var named = map[string]bool{"type": true, "trigger": true, "scheduled_at": true, "created": true, "missing": true, "params": true, "depth": true, "parent": true, "reason": true}

// expectOfRun looks at one property of a run.
func (p *player) expectOfRun(run *freshet.Run, row machine.RunRow, what, text string) error {
	switch what {
	case "type":
		return want(string(run.Type), text)
	case "trigger":
		return want(strconv.FormatInt(row.Trigger, 10), text)
	case "depth":
		return want(strconv.Itoa(row.Depth), text)
	case "reason":
		if !strings.Contains(run.Reason, strings.Trim(text, "[]")) {
			return fmt.Errorf("got %s", run.Reason)
		}
		return nil
	case "parent":
		return want(strconv.FormatInt(row.Parent, 10), text)
	case "missing":
		return want("["+strings.Join(row.Missing, ", ")+"]", text)
	case "params":
		got, err := json.Marshal(run.Parameters)
		if err != nil {
			return err
		}
		return want(string(got), text)
	case "scheduled_at":
		if text == "none" {
			return want(fmt.Sprint(run.ScheduledAt == nil), "true")
		}
		if run.ScheduledAt == nil {
			return errors.New("it has none")
		}
		return p.wantTime(*run.ScheduledAt, text)
	}
	return p.wantTime(run.CreatedAt, text)
}

func (p *player) wantTime(got time.Time, text string) error {
	want, err := p.when(text) // an expectation has taken 50 ms, perhaps
	if err != nil || !got.Before(want) && got.Sub(want) < time.Second {
		return err
	}
	return fmt.Errorf("got %s, which is %s", got.Sub(p.began), got.Format(time.RFC3339Nano))
}

// tokens are words, and what stands in brackets or braces as one.
func tokens(text string) []string {
	var list []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexByte(text, ' ')
		if i := strings.IndexByte("[{", text[0]); i >= 0 {
			end = strings.IndexByte(text, "]}"[i]) + 1
		}
		if end <= 0 {
			end = len(text)
		}
		list, text = append(list, text[:end]), text[end:]
	}
	return list
}

// expectRuns lists the statuses of all runs, or of those of one workflow.
func (p *player) expectRuns(of []string, list string) error {
	runs, err := p.w.Runs()
	if err != nil {
		return err
	}
	var got []string
	for _, r := range runs {
		if len(of) > 0 {
			if namespace, name := full(of[0]); r.Namespace != namespace || r.Workflow != name {
				continue
			}
		}
		got = append(got, string(r.Status))
	}
	if list == "none" {
		list = ""
	}
	return want(strings.Join(got, ", "), list)
}

// expectOutputs is the run's `outputs`, as JSON.
func (p *player) expectOutputs(id int64, text string) error {
	run, err := p.w.Disk.Run(p.w.context(), id)
	if err != nil {
		return err
	}
	got, err := json.Marshal(run.Outputs)
	if err != nil {
		return err
	}
	return want(string(got), text)
}

// expectTrigger is `next WHEN`, `none`, `paused`, `gone`, or `remembers` or
// `forgot` for whether its condition remembers anything.
func (p *player) expectTrigger(id, text string) error {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return err
	}
	list, err := p.w.Disk.Triggers(p.w.context(), store.TriggerFilter{After: n - 1, Limit: 1})
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].ID != n {
		return want("gone", text)
	}
	t := list[0]
	switch word, rest := cut(text); word {
	case "next":
		if t.NextAt == nil {
			return errors.New("it waits for no time")
		}
		return p.wantTime(*t.NextAt, rest)
	case "none":
		if t.NextAt != nil {
			return fmt.Errorf("it waits for %s", t.NextAt.Sub(p.began))
		}
		return nil
	case "paused":
		return want(strconv.FormatBool(t.Paused), "true")
	case "remembers", "forgot":
		snap, err := p.w.Disk.Trigger(p.w.context(), n)
		if err != nil {
			return err
		}
		return want(strconv.FormatBool(len(snap.State) > 0), strconv.FormatBool(word == "remembers"))
	}
	return want("there", text)
}

// expectTold is `RESULT [NOTE]`: the newest that the ledger says of a trigger,
// and words that stand in its note.
func (p *player) expectTold(id, text string) error {
	rows, err := p.w.Disk.LedgerFor(p.w.context(), 0, 0, 1000)
	if err != nil {
		return err
	}
	result, note := cut(text)
	for _, row := range rows {
		for i := len(row.Outcomes) - 1; i >= 0; i-- {
			o := row.Outcomes[i]
			if strconv.FormatInt(o.Trigger, 10) != id {
				continue
			}
			if string(o.Result) != result || !strings.Contains(o.Note, note) {
				return fmt.Errorf("got %s %s (have %v of %v): %s", o.Result, o.Action, o.Have, o.Need, o.Note)
			}
			return nil
		}
	}
	return want("nothing", text)
}

// expectAnswered is `RESULT [NOTE]`: the newest that the ledger says of the run
// as a whole, under none of its rules.
func (p *player) expectAnswered(run int64, text string) error {
	rows, err := p.w.Disk.LedgerFor(p.w.context(), run, 0, 1000)
	if err != nil {
		return err
	}
	result, note := cut(text)
	for _, row := range rows {
		for _, o := range row.Outcomes {
			if o.Rule == -1 && o.Task == "" {
				if string(o.Result) != result || !strings.Contains(o.Note, note) {
					return fmt.Errorf("got %s %s: %s", o.Result, o.Action, o.Note)
				}
				return nil
			}
		}
	}
	return want("nothing", text)
}
