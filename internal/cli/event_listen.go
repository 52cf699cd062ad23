package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// errEnough ends listening.
var errEnough = errors.New("enough")

func (a *app) eventListenCommand() *cobra.Command {
	var from string
	var count int
	c := &cobra.Command{
		Use:   "listen KEY…",
		Short: "Print events as they come, until it is interrupted",
		Long: `Print events as they come, until it is interrupted. It goes on by itself when the
server is restarted, and misses none; where events are not kept any more, it says
so. -o json writes one object in each line.`,
		Example: `freshet event listen data_arrived
freshet event listen a b --from 120 -o json   # those after offset 120, too
freshet event listen a --from 1h              # those of the last hour, too
freshet event listen done --count 1           # wait for one`,
		ValidArgsFunction: a.completesAll(a.keyNames),
		RunE: func(c *cobra.Command, args []string) error {
			for _, key := range args {
				e := freshet.Event{Key: key}
				if err := e.Check(); err != nil {
					return err
				}
			}
			namespace, err := a.listedNamespace()
			if err != nil {
				return err
			}
			query := client.FeedQuery{From: client.FromNow, Namespace: namespace, Kinds: []string{"event"}, Keys: args}
			if c.Flags().Changed("from") {
				if query.From, query.Since, err = a.feedStart(from); err != nil {
					return err
				}
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
			if err := hasNamespace(c.Context(), server, namespace); err != nil {
				return err
			}
			err = server.Feed(c.Context(), query, a.heard(count))
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		},
	}
	c.Flags().StringVar(&from, "from", "", "OFFSET|TIME: begin with those behind it, or since; 0 is all")
	c.Flags().Var(&whole[int]{to: &count, least: 1, wrong: func(string) string { return "--count is a whole number from 1" }}, "count", "N: end after so many")
	a.allNamespacesFlag(c)
	return takes(c)
}

// feedStart is where a feed begins: behind an offset, or at a time.
func (a *app) feedStart(from string) (offset string, since time.Time, err error) {
	if n, err := strconv.ParseInt(from, 10, 64); err == nil {
		if n < 0 {
			return "", since, invalid("%q is no offset", from).WithHint("offsets are whole numbers, as `freshet event list` shows them; 0 is before the first")
		}
		return from, since, nil
	}
	if since, err = a.since(from); err != nil || from == "" {
		return "", since, invalid("%q is neither an offset nor a time", from).
			WithHint("offsets are whole numbers, as `freshet event list` shows them; times are written as 1h or 2026-11-20T06:00:00Z")
	}
	return client.FromStart, since, nil
}

// heard prints the events of a feed and ends it after so many, 0: never.
func (a *app) heard(count int) func(freshet.Message) error {
	return func(m freshet.Message) error {
		if m.Kind == client.KindReset {
			a.err.line("%s events are left out: the journal is whole only after offset %d; older ones are not kept any more, or a backup was restored",
				a.err.paint(yellow, "warning:"), m.Offset)
			a.err.line("%s %s", a.err.paint(cyan, "hint:"), a.asCalled("`freshet event list` shows those that are kept"))
			return nil
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
	line := fmt.Sprintf("%d  %s  %s  %s%s", e.Offset, a.clock(a.out).time(e.Time), a.out.paint(cyan, oneLine(e.Key)), oneLine(e.Value), sender)
	a.out.line("%s", strings.TrimRight(line, " "))
	return nil
}
