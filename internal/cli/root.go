package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The groups of the main help.
const (
	groupFiles  = "files"
	groupWork   = "work"
	groupServer = "server"
	groupOther  = "other"
)

func init() { cobra.EnableCommandSorting = false } // commands stand in the order of a person's day

// root is the whole tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "freshet",
		Short: "Freshet runs workflows that react to events",
		Example: `freshet exec hello.yaml                 # run a file at once, without a server
freshet server start -d                 # start a server
freshet workflow upload hello.yaml
freshet run start hello --wait
freshet why hello`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	a.group(root)
	a.commonFlags(root.PersistentFlags())
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(a.helpCommand())
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { a.help(c) })
	root.SetFlagErrorFunc(flagError)
	root.SetIn(a.Stdin)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddGroup(
		&cobra.Group{ID: groupFiles, Title: "Workflow files"},
		&cobra.Group{ID: groupWork, Title: "Work on a server"},
		&cobra.Group{ID: groupServer, Title: "Server"},
		&cobra.Group{ID: groupOther, Title: "Other"},
	)
	for _, group := range []struct {
		id       string
		commands []*cobra.Command
	}{
		{groupFiles, []*cobra.Command{a.execCommand(), a.validateCommand(), a.notebookCommand(), a.schemaCommand(), a.demoCommand()}},
		{groupWork, []*cobra.Command{a.workflowCommand(), a.runCommand(), a.taskCommand(), a.eventCommand(), a.whyCommand(),
			a.triggerCommand(), a.scheduleCommand(), a.namespaceCommand()}},
		{groupServer, []*cobra.Command{a.serverCommand(), a.configCommand(), a.databaseCommand(), a.doctorCommand(), a.secretCommand()}},
		{groupOther, []*cobra.Command{a.versionCommand(), a.completionCommand()}},
	} {
		for _, c := range group.commands {
			c.GroupID = group.id
			root.AddCommand(c)
		}
	}
	root.AddCommand(a.keeperCommand(), a.operatorCommand())
	cobra.CheckErr(root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(cobraTexts(formats), cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(root.RegisterFlagCompletionFunc("namespace", a.completesFlag(a.namespaceNames)))
	return root
}

// group makes a command one that only holds others: alone it shows its help,
// with an unknown word it says so.
func (a *app) group(c *cobra.Command, children ...*cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			a.help(c)
			return nil
		}
		return unknownCommand(c, args[0])
	}
	c.AddCommand(children...)
	return c
}

func unknownCommand(c *cobra.Command, typed string) error {
	var words []string
	for _, child := range c.Commands() {
		if !child.Hidden {
			words = append(words, child.Name())
		}
	}
	err := invalid("unknown command %q for `%s`", typed, c.CommandPath())
	if near := nearest(typed, words); near != "" {
		return err.WithHint("did you mean `%s %s`?", c.CommandPath(), near)
	}
	return err.WithHint("`%s --help` shows the commands", c.CommandPath())
}

// flagError says what is wrong with a flag.
func flagError(c *cobra.Command, err error) error {
	var own ownWords
	var number *strconv.NumError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &own):
		return invalid("%s", own).WithHint("`%s --help` shows the flags", c.CommandPath())
	case errors.As(err, &wrong) && errors.As(err, &number):
		return invalid("--%s takes a whole number; %q is none", wrong.GetFlag().Name, wrong.GetValue()).
			WithHint("`%s --help` shows the flags", c.CommandPath())
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return invalid("%s", err).WithHint("`%s --help` shows the flags", c.CommandPath())
	}
	name := unknown.GetSpecifiedName()
	dashes := "--"
	if unknown.GetSpecifiedShortnames() != "" {
		dashes = "-"
	}
	e := invalid("unknown flag %s%s of `%s`", dashes, name, c.CommandPath())
	if dashes == "-" && (strings.Contains(c.Use, "VALUE") || strings.ContainsAny(name, "0123456789")) {
		return e.WithHint("-- stands before a value that begins with a minus: `%s … -- -%s`", c.CommandPath(), unknown.GetSpecifiedShortnames())
	}
	var words []string
	c.Flags().VisitAll(func(f *pflag.Flag) { words = append(words, f.Name) })
	if near := nearest(name, words); near != "" && len(name) > 1 {
		return e.WithHint("did you mean --%s?", near)
	}
	return e.WithHint("`%s --help` shows the flags", c.CommandPath())
}

// takes checks the number of a command's arguments against its usage line:
// NAME has to be there, [NAME] may be, NAME… may be repeated.
func takes(c *cobra.Command) *cobra.Command {
	least, most := 0, 0
	for _, word := range strings.Fields(c.Use)[1:] {
		repeated := strings.HasSuffix(word, "…")
		if !strings.HasPrefix(word, "[") {
			least++
		}
		if most++; repeated {
			most = 1 << 20
		}
	}
	c.Args = func(c *cobra.Command, args []string) error {
		usage := "usage: `" + strings.TrimSuffix(c.CommandPath(), c.Name()) + c.Use + "`"
		switch {
		case len(args) < least:
			return invalid("%s is missing", strings.Fields(c.Use)[1+len(args)]).WithHint("%s", usage)
		case len(args) > most:
			return invalid("unexpected argument %q", args[most]).WithHint("%s", usage)
		}
		return nil
	}
	return c
}

func cobraTexts(texts []string) []cobra.Completion { return texts }
