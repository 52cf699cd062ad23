package simtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
	"github.com/freshet/freshet/internal/machine"
	"github.com/freshet/freshet/internal/spec"
	"github.com/freshet/freshet/internal/store"
)

// Play plays a story; call it inside a synctest bubble. The error says file
// and line.
func Play(t testing.TB, dir string, s *Story) error {
	time.Sleep(time.Until(s.Begin))
	p := &player{w: NewWorld(t, dir, s.Slots, s.Rows), s: s, began: time.Now(), sources: map[string]string{}}
	defer p.w.Close()
	if err := p.prepare(); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	for _, l := range s.Lines {
		if l.At >= 0 {
			time.Sleep(time.Until(p.began.Add(l.At)))
		}
		if err := p.line(l); err != nil {
			return fmt.Errorf("%s:%d: %s %s: %w", s.Name, l.Number, l.Verb, l.Rest, err)
		}
	}
	p.w.Settle()
	if faults := p.w.Room.faults; len(faults) > 0 {
		return fmt.Errorf("%s: %s", s.Name, strings.Join(faults, "; "))
	}
	return nil
}

// player is a story that is under way.
type player struct {
	w       *World
	s       *Story
	began   time.Time
	run     int64 // the newest that the story started
	last    error // of the last command
	known   bool  // the last event, or start, was accepted before
	sources map[string]string
}

// prepare uploads what is not uploaded later, and starts a run where the story
// starts none.
func (p *player) prepare() error {
	for _, f := range p.s.Flows {
		if !f.Later {
			if err := p.w.Upload(f.Name, f.Source); err != nil {
				return err
			}
		}
		for _, w := range mustParse(f.Source) {
			if _, ok := p.sources[w.Name]; !ok {
				p.sources[w.Name] = f.Source
			}
		}
	}
	flows := mustParse(p.s.Flows[0].Source)
	if len(flows) == 0 {
		return errors.New("the first file has no workflow")
	}
	if len(flows[0].On) > 0 || slices.ContainsFunc(p.s.Lines, Line.starts) {
		return nil
	}
	// What the first lines say of processes holds for those of the start.
	for _, l := range p.s.Lines {
		_, what, _ := strings.Cut(l.Rest, ": ")
		if verb, _ := cut(what); l.Verb != "task" || l.At >= 0 || verb != "holds" && verb != "ignores" && verb != "ends" {
			break
		}
		if err := p.line(l); err != nil {
			return err
		}
	}
	var err error
	p.run, err = p.w.Inbox.StartRun(p.w.context(), cmp.Or(flows[0].Namespace, freshet.DefaultNamespace), flows[0].Name, "", freshet.RunRequest{})
	return err
}

// starts tells whether a line says how runs begin.
func (l Line) starts() bool {
	return l.Verb == "start" || l.Verb == "trigger" && strings.HasPrefix(l.Rest, "add ")
}

func mustParse(source string) []*spec.Workflow {
	flows, _ := spec.Parse("workflow.yaml", []byte(source))
	return flows
}

// about is the run that a line is about: the one that it names, the newest that
// the story started, or, where it started none, the newest of all.
func (p *player) about(l Line) int64 {
	if l.Run != 0 || p.run != 0 {
		return cmp.Or(l.Run, p.run)
	}
	runs, err := p.w.Disk.Runs(p.w.context(), store.RunFilter{Limit: 1})
	if err != nil || len(runs) == 0 {
		return 0
	}
	return runs[0].ID
}

func (p *player) line(l Line) error {
	switch l.Verb {
	case "upload":
		return p.upload(l)
	case "trigger", "enable", "disable", "namespace", "workflow":
		return p.keep(l)
	case "down":
		p.w.Settle()
		p.w.Down()
		return nil
	case "up":
		p.w.Boot()
		return nil
	case "start":
		return p.start(l.Rest)
	case "event":
		return p.event(l.Rest)
	case "stop":
		run := p.about(l)
		if _, id := cut(l.Rest); id != "" {
			run, _ = strconv.ParseInt(id, 10, 64)
		}
		p.ask(func(ctx context.Context) error { return p.w.Inbox.StopRun(ctx, run) })
		return nil
	case "task":
		return p.task(l)
	case "approve", "reject":
		p.answer(l)
		return nil
	case "crash":
		p.w.Settle()
		p.w.Crash()
		return nil
	case "commit":
		return p.commit(l.Rest)
	case "expect":
		p.w.Settle()
		return p.expect(l)
	}
	return errors.New("unknown word; see DESIGN.md")
}

// task is `start|stop|restart T`, or `T: what its process does`.
func (p *player) task(l Line) error {
	name, what, isProcess := strings.Cut(l.Rest, ":")
	if !isProcess {
		kind, task := cut(l.Rest)
		p.ask(func(ctx context.Context) error {
			_, err := p.w.Inbox.Task(ctx, p.about(l), task, machine.Kind("task_"+kind))
			return err
		})
		return nil
	}
	verb, arg := cut(what)
	switch verb {
	case "holds": // a start that comes is not reported
		p.w.Room.hook(func(h *hooks) { h.holds[name] = true })
		return nil
	case "ignores":
		p.w.Room.hook(func(h *hooks) { h.stubborn[name] = true })
		return nil
	}
	if verb == "ends" {
		code, err := strconv.Atoi(arg)
		p.w.Room.hook(func(h *hooks) { h.ends[name] = code })
		return err
	}
	p.w.Settle0()
	run := p.about(l)
	names := []string{name}
	if task, all := strings.CutSuffix(name, "[*]"); all {
		names = p.w.Room.Items(run, task)
	}
	report := executor.Report{}
	switch verb {
	case "exit":
		code, err := strconv.Atoi(arg)
		if err != nil {
			return errors.New("exit with which code?")
		}
		report.ExitCode = code
	case "lost":
		report.Code, report.Reason = freshet.CodeLost, "the story lost it"
	case "unstartable":
		report.Code, report.Reason = freshet.CodeStartFailed, "no such program"
	case "output", "started":
		for _, name := range names {
			if err := p.w.Room.note(run, name, verb, arg); err != nil {
				return err
			}
		}
		return nil
	default:
		return errors.New("a process can exit, end, be lost, be unstartable, hold, ignore, start or output")
	}
	for _, name := range names {
		if !p.w.Room.End(run, name, report) {
			return fmt.Errorf("run %d has no process of it; there are %v", run, p.w.Room.Living())
		}
	}
	p.w.Settle0() // the next line comes after it
	return nil
}

// commit is what befalls the next commits.
func (p *player) commit(rest string) error {
	faults := map[string]Fault{"fails": FailBefore, "fails-after": FailAfter, "crashes": CrashBefore, "crashes-after": CrashAfter, "works": None}
	for _, word := range strings.Fields(rest) {
		f, ok := faults[word]
		if !ok {
			return errors.New("a commit fails, fails-after, crashes, crashes-after or works")
		}
		p.w.Disk.Plan(0, f)
	}
	return nil
}
