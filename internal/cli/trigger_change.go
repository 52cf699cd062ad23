package cli

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

// changeCommand is pause or resume.
func (v triggerView) changeCommand(verb, short, done string, action freshet.TriggerAction) *cobra.Command {
	return takes(&cobra.Command{
		Use:   verb + " ID…",
		Short: short,
		Example: `freshet ` + v.name + ` ` + verb + ` 7
freshet ` + v.name + ` ` + verb + ` 7 8 9`,
		ValidArgsFunction: v.completesAll(v.triggerIDs),
		RunE:              func(c *cobra.Command, args []string) error { return v.change(c, args, done, action, nil) },
	})
}

// change does something to triggers, one after the other. Agreed, if it is not
// nil, is asked before with what they are. Those that were changed before one
// cannot be are said.
func (v triggerView) change(c *cobra.Command, args []string, done string, action freshet.TriggerAction, agreed func([]freshet.Trigger) error) error {
	server, err := v.connect(0)
	if err != nil {
		return err
	}
	var found []freshet.Trigger
	for _, text := range args {
		t, err := v.of(c.Context(), server, text)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(found, func(other freshet.Trigger) bool { return other.ID == t.ID }) {
			found = append(found, t)
		}
	}
	if agreed != nil {
		if err := agreed(found); err != nil {
			return err
		}
	}
	var changed []freshet.Trigger
	for _, t := range found {
		var now freshet.Trigger
		if now, err = server.ChangeTrigger(c.Context(), t.ID, action); err != nil {
			break
		}
		changed = append(changed, now)
		if v.flags.output == tableFormat {
			v.out.line("%s: %d %s.", v.title, t.ID, done)
		}
	}
	if v.flags.output != tableFormat {
		err = errors.Join(list(v.app, changed, triggerColumns()), err)
	}
	return err
}

func (v triggerView) deleteCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "delete ID…",
		Short: "Delete " + v.name + "s that were added; those of a file can be paused",
		Example: `freshet ` + v.name + ` delete 7
freshet ` + v.name + ` delete 7 8 -y`,
		ValidArgsFunction: v.completesAll(v.triggerIDs),
		RunE: func(c *cobra.Command, args []string) error {
			return v.change(c, args, "deleted", freshet.DeleteTrigger, func(found []freshet.Trigger) error {
				if len(found) == 1 {
					t := found[0]
					return v.confirm(c.Context(), yes, "%s %d of %s.%s, %s", v.name, t.ID, t.Namespace, t.Workflow, oneLine(t.Expression))
				}
				return v.confirm(c.Context(), yes, "%s", counted(len(found), v.name))
			})
		},
	}
	yesFlag(c, &yes)
	return takes(c)
}

func (v triggerView) deleteAllCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "delete-all WORKFLOW",
		Short: "Delete all " + v.name + "s of a workflow that were added",
		Example: `freshet ` + v.name + ` delete-all etl
freshet ` + v.name + ` delete-all science.etl -y`,
		ValidArgsFunction: v.completes(v.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			namespace, name, err := v.workflowRef(args[0])
			if err != nil {
				return err
			}
			server, err := v.connect(0)
			if err != nil {
				return err
			}
			if err := v.confirm(c.Context(), yes, "all %ss of %s.%s that were added", v.name, namespace, name); err != nil {
				return err
			}
			ids, err := server.DeleteTriggers(c.Context(), namespace, name, v.kind)
			if err != nil {
				return v.meant(c.Context(), server, namespace, name, err)
			}
			if v.flags.output != tableFormat {
				return listIDs(v.app, ids)
			}
			v.out.line("%s of %s.%s deleted.", counted(len(ids), v.name), namespace, name)
			left, err := server.Triggers(c.Context(), client.TriggerQuery{Namespace: namespace, Workflow: name, Kind: v.kind, Limit: 1})
			if err == nil && len(left.Items) > 0 {
				v.out.line("Those of its file stay; they can be paused.")
			}
			return err
		},
	}
	yesFlag(c, &yes)
	return takes(c)
}
