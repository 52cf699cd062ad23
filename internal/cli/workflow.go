package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) workflowCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "workflow",
		Short: "Upload and look at workflows",
		Example: `freshet workflow upload hello.yaml
freshet workflow list
freshet workflow show hello`,
	}, a.uploadCommand(), a.workflowListCommand(), a.workflowShowCommand(), a.workflowDiffCommand(),
		a.workflowEnableCommand(true), a.workflowEnableCommand(false), a.workflowDeleteCommand())
}

// allNamespaces is the flag of lists that look at every namespace.
func (a *app) allNamespacesFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&a.flags.allNamespaces, "all-namespaces", "A", false, "of every namespace")
}

// listedNamespace is the namespace that a list is of, empty for all.
func (a *app) listedNamespace() (string, error) {
	if a.flags.allNamespaces {
		return "", nil
	}
	return a.namespace()
}

func limitFlag(c *cobra.Command, limit *int) {
	*limit = 50
	c.Flags().Var(&whole[int]{to: limit, least: 1, wrong: func(string) string { return "--limit is a whole number from 1" }}, "limit", "N: at most so many")
}

var workflowColumns = []column[freshet.Workflow]{
	{head: "WORKFLOW", cell: func(_ clock, w freshet.Workflow) string { return w.Namespace + "." + w.Name }},
	{head: "VERSION", cell: func(_ clock, w freshet.Workflow) string { return shortVersion(w.Version) },
		exact: func(w freshet.Workflow) string { return w.Version }},
	{head: "ENABLED", cell: func(_ clock, w freshet.Workflow) string { return fmt.Sprint(w.Enabled) },
		paint: func(w freshet.Workflow) colour { return paintEnabled(w.Enabled) }},
	{head: "TASKS", cell: func(_ clock, w freshet.Workflow) string { return number(len(w.Tasks)) }, right: true},
	{head: "UPLOADED", cell: func(c clock, w freshet.Workflow) string { return c.time(w.UpdatedAt) },
		exact: func(w freshet.Workflow) string { return exact(&w.UpdatedAt) }},
	{head: "DESCRIPTION", cell: func(_ clock, w freshet.Workflow) string { return w.Description }},
}

func paintEnabled(enabled bool) colour {
	if enabled {
		return noColour
	}
	return yellow
}

// listedWorkflow is what a list of [WORKFLOW] is of: a namespace and a
// workflow, empty for all.
func (a *app) listedWorkflow(args []string) (namespace, name string, err error) {
	if namespace, err = a.listedNamespace(); err != nil || len(args) == 0 {
		return namespace, "", err
	}
	its, name, err := a.workflowRef(args[0])
	if !a.flags.allNamespaces || name != args[0] {
		namespace = its
	}
	return namespace, name, err
}

func (a *app) workflowListCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "list",
		Short: "List workflows",
		Example: `freshet workflow list
freshet workflow list --all-namespaces
freshet workflow list -o plain | cut -f1`,
		RunE: func(c *cobra.Command, _ []string) error {
			namespace, err := a.listedNamespace()
			if err != nil {
				return err
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			flows, err := server.Workflows(c.Context(), client.WorkflowQuery{Namespace: namespace, Limit: limit})
			if err != nil {
				return err
			}
			if len(flows) == 0 {
				if err := hasNamespace(c.Context(), server, namespace); err != nil {
					return err
				}
			}
			return listOr(a, flows, workflowColumns, noRows{of: "workflows", namespace: namespace, hint: "`freshet workflow upload FILE` uploads one"})
		},
	}
	limitFlag(c, &limit)
	a.allNamespacesFlag(c)
	return takes(c)
}

func (a *app) workflowShowCommand() *cobra.Command {
	var source bool
	c := &cobra.Command{
		Use:   "show WORKFLOW",
		Short: "Show a workflow, its triggers, its versions and its text",
		Example: `freshet workflow show hello
freshet workflow show --source hello > hello.yaml`,
		ValidArgsFunction: a.completes(a.workflowNames),
		RunE: func(c *cobra.Command, args []string) error {
			namespace, name, err := a.workflowRef(args[0])
			if err != nil {
				return err
			}
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			w, err := server.Workflow(c.Context(), namespace, name)
			if err != nil {
				return a.meant(c.Context(), server, namespace, name, err)
			}
			if source {
				_, err := a.out.Write([]byte(w.Source))
				return err
			}
			if a.flags.output != tableFormat {
				return a.show(w, nil, plainOf(w.Workflow, workflowColumns))
			}
			triggers, err := server.Triggers(c.Context(), client.TriggerQuery{Namespace: namespace, Workflow: name})
			if err != nil {
				return err
			}
			a.showWorkflow(w, triggers)
			return nil
		},
	}
	c.Flags().BoolVar(&source, "source", false, "print its text and nothing else")
	return takes(c)
}

func (a *app) showWorkflow(w freshet.WorkflowDetail, triggers freshet.TriggerPage) {
	now := a.clock(a.out)
	var files, versions []string
	for _, f := range w.Files {
		files = append(files, f.Path)
	}
	for _, v := range w.Versions {
		versions = append(versions, shortVersion(v.Version)+" of "+now.time(v.CreatedAt))
	}
	a.fields([]field{
		{name: "workflow", value: w.Namespace + "." + w.Name},
		{name: "description", value: w.Description},
		{name: "version", value: w.Version},
		{name: "enabled", value: fmt.Sprint(w.Enabled), tint: paintEnabled(w.Enabled)},
		{name: "tasks", value: strings.Join(w.Tasks, ", ")},
		{name: "files", value: strings.Join(files, ", ")},
		{name: "versions", value: strings.Join(versions, ", ")},
	})
	if len(triggers.Items) > 0 {
		slices.Reverse(triggers.Items) // as the file has them
		a.out.line("")
		table(a, triggers.Items, slices.DeleteFunc(triggerColumns(), func(c column[freshet.Trigger]) bool { return c.head == "WORKFLOW" }))
	}
	if triggers.Next != "" {
		a.out.line("… and more; `%s trigger list %s.%s` lists them", a.name, w.Namespace, w.Name)
	}
	a.out.line("\n%s", strings.TrimRight(w.Source, "\n"))
}

// show writes one object in the format that was asked for.
func (a *app) show(v any, table func(), plain func(*printer)) error {
	switch a.flags.output {
	case jsonFormat:
		return writeJSON(a.out, v)
	case yamlFormat:
		return writeYAML(a.out, v)
	case plainFormat:
		plain(a.out)
		return nil
	}
	table()
	return nil
}

// plainOf writes a row as its list does.
func plainOf[T any](row T, columns []column[T]) func(*printer) {
	return func(p *printer) { plainRow(p, row, columns) }
}
