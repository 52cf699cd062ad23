package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/client"
)

func (a *app) secretCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "secret",
		Short: "Keep values that tasks use and nobody may read",
		Long: `Keep values that tasks use and nobody may read. A workflow names one as
secrets.NAME; its value goes to the process and is masked in everything that is
shown. All namespaces share them. A file /run/secrets/NAME and then a variable
FRESHET_SECRET_NAME of the server take precedence over what is set here.`,
		Example: `freshet secret set PGPASSWORD             # asks for the value
cat password.txt | freshet secret set PGPASSWORD
freshet secret list`,
	}, a.secretSetCommand(), a.secretListCommand(), a.secretDeleteCommand())
}

var secretColumns = []column[freshet.Secret]{
	{head: "SECRET", cell: func(_ clock, s freshet.Secret) string { return s.Name }},
	{head: "SOURCE", cell: func(_ clock, s freshet.Secret) string { return string(s.Source) }},
	{head: "UPDATED", cell: func(c clock, s freshet.Secret) string { return c.moment(s.UpdatedAt) },
		exact: func(s freshet.Secret) string { return exact(s.UpdatedAt) }},
}

func (a *app) secretSetCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "set NAME",
		Short: "Set a secret to what standard input says",
		Long: `Set a secret to what standard input says, without the end of line at its end. On
a terminal it is asked for and not shown. It is kept encrypted in the home, and
processes that start from now on get it.`,
		Example: `freshet secret set PGPASSWORD             # asks for the value
printf %s "$TOKEN" | freshet secret set TOKEN
cat private.pem | freshet secret set KEY`,
		ValidArgsFunction: a.completes(a.secretNames),
		RunE: func(c *cobra.Command, args []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			value, err := a.secretValue(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := server.SetSecret(c.Context(), args[0], value); err != nil {
				return err
			}
			return a.wasSet(c.Context(), server, args[0])
		},
	})
}

// maxSecret is more than a server takes.
const maxSecret = 1 << 20

// secretValue reads the value of a secret.
func (a *app) secretValue(ctx context.Context, name string) (string, error) {
	if a.StdinTerminal && a.ReadHidden != nil {
		fmt.Fprintf(a.err, "Value of %s: ", name)
		value, err := a.ReadHidden(ctx)
		a.err.line("")
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return value, err
	}
	raw, err := io.ReadAll(io.LimitReader(a.Stdin, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read standard input: %w", err)
	case len(raw) > maxSecret:
		return "", freshet.Errorf(freshet.TooLarge, "what standard input says is too large for a secret")
	case !utf8.Valid(raw):
		return "", invalid("the value is not valid UTF-8").WithHint("encode binary data, for example with base64")
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// wasSet says that a secret was set, and whether another source precedes it.
func (a *app) wasSet(ctx context.Context, server *client.Client, name string) error {
	all, err := server.Secrets(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s freshet.Secret) bool { return s.Name == name })
	if i < 0 {
		return freshet.Errorf(freshet.Conflict, "secret %s was set, and deleted at once by somebody else", name)
	}
	s := all[i]
	return a.show(s, func() {
		a.out.line("Secret: %s set.", name)
		if s.Source != freshet.SecretStored {
			a.err.line("%s a %s of the server has that name too, and takes precedence", a.err.paint(yellow, "warning:"), s.Source)
		}
	}, func(p *printer) { p.line("%s", name) })
}

func (a *app) secretListCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "list",
		Short: "List secrets and where they come from; never a value",
		Example: `freshet secret list
freshet secret list -o json`,
		RunE: func(c *cobra.Command, _ []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			all, err := server.Secrets(c.Context())
			if err != nil {
				return err
			}
			return list(a, all, secretColumns)
		},
	})
}

func (a *app) secretDeleteCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a secret",
		Example: `freshet secret delete PGPASSWORD
freshet secret delete PGPASSWORD -y`,
		ValidArgsFunction: a.completes(a.secretNames),
		RunE: func(c *cobra.Command, args []string) error {
			server, err := a.connect(0)
			if err != nil {
				return err
			}
			if err := a.confirm(c.Context(), yes, "secret %s", args[0]); err != nil {
				return err
			}
			if err := server.DeleteSecret(c.Context(), args[0]); err != nil {
				return err
			}
			gone := struct {
				Name string `json:"name"`
			}{args[0]}
			return a.show(gone, func() { a.out.line("Secret: %s deleted.", args[0]) }, func(p *printer) { p.line("%s", args[0]) })
		},
	}
	yesFlag(c, &yes)
	return takes(c)
}

func (a *app) secretNames(ctx context.Context, c *client.Client, _ []string, word string) ([]string, error) {
	all, err := c.Secrets(ctx)
	var names []string
	for _, s := range all {
		if strings.HasPrefix(s.Name, word) {
			names = append(names, s.Name)
		}
	}
	return names, err
}
