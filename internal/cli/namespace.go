package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) namespaceCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "namespace",
		Short: "Keep workflows and events of several teams apart",
		Long: `Keep workflows and events of several teams apart: events of one namespace are
never seen in another. "default" is always there.`,
		Example: `freshet namespace add science --property owner=ada
freshet namespace list
freshet --namespace science workflow upload etl.yaml`,
	}, a.namespaceAddCommand(), a.namespaceListCommand(), a.namespaceShowCommand(), a.namespaceUpdateCommand(), a.namespaceDeleteCommand())
}

var namespaceColumns = []column[freshet.Namespace]{
	{head: "NAMESPACE", cell: func(_ clock, n freshet.Namespace) string { return n.Name }},
	{head: "WORKFLOWS", cell: func(_ clock, n freshet.Namespace) string { return number(n.Workflows) }, right: true},
	{head: "CREATED", cell: func(c clock, n freshet.Namespace) string { return c.time(n.CreatedAt) },
		exact: func(n freshet.Namespace) string { return exact(&n.CreatedAt) }},
	{head: "PROPERTIES", cell: func(_ clock, n freshet.Namespace) string { return compact(n.Properties) }},
}

// properties are what is known about a namespace: texts, or JSON.
type properties struct {
	texts []string
	json  string
}

func (p *properties) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&p.texts, "property", nil, "NAME=VALUE: a property that is a text; may be repeated")
	c.Flags().StringVar(&p.json, "properties", "", "JSON: an object of properties")
}

func (p *properties) read() (map[string]any, error) {
	all := map[string]any{}
	if err := carried("--properties", p.json); err != nil {
		return nil, err
	}
	if p.json != "" {
		d := json.NewDecoder(bytes.NewReader([]byte(p.json)))
		d.UseNumber()
		if err := d.Decode(&all); err != nil || all == nil {
			return nil, invalid("--properties is not a JSON object").WithHint(`for example --properties '{"owner": "ada", "cost": 3}'`)
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, invalid("--properties has more than a JSON object")
		}
	}
	for _, t := range p.texts {
		if err := carried("the property", t); err != nil {
			return nil, err
		}
		name, value, ok := strings.Cut(t, "=")
		if !ok || name == "" {
			return nil, invalid("the property %q is not name=value", t).WithHint("for example --property owner=ada")
		}
		all[name] = value
	}
	return all, nil
}

func (a *app) namespaceAddCommand() *cobra.Command {
	var p properties
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a namespace",
		Example: `freshet namespace add science
freshet namespace add science --property owner=ada --properties '{"cost": 3}'`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			return a.changeNamespace(c, args[0], &p, "added", (*client.Client).AddNamespace)
		},
	}
	p.flags(c)
	return takes(c)
}

func (a *app) namespaceUpdateCommand() *cobra.Command {
	var p properties
	var remove []string
	c := &cobra.Command{
		Use:   "update NAME",
		Short: "Change properties of a namespace; the others stay",
		Example: `freshet namespace update science --property owner=bob
freshet namespace update science --remove owner --properties '{"cost": 4}'`,
		ValidArgsFunction: a.completes(a.namespaceNames),
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("property") && !c.Flags().Changed("properties") && len(remove) == 0 {
				return invalid("it is not said what to change").WithHint("--property name=value sets a property, --remove name removes it")
			}
			return a.changeNamespace(c, args[0], &p, "updated", func(server *client.Client, ctx context.Context, name string, all map[string]any) (freshet.Namespace, error) {
				for _, name := range remove {
					all[name] = nil
				}
				return server.UpdateNamespace(ctx, name, all)
			})
		},
	}
	p.flags(c)
	c.Flags().StringArrayVar(&remove, "remove", nil, "NAME: a property to remove; may be repeated")
	return takes(c)
}

func (a *app) changeNamespace(c *cobra.Command, name string, p *properties, done string, change func(*client.Client, context.Context, string, map[string]any) (freshet.Namespace, error)) error {
	all, err := p.read()
	if err != nil {
		return err
	}
	server, err := a.connect(0)
	if err != nil {
		return err
	}
	n, err := change(server, c.Context(), name, all)
	if err != nil {
		return err
	}
	return a.show(n, func() { a.out.line("Namespace: %s %s.", n.Name, done) }, func(p *printer) { p.line("%s", n.Name) })
}

func (a *app) namespaceListCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "list",
		Short: "List namespaces",
		Example: `freshet namespace list
freshet namespace list -o json`,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			all, err := server.Namespaces(c.Context())
			if err != nil {
				return err
			}
			return list(a, all, namespaceColumns)
		},
	})
}

func (a *app) namespaceShowCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "show NAME",
		Short: "Show a namespace and its properties",
		Example: `freshet namespace show science
freshet namespace show science -o json`,
		ValidArgsFunction: a.completes(a.namespaceNames),
		RunE: func(c *cobra.Command, args []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			n, err := server.Namespace(c.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(n, func() {
				a.fields([]field{
					{name: "namespace", value: n.Name},
					{name: "workflows", value: fmt.Sprint(n.Workflows)},
					{name: "created", value: a.clock(a.out).time(n.CreatedAt)},
					{name: "properties", value: compact(n.Properties)},
				})
			}, plainOf(n, namespaceColumns))
		},
	})
}

func (a *app) namespaceDeleteCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a namespace that holds no workflows",
		Example: `freshet namespace delete science
freshet namespace delete science -y`,
		ValidArgsFunction: a.completes(a.namespaceNames),
		RunE: func(c *cobra.Command, args []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			n, err := server.Namespace(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := a.confirm(c.Context(), yes, "namespace %s", n.Name); err != nil {
				return err
			}
			if err := server.DeleteNamespace(c.Context(), n.Name); err != nil {
				return err
			}
			return a.show(n, func() { a.out.line("Namespace: %s deleted.", n.Name) }, func(p *printer) { p.line("%s", n.Name) })
		},
	}
	yesFlag(c, &yes)
	return takes(c)
}
