package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/freshet/freshet"
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
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return invalid("%s", flagWords(err)).WithHint("`%s --help` shows the flags", c.CommandPath())
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

// flagWords says what is wrong with the value of a flag.
func flagWords(err error) string {
	var own ownWords
	var of *freshet.Error
	var wrong *pflag.InvalidValueError
	var none *pflag.ValueRequiredError
	var malformed *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &own):
		return string(own)
	case errors.As(err, &none):
		return fmt.Sprintf("--%s takes %s, and nothing follows it", none.GetFlag().Name, cmp.Or(valueName(none.GetFlag()), "a value"))
	case errors.As(err, &malformed):
		return fmt.Sprintf("%s is no flag", malformed.GetSpecifiedFlag())
	case !errors.As(err, &wrong):
		return err.Error()
	}
	flag, value := wrong.GetFlag(), wrong.GetValue()
	switch kind := flag.Value.Type(); {
	case errors.As(err, &of):
		return fmt.Sprintf("--%s: %s", flag.Name, of.Message)
	case kind == "bool":
		return fmt.Sprintf("--%s is true or false; %q is neither", flag.Name, value)
	case strings.HasPrefix(kind, "int"):
		return fmt.Sprintf("--%s takes a whole number; %q is none", flag.Name, value)
	case kind == "stringSlice":
		return fmt.Sprintf("--%s takes a list with commas, in which a quote has its other end; %q is none", flag.Name, value)
	}
	return fmt.Sprintf("--%s cannot be %q", flag.Name, value)
}

// valueName is what a flag's value is called: its usage begins with it, as in
// "URL: where …".
func valueName(f *pflag.Flag) string {
	name, _, named := strings.Cut(f.Usage, ": ")
	if !named {
		return ""
	}
	return name
}

// oneOf lets a command have one of some flags at most.
func oneOf(c *cobra.Command, names ...string) {
	c.MarkFlagsMutuallyExclusive(names...) // for completion
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		given := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !c.Flags().Changed(name) })
		if len(given) < 2 {
			return nil
		}
		return invalid("--%s and --%s exclude each other", given[0], given[1]).WithHint("`%s --help` shows the flags", c.CommandPath())
	}
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
