package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet/client"
)

// completionTime is how long a person waits for a completion. A server that
// does not answer by then is none.
const completionTime = 200 * time.Millisecond

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return takes(&cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of bash, zsh, fish or powershell",
		Example: `source <(freshet completion bash)       # in ~/.bashrc
freshet completion zsh > "${fpath[1]}/_freshet"
freshet completion fish > ~/.config/fish/completions/freshet.fish`,
		ValidArgsFunction: cobra.FixedCompletions(cobraTexts(shells), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(c *cobra.Command, args []string) error {
			switch root := c.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return invalid("no completion for the shell %q", args[0]).WithHint("there is one for bash, zsh, fish and powershell")
		},
	})
}

// words finds what a word of a command line can become; before are the
// arguments in front of it.
type words func(ctx context.Context, c *client.Client, before []string, word string) ([]string, error)

// completes makes completions of the words that a server knows, one function
// for each argument. Whatever goes wrong is no completion.
func (a *app) completes(arguments ...words) cobra.CompletionFunc {
	return func(c *cobra.Command, before []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if len(before) >= len(arguments) {
			return nil, directive
		}
		return a.complete(c, arguments[len(before)], before, word), directive
	}
}

// completesAll completes every argument in the same way.
func (a *app) completesAll(argument words) cobra.CompletionFunc {
	return func(c *cobra.Command, before []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.complete(c, argument, before, word), cobra.ShellCompDirectiveNoFileComp
	}
}

// completesFlag completes the value of a flag, whatever the arguments are.
func (a *app) completesFlag(value words) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.complete(c, value, nil, word), cobra.ShellCompDirectiveNoFileComp
	}
}

// offered tells whether a word is a completion: it begins as typed, and has not
// been given yet.
func offered(found, word string, before []string) bool {
	return strings.HasPrefix(found, word) && !slices.Contains(before, found)
}

func (a *app) complete(c *cobra.Command, find words, before []string, word string) []cobra.Completion {
	server, err := a.connect(0)
	if err != nil {
		return nil
	}
	// Completion runs while the person types; Execute gave it a context.
	ctx, cancel := context.WithTimeout(c.Context(), completionTime)
	defer cancel()
	found, err := find(ctx, server, before, word)
	if err != nil {
		return nil
	}
	return found
}

func (a *app) namespaceNames(ctx context.Context, c *client.Client, _ []string, word string) ([]string, error) {
	return c.Names(ctx, "namespace", "", word)
}

func (a *app) workflowNames(ctx context.Context, c *client.Client, _ []string, word string) ([]string, error) {
	namespace, err := a.namespace()
	if err != nil {
		return nil, err
	}
	return c.Names(ctx, "workflow", namespace, word)
}

func (a *app) keyNames(ctx context.Context, c *client.Client, before []string, word string) ([]string, error) {
	namespace, err := a.namespace()
	if err != nil {
		return nil, err
	}
	keys, err := c.Names(ctx, "key", namespace, word)
	return slices.DeleteFunc(keys, func(key string) bool { return !typeable(key) || !offered(key, word, before) }), err
}

// typeable tells whether a shell may see a word that somebody else chose.
func typeable(word string) bool { return strings.TrimSpace(word) != "" && oneLine(word) == word }

// runNames are workflows, whose latest run is meant, and ids.
func (a *app) runNames(ctx context.Context, c *client.Client, before []string, word string) ([]string, error) {
	namespace, err := a.namespace()
	if err != nil {
		return nil, err
	}
	flows, err := a.workflowNames(ctx, c, before, word)
	if err != nil {
		return nil, err
	}
	runs, err := c.Names(ctx, "run", namespace, word)
	return append(flows, runs...), err
}

// offeredRuns is how many runs a question about one offers.
const offeredRuns = 20

// whyNames are workflows, and the newest runs.
func (a *app) whyNames(ctx context.Context, c *client.Client, before []string, word string) ([]string, error) {
	names, err := a.runNames(ctx, c, before, word)
	return fewRuns(names), err
}

// fewRuns leaves out, of names and of runs from the newest on, the old runs.
func fewRuns(names []string) []string {
	runs := 0
	return slices.DeleteFunc(names, func(name string) bool {
		_, isRun := runID(name)
		if isRun {
			runs++
		}
		return isRun && runs > offeredRuns
	})
}

// completesZones completes --timezone.
func completesZones(c *cobra.Command) {
	cobra.CheckErr(c.RegisterFlagCompletionFunc("timezone", cobra.FixedCompletions(cobraTexts(commonZones), cobra.ShellCompDirectiveNoFileComp)))
}

// commonZones are those that are offered; all of the database are taken.
var commonZones = []string{
	"UTC", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "America/Argentina/Buenos_Aires", "America/Bogota",
	"America/Chicago", "America/Denver", "America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Sao_Paulo",
	"America/Toronto", "Asia/Bangkok", "Asia/Dubai", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Karachi", "Asia/Kolkata", "Asia/Manila",
	"Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Perth", "Australia/Sydney", "Europe/Amsterdam",
	"Europe/Athens", "Europe/Berlin", "Europe/Dublin", "Europe/Istanbul", "Europe/Lisbon", "Europe/London", "Europe/Madrid",
	"Europe/Moscow", "Europe/Paris", "Europe/Rome", "Europe/Stockholm", "Europe/Warsaw", "Europe/Zurich", "Pacific/Auckland",
}

// taskNames are the tasks of the run that stands before.
func (a *app) taskNames(ctx context.Context, c *client.Client, before []string, word string) ([]string, error) {
	id, err := a.runRef(ctx, c, before[0])
	if err != nil {
		return nil, err
	}
	run, err := c.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	w, err := c.Workflow(ctx, run.Namespace, run.Workflow)
	if err != nil {
		return nil, err
	}
	if task, _, item := strings.Cut(word, "["); item {
		return itemNames(ctx, c, id, task, word)
	}
	return slices.DeleteFunc(w.Tasks, func(task string) bool { return !strings.HasPrefix(task, word) }), nil
}

// offeredItems is how many items a completion offers.
const offeredItems = 100

// itemNames are the items of a task.
func itemNames(ctx context.Context, c *client.Client, run int64, task, word string) ([]string, error) {
	rows, err := c.Task(ctx, run, task)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range rows {
		if name := taskName(&rows[i]); rows[i].Item != nil && strings.HasPrefix(name, word) && !slices.Contains(names, name) && len(names) < offeredItems {
			names = append(names, name)
		}
	}
	return names, nil
}
