package simtest

import (
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

// upload is the name of a section. What is refused and is not looked at by the
// next line is a mistake of the story.
func (p *player) upload(l Line) error {
	i := slices.IndexFunc(p.s.Flows, func(f Flow) bool { return f.Name == l.Rest })
	if i < 0 {
		return errors.New("there is no such section")
	}
	p.last = p.w.Upload(l.Rest, p.s.Flows[i].Source)
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
	id, err := p.w.Inbox.StartRun(p.w.context(), namespace, name, key, r)
	if p.last = err; err == nil {
		p.run = id
	}
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
	result, err := p.w.SendTo(namespace, r)
	p.last, p.known = err, result.Known
	return nil
}

// keep is what is said of triggers, workflows and namespaces.
func (p *player) keep(l Line) error {
	verb, rest := cut(l.Rest)
	ctx := p.w.context()
	switch l.Verb {
	case "enable", "disable":
		namespace, name := full(l.Rest)
		change := p.w.Inbox.EnableWorkflow
		if l.Verb == "disable" {
			change = p.w.Inbox.DisableWorkflow
		}
		p.last = change(ctx, namespace, name)
		return nil
	case "workflow":
		namespace, name := full(rest)
		if verb != "delete" {
			return errors.New("a workflow can be deleted")
		}
		p.last = p.w.Inbox.DeleteWorkflow(ctx, namespace, name)
		return nil
	case "namespace":
		switch verb {
		case "add":
			p.last = p.w.Inbox.AddNamespace(ctx, rest, nil)
		case "delete":
			p.last = p.w.Inbox.DeleteNamespace(ctx, rest)
		default:
			return errors.New("a namespace can be added and deleted")
		}
		return nil
	}
	if verb == "add" { // `WORKFLOW {entry}`
		name, entry := cut(rest)
		namespace, name := full(name)
		_, p.last = p.w.Inbox.AddTrigger(ctx, namespace, freshet.TriggerRequest{Workflow: name, Entry: entry})
		return nil
	}
	action := freshet.TriggerAction(verb)
	if action != freshet.PauseTrigger && action != freshet.ResumeTrigger && action != freshet.DeleteTrigger {
		return errors.New("a trigger can be added, paused, resumed and deleted")
	}
	c := machine.TriggerChange{Action: action}
	namespace, name := full(rest)
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		c.ID = id
	} else {
		c.Workflow = name
	}
	_, p.last = p.w.Inbox.ChangeTriggers(ctx, namespace, c)
	return nil
}
