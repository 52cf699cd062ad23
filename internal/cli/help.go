package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpCommand is `freshet help run start`, the same as `freshet run start
// --help`.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND…]", Short: "Show the help of a command", Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(found, strings.Join(rest, " "))
			}
			a.help(found)
			return nil
		},
	}
}

// help writes a command's help: what it is for, how it is called, examples,
// then what can follow.
func (a *app) help(c *cobra.Command) {
	text := c.Short + "."
	if c.Long != "" {
		text = strings.TrimSpace(c.Long)
	}
	a.out.line("%s", text)
	a.section("Usage")
	usage := strings.TrimSuffix(c.CommandPath(), c.Name()) + c.Use
	if c.HasAvailableSubCommands() {
		usage += " COMMAND"
	} else if c.HasAvailableLocalFlags() {
		usage += " [flags]"
	}
	a.out.line("  %s", usage)
	if c.Example != "" {
		a.section("Examples")
		for line := range strings.Lines(c.Example) {
			command, comment, found := strings.Cut(strings.TrimRight(line, "\n"), " #")
			if found {
				comment = a.out.paint(dim, " #"+comment)
			}
			a.out.line("  %s%s", command, comment)
		}
	}
	a.helpCommands(c)
	a.helpFlags("Flags", c.LocalNonPersistentFlags())
	if c.HasParent() {
		a.helpFlags("Common flags", c.InheritedFlags())
	} else {
		a.helpFlags("Common flags", c.PersistentFlags())
		a.out.line("\n`freshet COMMAND --help` tells more about a command.")
	}
}

func (a *app) section(title string) { a.out.line("\n%s", a.out.paint(bold, title)) }

func (a *app) helpCommands(c *cobra.Command) {
	show := func(title, group string) {
		lines := &strings.Builder{}
		for _, child := range c.Commands() {
			if child.GroupID == group && child.IsAvailableCommand() && child.Name() != "help" {
				fmt.Fprintf(lines, "  %s %s\n", a.out.paint(cyan, fmt.Sprintf("%-11s", child.Name())), child.Short)
			}
		}
		if lines.Len() > 0 {
			a.section(title)
			fmt.Fprint(a.out, lines)
		}
	}
	for _, g := range c.Groups() {
		show(g.Title, g.ID)
	}
	show("Commands", "")
}

func (a *app) helpFlags(title string, flags *pflag.FlagSet) {
	type row struct{ left, right string }
	var rows []row
	width := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		// A flag's usage begins with what its value is called: "URL: where …".
		kind, usage, named := strings.Cut(f.Usage, ": ")
		if !named {
			kind, usage = "", f.Usage
		}
		left := "    --" + f.Name
		if f.Shorthand != "" {
			left = "-" + f.Shorthand + ", --" + f.Name
		}
		if kind != "" {
			left += " " + kind
		}
		rows = append(rows, row{left, usage})
		width = max(width, len(left))
	})
	if len(rows) == 0 {
		return
	}
	a.section(title)
	for _, r := range rows {
		a.out.line("  %s%s   %s", a.out.paint(cyan, r.left), strings.Repeat(" ", width-len(r.left)), r.right)
	}
}
