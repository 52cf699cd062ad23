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
)

// These lines of a story are what people and programs ask of a server; what
// it answers is for the story to judge.

// ask waits for an answer, unless the server dies first.
func (p *player) ask(do func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	for {
		p.w.Settle0()
		select {
		case p.last = <-done:
			return
		default:
		}
		if p.w.Disk.Dead() {
			cancel()
			p.last = <-done
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// upload is the name of a section. What is refused and is not looked at by the
// next line is a mistake of the story.
func (p *player) upload(l Line) error {
	i := slices.IndexFunc(p.s.Flows, func(f Flow) bool { return f.Name == l.Rest })
	if i < 0 {
		return errors.New("there is no such section")
	}
	p.ask(func(context.Context) error { return p.w.Upload(l.Rest, p.s.Flows[i].Source) })
	if next := slices.Index(p.s.Lines, l) + 1; next < len(p.s.Lines) && strings.HasPrefix(p.s.Lines[next].Rest, "refused") {
		return nil
	}
	return p.last
}

// start is `NAME [p=v…] [key K] [at WHEN]`.
func (p *player) start(rest string) error {
	f := strings.Fields(rest)
	if len(f) == 0 {
		return errors.New("which workflow?")
	}
	r := freshet.RunRequest{Texts: map[string]string{}}
	key := ""
	for i := 1; i < len(f); i++ {
		name, value, param := strings.Cut(f[i], "=")
		switch {
		case param:
			r.Texts[name] = value
		case i+1 == len(f):
			return fmt.Errorf("%s what?", f[i])
		case f[i] == "key":
			i++
			key = f[i]
		case f[i] == "at":
			i++
			at, err := p.when(f[i])
			if err != nil {
				return err
			}
			r.At = &at
		default:
			return fmt.Errorf("what is %s?", f[i])
		}
	}
	namespace, name := full(f[0])
	p.ask(func(ctx context.Context) error {
		id, err := p.w.Inbox.StartRun(ctx, namespace, name, key, r)
		if err == nil {
			p.run = id
		}
		return err
	})
	return nil
}

// full splits `[NAMESPACE.]NAME`.
func full(text string) (namespace, name string) {
	if namespace, name, ok := strings.Cut(text, "."); ok {
		return namespace, name
	}
	return freshet.DefaultNamespace, text
}

// when reads a time: so long since the story began, or RFC 3339.
func (p *player) when(text string) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return p.began.Add(d), nil
	}
	return time.Parse(time.RFC3339, text)
}

// event is `[NAMESPACE/]KEY [VALUE] [run N] [id X] [sender S]`.
func (p *player) event(rest string) error {
	key, rest := cut(rest)
	namespace := freshet.DefaultNamespace
	if ns, k, ok := strings.Cut(key, "/"); ok {
		namespace, key = ns, k
	}
	r := freshet.EventRequest{Key: key}
	f := strings.Fields(rest)
	for len(f) >= 2 {
		word, arg := f[len(f)-2], f[len(f)-1]
		switch word {
		case "run":
			r.RunID, _ = strconv.ParseInt(arg, 10, 64)
		case "id":
			r.ID = arg
		case "sender":
			r.Sender = arg
		default:
			word = ""
		}
		if word == "" {
			break
		}
		f = f[:len(f)-2]
	}
	r.Value = strings.Join(f, " ")
	p.ask(func(ctx context.Context) error {
		result, err := p.w.SendTo(ctx, namespace, r)
		p.known = result.Known
		return err
	})
	return nil
}

// answer is `approve|reject T [COMMENT]`.
func (p *player) answer(l Line) {
	task, comment := cut(l.Rest)
	p.ask(func(ctx context.Context) error {
		_, err := p.w.Inbox.Answer(ctx, p.about(l), task, l.Verb == "approve", comment)
		return err
	})
}

// keep is what is said of triggers, workflows and namespaces.
func (p *player) keep(l Line) error {
	do, err := p.change(l)
	if err == nil {
		p.ask(do)
	}
	return err
}

func (p *player) change(l Line) (do func(ctx context.Context) error, err error) {
	verb, rest := cut(l.Rest)
	door := p.w.Inbox
	namespace, name := full(rest)
	switch l.Verb + " " + verb {
	case "workflow delete":
		return func(ctx context.Context) error { return door.DeleteWorkflow(ctx, namespace, name) }, nil
	case "namespace add":
		return func(ctx context.Context) error { return door.AddNamespace(ctx, rest, nil) }, nil
	case "namespace delete":
		return func(ctx context.Context) error { return door.DeleteNamespace(ctx, rest) }, nil
	case "trigger add": // `WORKFLOW {entry}`
		workflow, entry := cut(rest)
		namespace, name := full(workflow)
		return func(ctx context.Context) error {
			_, err := door.AddTrigger(ctx, namespace, freshet.TriggerRequest{Workflow: name, Entry: entry})
			return err
		}, nil
	case "trigger pause", "trigger resume", "trigger delete": // `N`, or `WORKFLOW`
		c := machine.TriggerChange{Action: freshet.TriggerAction(verb)}
		if c.ID, err = strconv.ParseInt(name, 10, 64); err != nil {
			c.Workflow = name
		}
		return func(ctx context.Context) error {
			_, err := door.ChangeTriggers(ctx, namespace, c)
			return err
		}, nil
	}
	namespace, name = full(l.Rest)
	switch l.Verb {
	case "enable":
		return func(ctx context.Context) error { return door.EnableWorkflow(ctx, namespace, name) }, nil
	case "disable":
		return func(ctx context.Context) error { return door.DisableWorkflow(ctx, namespace, name) }, nil
	}
	return nil, fmt.Errorf("%s cannot %s; see DESIGN.md", l.Verb, verb)
}
