package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) eventCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "event",
		Short: "Send, list and listen to events",
		Example: `freshet event send data_arrived '{"rows": 3}'
freshet event list data_arrived
freshet event listen data_arrived model_deployed -o json`,
	}, a.eventSendCommand(), a.eventListCommand(), a.eventCountCommand(), a.eventListenCommand())
}

// restartTime is for how long a task waits for a server that is being
// restarted.
const restartTime = 2 * time.Minute

func (a *app) eventSendCommand() *cobra.Command {
	var event freshet.EventRequest
	var run string
	c := &cobra.Command{
		Use:   "send KEY [VALUE|-]",
		Short: "Send an event; inside a task it needs no flags",
		Long: `Send an event. VALUE is any text, - reads it from standard input. Inside a task
it needs no flags: it carries the task's run and name, and waits up to two
minutes for a server that is being restarted.`,
		Example: `freshet event send data_arrived '{"rows": 3}'
generate | freshet event send model -
freshet event send go --run 7           # only for that run
freshet event send paid --id order-17   # sent twice, it is one event`,
		ValidArgsFunction: a.completes(a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			event.Key = args[0]
			if len(args) > 1 {
				value, err := a.eventValue(args[1])
				if err != nil {
					return err
				}
				event.Value = value
			}
			check := freshet.Event{Key: event.Key, Value: event.Value, Sender: event.Sender, ID: event.ID, Context: event.Context}
			if err := check.Check(); err != nil {
				return err
			}
			return a.send(c.Context(), event, run)
		},
	}
	c.Flags().StringVar(&event.Sender, "sender", "", "NAME: who sends it; by default the task, outside a task nobody")
	c.Flags().StringVar(&event.ID, "id", "", "ID: the same sender and id twice is one event")
	c.Flags().StringVar(&event.Context, "context", "", "TEXT: carried along, never read by rules")
	c.Flags().StringVar(&run, "run", "", "RUN: the run that it carries")
	cobra.CheckErr(c.RegisterFlagCompletionFunc("run", a.completesFlag(a.runNames)))
	return takes(c)
}

// eventValue is the value that an argument stands for. Of one that is too large
// so much is read that Check says so.
func (a *app) eventValue(arg string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	value, err := io.ReadAll(io.LimitReader(a.Stdin, freshet.MaxEventBytes+1))
	if err != nil {
		return "", unreadable("standard input", err)
	}
	return string(value), nil
}

// send sends an event. Without an id it gets one, so that it is one event
// however often the connection breaks.
func (a *app) send(ctx context.Context, event freshet.EventRequest, run string) error {
	if event.ID == "" {
		event.ID = rand.Text()
	}
	var patience time.Duration
	if a.insideTask() {
		patience = restartTime
		if event.Sender == "" {
			event.Sender = a.env("FRESHET_TASK")
		}
		if id, ok := runID(a.env("FRESHET_RUN_ID")); ok {
			event.RunID = id
		}
	}
	c, err := a.connect(patience)
	if err != nil {
		return err
	}
	if run != "" {
		if event.RunID, err = a.runRef(ctx, c, run); err != nil {
			return err
		}
	}
	namespace, err := a.namespace()
	if err != nil {
		return err
	}
	sent, err := c.SendEvent(ctx, namespace, event)
	if err != nil {
		return err
	}
	return a.show(sent,
		func() {
			if sent.Known {
				a.out.line("Event %d was sent before.", sent.Offset)
			} else {
				a.out.line("Event %d sent.", sent.Offset)
			}
		},
		func(p *printer) { p.line("%d", sent.Offset) })
}

// insideTask tells whether a task runs this command, and speaks to its own
// server.
func (a *app) insideTask() bool {
	return a.env("FRESHET_TOKEN") != "" && a.env("FRESHET_RUN_ID") != "" && a.env("FRESHET_TASK") != "" && !a.changed("server")
}

var eventColumns = []column[freshet.Event]{
	{head: "OFFSET", cell: func(_ clock, e freshet.Event) string { return number(e.Offset) }, right: true},
	{head: "TIME", cell: func(c clock, e freshet.Event) string { return c.time(e.Time) },
		exact: func(e freshet.Event) string { return exact(&e.Time) }},
	{head: "KEY", cell: func(_ clock, e freshet.Event) string { return e.Key }},
	{head: "SENDER", cell: func(_ clock, e freshet.Event) string { return e.Sender }},
	{head: "RUN", cell: func(_ clock, e freshet.Event) string { return ifStarted(int(e.RunID)) }, right: true},
	{head: "VALUE", cell: func(_ clock, e freshet.Event) string { return e.Value }},
}

func (a *app) eventListCommand() *cobra.Command {
	var f eventFilter
	c := &cobra.Command{
		Use:   "list [KEY]",
		Short: "List the newest events, oldest first",
		Long: `List the newest events, oldest first. With --from it lists the first ones behind
an offset: page forward with the last offset that was listed, backward with
--before and the first.`,
		Example: `freshet event list
freshet event list data_arrived --since 1h --till 2026-11-20T12:00:00Z
freshet event list --from 120 --limit 100
freshet event list --run 7 -o json`,
		ValidArgsFunction: a.completes(a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withEvents(c, f, args, func(server *client.Client, query client.EventQuery) error {
				events, err := server.Events(c.Context(), query)
				if err != nil {
					return err
				}
				if len(events) == 0 {
					if err := hasNamespace(c.Context(), server, query.Namespace); err != nil {
						return err
					}
				}
				return listOr(a, events, eventColumns, noRows{
					of: "events", namespace: query.Namespace, kept: true, hint: "`freshet event send KEY VALUE` sends one",
					filtered: len(args) > 0 || f.given(c),
				})
			})
		},
	}
	limitFlag(c, &f.query.Limit)
	f.flags(a, c)
	return takes(c)
}

