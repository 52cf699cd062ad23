package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) whyCommand() *cobra.Command {
	var offset int64
	c := &cobra.Command{
		Use:   "why [RUN|WORKFLOW] [TASK]",
		Short: "Say why something ran, or did not, or what it waits for",
		Long: `Say why something ran, or did not, or what it waits for. With the id of a run it
is about the run or a task of it; with the name of a workflow about the workflow
itself, or a task of its latest run. Behind each sentence stands what led to it,
back to the person, the event or the tick that set it all going; of what did not
start, each condition with what it has so far.`,
		Example: `freshet why 7
freshet why 7 train
freshet why hello                       # what starts it, and what its triggers wait for
freshet why hello train                 # in its latest run
freshet why --event 120                 # what became of an event`,
		ValidArgsFunction: a.completes(a.whyNames, a.taskNames),
		RunE: func(c *cobra.Command, args []string) error {
			byEvent := c.Flags().Changed("event")
			switch {
			case byEvent && len(args) > 0:
				return invalid("--event asks about an event, and %q is something else", args[0]).WithHint("ask for one at a time")
			case !byEvent && len(args) == 0:
				return invalid("RUN or WORKFLOW is missing").WithHint("usage: `freshet why RUN [TASK]`, `freshet why WORKFLOW [TASK]` or `freshet why --event OFFSET`")
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			var e freshet.Explanation
			if byEvent {
				e, err = server.WhyEvent(c.Context(), offset)
			} else {
				e, err = a.explain(c.Context(), server, args)
			}
			if err != nil {
				return err
			}
			return a.show(e, func() { a.showWhy(&e) }, func(p *printer) { p.line("%s\t%s\t%s", e.Subject, e.Status, oneLine(e.Summary)) })
		},
	}
	c.Flags().Var(&whole[int64]{to: &offset, least: 1, wrong: func(text string) string {
		return fmt.Sprintf("--event takes the offset of an event, a whole number; %q is none", text)
	}}, "event", "OFFSET: of an event")
	return takes(c)
}

func (a *app) explain(ctx context.Context, c *client.Client, args []string) (freshet.Explanation, error) {
	if len(args) == 2 {
		id, err := a.runRef(ctx, c, args[0])
		if err != nil {
			return freshet.Explanation{}, err
		}
		return c.WhyTask(ctx, id, args[1])
	}
	if id, ok := runID(args[0]); ok {
		return c.WhyRun(ctx, id)
	}
	if err := noRunRef(args[0]); err != nil {
		return freshet.Explanation{}, err
	}
	namespace, name, err := a.workflowRef(args[0])
	if err != nil {
		return freshet.Explanation{}, err
	}
	e, err := c.WhyWorkflow(ctx, namespace, name)
	return e, a.meant(ctx, c, namespace, name, err)
}

// showWhy writes the sentence, then what is behind it as a tree.
func (a *app) showWhy(e *freshet.Explanation) {
	if e.Summary == "" {
		e.Summary = e.Subject
	}
	a.out.line("%s", a.out.paint(bold, oneLine(e.Summary)))
	a.because(e.Because, "")
}

// last is a time that has passed, for a person with how long ago it was.
func (c clock) last(t *time.Time) string {
	text := c.moment(t)
	if text == "" || !c.short {
		return text
	}
	if d := c.now.Sub(*t); d >= time.Second {
		return text + ", " + span(d) + " ago"
	}
	return text + ", just now"
}

func (a *app) because(reasons []freshet.Reason, before string) {
	now := a.clock(a.out)
	for i, r := range reasons {
		branch, next := "├─ ", "│  "
		if i == len(reasons)-1 {
			branch, next = "└─ ", "   "
		}
		var marks []string
		if t := now.last(r.Time); t != "" {
			marks = append(marks, t)
		}
		if t := now.next(r.Due); t != "" {
			marks = append(marks, "due "+t)
		}
		if r.Offset > 0 {
			marks = append(marks, "#"+number(r.Offset))
		}
		mark := ""
		if len(marks) > 0 {
			mark = "  " + a.out.paint(dim, "("+strings.Join(marks, ", ")+")")
		}
		a.out.line("%s%s%s%s", before, branch, oneLine(r.Text), mark)
		a.because(r.Because, before+next)
	}
}
