package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
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
	cobra.CheckErr(c.RegisterFlagCompletionFunc("run", a.completes(a.runNames)))
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
	var query client.EventQuery
	var since, run string
	c := &cobra.Command{
		Use:   "list [KEY]",
		Short: "List the newest events, oldest first",
		Example: `freshet event list
freshet event list data_arrived --since 1h
freshet event list --run 7 -o json`,
		ValidArgsFunction: a.completes(a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withEvents(c.Context(), query, args, since, run, func(server *client.Client, query client.EventQuery) error {
				events, err := server.Events(c.Context(), query)
				if err != nil {
					return err
				}
				return listOr(a, events, eventColumns, noRows{
					of: "events", namespace: query.Namespace, hint: "`freshet event send KEY VALUE` sends one",
					filtered: len(args) > 0 || since != "" || run != "" || query.Sender != "" || query.Before > 0,
				})
			})
		},
	}
	limitFlag(c, &query.Limit)
	c.Flags().Int64Var(&query.Before, "before", 0, "OFFSET: only events before this one")
	a.eventFlags(c, &query, &since, &run)
	return takes(c)
}

func (a *app) eventFlags(c *cobra.Command, query *client.EventQuery, since, run *string) {
	c.Flags().StringVar(&query.Sender, "sender", "", "NAME: only those of this sender")
	c.Flags().StringVar(run, "run", "", "RUN: only those that carry this run")
	c.Flags().StringVar(since, "since", "", "TIME: only those sent since, such as 1h or 2026-11-20")
	a.allNamespacesFlag(c)
	cobra.CheckErr(c.RegisterFlagCompletionFunc("run", a.completes(a.runNames)))
}

// withEvents completes a query from what was typed.
func (a *app) withEvents(ctx context.Context, query client.EventQuery, keys []string, since, run string, do func(*client.Client, client.EventQuery) error) error {
	query.Keys = keys
	var err error
	if query.Since, err = a.since(since); err != nil {
		return err
	}
	if query.Namespace, err = a.listedNamespace(); err != nil {
		return err
	}
	server, err := a.connect(0)
	if err != nil {
		return err
	}
	if run != "" {
		if query.Run, err = a.runRef(ctx, server, run); err != nil {
			return err
		}
	}
	return do(server, query)
}

func (a *app) eventCountCommand() *cobra.Command {
	var query client.EventQuery
	var since, run string
	c := &cobra.Command{
		Use:   "count KEY",
		Short: "Count events",
		Example: `freshet event count data_arrived
freshet event count data_arrived --since 24h -o json   # by sender as well`,
		ValidArgsFunction: a.completes(a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withEvents(c.Context(), query, args, since, run, func(server *client.Client, query client.EventQuery) error {
				n, err := server.CountEvents(c.Context(), query)
				if err != nil {
					return err
				}
				return a.show(n, func() { a.out.line("%d", n.Count) }, func(p *printer) { p.line("%d", n.Count) })
			})
		},
	}
	a.eventFlags(c, &query, &since, &run)
	return takes(c)
}

// errEnough ends listening.
var errEnough = errors.New("enough")

func (a *app) eventListenCommand() *cobra.Command {
	var from string
	var count int
	c := &cobra.Command{
		Use:   "listen KEY…",
		Short: "Print events as they come, until it is interrupted",
		Example: `freshet event listen data_arrived
freshet event listen a b --from 120 -o json   # those after offset 120, too
freshet event listen done --count 1           # wait for one`,
		ValidArgsFunction: a.completes(a.keyNames, a.keyNames, a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			namespace, err := a.listedNamespace()
			if err != nil {
				return err
			}
			if !c.Flags().Changed("from") {
				from = client.FromNow
			} else if _, ok := runID(from); !ok && from != "0" {
				return invalid("%q is no offset", from).WithHint("offsets are whole numbers, as `freshet event list` shows them; 0 is before the first")
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			// A feed waits for a server that is away; listening should not
			// begin with that.
			if _, err := server.Server(c.Context()); err != nil {
				return err
			}
			query := client.FeedQuery{From: from, Namespace: namespace, Kinds: []string{"event"}, Keys: args}
			err = server.Feed(c.Context(), query, a.heard(count))
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		},
	}
	c.Flags().StringVar(&from, "from", "", "OFFSET: begin with the events after this one; 0 is all")
	c.Flags().IntVar(&count, "count", 0, "N: end after so many")
	a.allNamespacesFlag(c)
	return takes(c)
}

// heard prints the events of a feed and ends it after so many, 0: never.
func (a *app) heard(count int) func(freshet.Message) error {
	return func(m freshet.Message) error {
		if m.Event == nil {
			return nil // the feed had to begin anew
		}
		if err := errors.Join(a.heardOne(*m.Event), a.out.failure()); err != nil {
			return err // nobody would see the next ones either
		}
		if count--; count == 0 {
			return errEnough
		}
		return nil
	}
}

func (a *app) heardOne(e freshet.Event) error {
	switch a.flags.output {
	case jsonFormat:
		return writeJSONLine(a.out, e)
	case yamlFormat:
		a.out.line("---")
		return writeYAML(a.out, e)
	case plainFormat:
		plainRow(a.out, e, eventColumns)
		return nil
	}
	sender := ""
	if e.Sender != "" {
		sender = a.out.paint(dim, "  from "+oneLine(e.Sender))
	}
	a.out.line("%d  %s  %s  %s%s", e.Offset, a.clock(a.out).time(e.Time), a.out.paint(cyan, oneLine(e.Key)), oneLine(e.Value), sender)
	return nil
}