// eventFilter is what the flags of list and count ask for.
type eventFilter struct {
	query            client.EventQuery
	since, till, run string
}

// eventFilters are the names of the flags.
var eventFilters = []string{"sender", "run", "since", "till", "from", "before"}

func (f *eventFilter) flags(a *app, c *cobra.Command) {
	c.Flags().StringVar(&f.query.Sender, "sender", "", "NAME: only those of this sender; '' is outside of tasks")
	c.Flags().StringVar(&f.run, "run", "", "RUN: only those that carry this run")
	c.Flags().StringVar(&f.since, "since", "", "TIME: only those sent since, such as 1h or 2026-11-20")
	c.Flags().StringVar(&f.till, "till", "", "TIME: only those sent before")
	c.Flags().Var(offsetFlag(&f.query.After, "from"), "from", "OFFSET: only those behind this one")
	c.Flags().Var(offsetFlag(&f.query.Before, "before"), "before", "OFFSET: only those before this one")
	a.allNamespacesFlag(c)
	cobra.CheckErr(c.RegisterFlagCompletionFunc("run", a.completesFlag(a.runNames)))
}

func offsetFlag(to *int64, name string) *whole[int64] {
	return &whole[int64]{to: to, wrong: func(text string) string {
		return fmt.Sprintf("--%s takes the offset of an event, a whole number; %q is none", name, text)
	}}
}

// given tells whether it asks for some of the events.
func (f *eventFilter) given(c *cobra.Command) bool {
	return slices.ContainsFunc(eventFilters, c.Flags().Changed)
}

// withEvents completes a query from what was typed.
func (a *app) withEvents(c *cobra.Command, f eventFilter, keys []string, do func(*client.Client, client.EventQuery) error) error {
	query := f.query
	query.Keys = keys
	query.HasSender = c.Flags().Changed("sender")
	query.Oldest = c.Flags().Changed("from") && !c.Flags().Changed("before")
	var err error
	if query.Since, err = a.since(f.since); err != nil {
		return err
	}
	if query.Till, err = a.since(f.till); err != nil {
		return err
	}
	if !query.Since.IsZero() && !query.Till.IsZero() && !query.Since.Before(query.Till) {
		return invalid("--till %s is not after --since %s", f.till, f.since)
	}
	if query.Namespace, err = a.listedNamespace(); err != nil {
		return err
	}
	server, err := a.connect(0)
	if err != nil {
		return err
	}
	if f.run != "" {
		if query.Run, err = a.runRef(c.Context(), server, f.run); err != nil {
			return err
		}
	}
	return do(server, query)
}

// senderColumns show who sent how many; what comes from outside of tasks has no
// sender.
var senderColumns = []column[freshet.SenderCount]{
	{head: "SENDER", cell: func(_ clock, n freshet.SenderCount) string { return n.Sender },
		paint: func(n freshet.SenderCount) colour {
			if n.Sender == nobody {
				return dim
			}
			return noColour
		}},
	{head: "COUNT", cell: func(_ clock, n freshet.SenderCount) string { return number(n.Count) }, right: true},
}

// nobody stands for the empty sender where a person reads.
const nobody = "(outside of tasks)"

func (a *app) eventCountCommand() *cobra.Command {
	var f eventFilter
	var senders bool
	c := &cobra.Command{
		Use:   "count KEY",
		Short: "Count events, in all or by sender",
		Example: `freshet event count data_arrived
freshet event count data_arrived --since 24h --by-sender
freshet event count data_arrived -o json   # in all and by sender`,
		ValidArgsFunction: a.completes(a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withEvents(c, f, args, func(server *client.Client, query client.EventQuery) error {
				n, err := server.CountEvents(c.Context(), query)
				if err != nil {
					return err
				}
				if n.Count == 0 {
					if err := hasNamespace(c.Context(), server, query.Namespace); err != nil {
						return err
					}
				}
				return a.show(n, func() { a.showCount(n, senders) }, func(p *printer) {
					if !senders {
						p.line("%d", n.Count)
						return
					}
					for _, s := range n.Senders {
						plainRow(p, s, senderColumns)
					}
				})
			})
		},
	}
	f.flags(a, c)
	c.Flags().BoolVar(&senders, "by-sender", false, "how many each sender has sent, too")
	return takes(c)
}

func (a *app) showCount(n freshet.EventCount, senders bool) {
	a.out.line("%d", n.Count)
	if !senders || len(n.Senders) == 0 {
		return
	}
	for i := range n.Senders {
		n.Senders[i].Sender = cmp.Or(n.Senders[i].Sender, nobody)
	}
	a.out.line("")
	table(a, n.Senders, senderColumns)
}
