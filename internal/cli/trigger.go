package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// triggerView is what a family of commands sees of the triggers: all of them,
// or the schedules.
type triggerView struct {
	*app
	name, title string
	kind        freshet.TriggerKind // empty: all
}

func (a *app) triggers() triggerView { return triggerView{app: a, name: "trigger", title: "Trigger"} }

func (a *app) schedules() triggerView {
	return triggerView{app: a, name: "schedule", title: "Schedule", kind: freshet.OnSchedule}
}

func (a *app) triggerCommand() *cobra.Command {
	v := a.triggers()
	return a.group(&cobra.Command{
		Use:   "trigger",
		Short: "Say what starts runs of a workflow: events, times, other workflows",
		Long: `Say what starts runs of a workflow. Triggers of its file (its "on:") and those
that were added are listed together; all can be paused, and those that were
added can be deleted.`,
		Example: `freshet trigger add etl --event data_arrived
freshet trigger list
freshet trigger pause 7`,
	}, append([]*cobra.Command{a.triggerAddCommand()}, v.commands()...)...)
}

// commands are those that triggers and schedules share.
func (v triggerView) commands() []*cobra.Command {
	return []*cobra.Command{v.listCommand(), v.showCommand(),
		v.changeCommand("pause", "Let it fire no more until it is resumed; what it misses is gone", "paused", freshet.PauseTrigger),
		v.changeCommand("resume", "Let a paused one fire again", "resumed", freshet.ResumeTrigger),
		v.deleteCommand(), v.deleteAllCommand()}
}

// triggerState is whether a trigger fires.
func triggerState(t freshet.Trigger) string {
	switch {
	case t.Paused:
		return "paused"
	case !t.Enabled:
		return "disabled" // its workflow is
	}
	return "active"
}

func paintTrigger(t freshet.Trigger) colour {
	if triggerState(t) == "active" {
		return green
	}
	return yellow
}

func triggerColumns() []column[freshet.Trigger] {
	return []column[freshet.Trigger]{
		{head: "ID", cell: func(_ clock, t freshet.Trigger) string { return number(t.ID) }, right: true},
		{head: "WORKFLOW", cell: func(_ clock, t freshet.Trigger) string { return t.Namespace + "." + t.Workflow }},
		{head: "NAME", cell: func(_ clock, t freshet.Trigger) string { return t.Name }},
		{head: "KIND", cell: func(_ clock, t freshet.Trigger) string { return string(t.Kind) }},
		{head: "STATE", cell: func(_ clock, t freshet.Trigger) string { return triggerState(t) }, paint: paintTrigger},
		{head: "SOURCE", cell: func(_ clock, t freshet.Trigger) string { return string(t.Source) }},
		{head: "NEXT", cell: func(c clock, t freshet.Trigger) string { return c.next(t.NextAt) },
			exact: func(t freshet.Trigger) string { return exact(t.NextAt) }},
		{head: "EXPRESSION", cell: func(_ clock, t freshet.Trigger) string { return inZone(t) }},
	}
}

// inZone is what a trigger waits for, and whose clock that goes by.
func inZone(t freshet.Trigger) string {
	if t.Kind == freshet.OnSchedule && t.Timezone != "" && t.Timezone != "UTC" {
		return t.Expression + "  " + t.Timezone
	}
	return t.Expression
}

func (v triggerView) listCommand() *cobra.Command {
	query := client.TriggerQuery{Kind: v.kind}
	c := &cobra.Command{
		Use:   "list [WORKFLOW]",
		Short: "List " + v.name + "s with their state and next time, newest first",
		Example: `freshet ` + v.name + ` list
freshet ` + v.name + ` list etl
freshet ` + v.name + ` list -A -o json`,
		ValidArgsFunction: v.completes(v.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			query := query
			var err error
			if query.Namespace, query.Workflow, err = v.listedWorkflow(args); err != nil {
				return err
			}
			server, err := v.connect(0)
			if err != nil {
				return err
			}
			found, more, err := triggersOf(c.Context(), server, query)
			if err != nil {
				return err
			}
			none := noRows{of: v.name + "s", namespace: query.Namespace, filtered: query.Before > 0, hint: "`freshet " + v.name + " add --help` says how to add one"}
			if query.Workflow != "" {
				none.of += " of " + query.Workflow
				if len(found) == 0 {
					if err := v.noWorkflow(c.Context(), server, query.Namespace, query.Workflow); err != nil {
						return err
					}
				}
			} else if len(found) == 0 {
				if err := hasNamespace(c.Context(), server, query.Namespace); err != nil {
					return err
				}
			}
			if err := listOr(v.app, found, triggerColumns(), none); err != nil {
				return err
			}
			if more && v.flags.output == tableFormat {
				v.err.line("… and more: --before %d shows older ones, --limit more at once", found[len(found)-1].ID)
			}
			return nil
		},
	}
	limitFlag(c, &query.Limit)
	c.Flags().Var(&whole[int64]{to: &query.Before, least: 1, wrong: func(text string) string {
		return fmt.Sprintf("--before takes the id of a %s, a whole number; %q is none", v.name, text)
	}}, "before", "ID: only "+v.name+"s before this one")
	v.allNamespacesFlag(c)
	return takes(c)
}

