package cli

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
)

func (a *app) triggerAddCommand() *cobra.Command {
	var request freshet.TriggerRequest
	var params parameters
	var entry string
	c := &cobra.Command{
		Use:   "add WORKFLOW",
		Short: "Add a trigger: --event, or any condition with --on",
		Long: `Add a trigger to a workflow. --event waits for an event; --on takes a whole entry
as it would stand below "on:" in the file, as text, @FILE or - for standard
input. For times there is "freshet schedule add".`,
		Example: `freshet trigger add etl --event data_arrived
freshet trigger add etl --event paid --if 'event.data.sum > 10' -p day=2026-11-20
freshet trigger add etl --on 'count: {event: paid, reaches: 10}'
freshet trigger add etl --on @entry.yaml`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			request := request
			switch beside := besideEntry(c); {
			case c.Flags().Changed("on") && beside != "":
				return invalid("%s cannot stand beside --on, which is a whole entry", beside).WithHint("write `event:`, `if:`, `name:` and `with:` in it")
			case c.Flags().Changed("on"):
				text, err := a.text(entry)
				if err != nil {
					return err
				}
				if strings.TrimSpace(text) == "" {
					return invalid("the entry of --on is empty").WithHint("for example --on 'event: data_arrived'")
				}
				request.Entry = text
			case request.Event == "":
				return invalid("it is not said what the trigger waits for").
					WithHint("--event KEY waits for an event, --on any condition; for times there is `freshet schedule add`")
			}
			return a.triggers().add(c, args[0], request, &params)
		},
	}
	f := c.Flags()
	f.StringVar(&request.Event, "event", "", "KEY: of the events that start runs")
	f.StringVar(&request.If, "if", "", "EXPR: only of events for which this holds")
	f.StringVar(&entry, "on", "", "ENTRY: a whole entry of on:, in YAML; @FILE or - reads it")
	f.StringVar(&request.Name, "name", "", "NAME: what it is called")
	params.flags(c)
	cobra.CheckErr(c.RegisterFlagCompletionFunc("event", a.completesFlag(a.keyNames)))
	return takes(c)
}

// besideEntry are the flags that were given and say what an entry says itself.
func besideEntry(c *cobra.Command) string {
	var given []string
	for _, f := range []struct{ name, shown string }{
		{"event", "--event"}, {"if", "--if"}, {"name", "--name"}, {"param", "-p"}, {"params", "-f"},
	} {
		if c.Flags().Changed(f.name) {
			given = append(given, f.shown)
		}
	}
	return strings.Join(given, ", ")
}

// text is what an argument stands for: itself, @FILE or - for standard input.
func (a *app) text(arg string) (string, error) {
	in, name := a.Stdin, "standard input"
	if file, ok := strings.CutPrefix(arg, "@"); ok {
		f, err := os.Open(a.path(file))
		if err != nil {
			return "", unreadable(file, err)
		}
		defer f.Close()
		in, name = f, file
	} else if arg != "-" {
		return arg, nil
	}
	text, err := io.ReadAll(io.LimitReader(in, freshet.MaxWorkflowBytes+1))
	if err != nil {
		return "", unreadable(name, err)
	}
	return string(text), nil
}

// add adds a trigger and says when it fires next.
func (v triggerView) add(c *cobra.Command, workflow string, request freshet.TriggerRequest, params *parameters) error {
	namespace, name, err := v.workflowRef(workflow)
	if err != nil {
		return err
	}
	given, err := params.request(v.app)
	if err != nil {
		return err
	}
	for _, t := range []struct{ what, text string }{
		{"the entry", request.Entry}, {"--event", request.Event}, {"--if", request.If}, {"--name", request.Name},
	} {
		if err := carried(t.what, t.text); err != nil {
			return err
		}
	}
	request.Workflow, request.With, request.Texts = name, given.Parameters, given.Texts
	server, err := v.connect(0)
	if err != nil {
		return err
	}
	t, err := server.AddTrigger(c.Context(), namespace, request)
	if err != nil {
		return v.meant(c.Context(), server, namespace, name, err)
	}
	return v.show(t, func() {
		v.out.line("%s: %d added.", v.title, t.ID)
		switch {
		case !t.Enabled:
			v.out.line("It does not fire before %s.%s is enabled.", t.Namespace, t.Workflow)
		case t.NextAt != nil:
			v.out.line("It is next due at %s.", v.clock(v.out).next(t.NextAt))
		}
	}, func(p *printer) { p.line("%d", t.ID) })
}