// maxPage is how many triggers a server gives at once.
const maxPage = 1000

// triggersOf reads pages until there are as many triggers as the query wants,
// and tells whether there are more.
func triggersOf(ctx context.Context, c *client.Client, query client.TriggerQuery) (found []freshet.Trigger, more bool, err error) {
	for want := query.Limit; ; {
		query.Limit = min(want-len(found), maxPage)
		page, err := c.Triggers(ctx, query)
		if err != nil {
			return nil, false, err
		}
		found, query.Cursor = append(found, page.Items...), page.Next
		if page.Next == "" || len(found) >= want {
			return found, page.Next != "", nil
		}
	}
}

// of takes the number of a trigger that this view shows.
func (v triggerView) of(ctx context.Context, c *client.Client, text string) (freshet.Trigger, error) {
	id, err := v.id(text)
	if err != nil {
		return freshet.Trigger{}, err
	}
	t, err := c.Trigger(ctx, id)
	if err == nil && v.kind != "" && t.Kind != v.kind {
		err = freshet.Errorf(freshet.NotFound, "there is no schedule %d: this trigger waits for something else", id).
			WithHint("`freshet trigger show %d` shows it", id)
	}
	return t, err
}

func (v triggerView) id(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, invalid("%q is not the id of a %s", text, v.name).WithHint("ids are whole numbers, as `freshet %s list` shows them", v.name)
	}
	return id, nil
}

func (v triggerView) showCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "show ID",
		Short: "Show a " + v.name + " and its whole entry",
		Example: `freshet ` + v.name + ` show 7
freshet ` + v.name + ` show 7 -o json`,
		ValidArgsFunction: v.completes(v.triggerIDs),
		RunE: func(c *cobra.Command, args []string) error {
			server, err := v.connect(0)
			if err != nil {
				return err
			}
			t, err := v.of(c.Context(), server, args[0])
			if err != nil {
				return err
			}
			return v.show(t, func() { v.showTrigger(t) }, plainOf(t, triggerColumns()))
		},
	})
}

func (v triggerView) showTrigger(t freshet.Trigger) {
	now := v.clock(v.out)
	state := triggerState(t)
	if state == "disabled" {
		state = "disabled, as its workflow is"
	}
	v.fields([]field{
		{name: v.name, value: number(t.ID)},
		{name: "name", value: t.Name},
		{name: "workflow", value: t.Namespace + "." + t.Workflow},
		{name: "kind", value: string(t.Kind)},
		{name: "expression", value: t.Expression},
		{name: "timezone", value: t.Timezone},
		{name: "catchup", value: t.Catchup},
		{name: "source", value: string(t.Source)},
		{name: "state", value: state, tint: paintTrigger(t)},
		{name: "next", value: now.next(t.NextAt)},
		{name: "created", value: now.time(t.CreatedAt)},
		{name: "entry", value: t.Entry},
	})
}

// triggerIDs are the numbers of triggers, each with what it waits for.
func (v triggerView) triggerIDs(ctx context.Context, c *client.Client, before []string, word string) ([]string, error) {
	namespace, err := v.namespace()
	if err != nil {
		return nil, err
	}
	page, err := c.Triggers(ctx, client.TriggerQuery{Namespace: namespace, Kind: v.kind, Limit: 100})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, t := range page.Items {
		if id := number(t.ID); offered(id, word, before) {
			found = append(found, cobra.CompletionWithDesc(id, fmt.Sprintf("%s.%s: %s", t.Namespace, t.Workflow, oneLine(inZone(t)))))
		}
	}
	return found, nil
}
