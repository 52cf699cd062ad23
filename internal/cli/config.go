package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/setting"
)

func (a *app) configCommand() *cobra.Command {
	return a.group(&cobra.Command{
		Use:   "config",
		Short: "Look at settings, and where they come from",
		Long: `Look at settings. A flag wins over the environment (FRESHET_NAME, then a file
named by FRESHET_NAME_FILE, then /run/secrets/FRESHET_NAME), the environment over
freshet.yaml in the home, and that over the default.`,
		Example: `freshet config list
freshet config get listen
freshet config init                     # writes a freshet.yaml to begin with`,
	}, a.configInitCommand(), a.configListCommand(), a.configGetCommand())
}

func (a *app) configInitCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "init",
		Short: "Write a freshet.yaml that tells about every setting",
		Example: `freshet config init
freshet config init --home /srv/freshet`,
		RunE: func(*cobra.Command, []string) error {
			s, _, err := a.settings(nil)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(s.Home, 0o700); err != nil {
				return freshet.Errorf(freshet.Unavailable, "cannot make the home: %s", err)
			}
			path := filepath.Join(s.Home, setting.File)
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			switch {
			case errors.Is(err, fs.ErrExist):
				return freshet.Errorf(freshet.Conflict, "%s exists already", path).WithHint("edit it; `freshet config list` shows all settings")
			case err != nil:
				return freshet.Errorf(freshet.Unavailable, "cannot write the settings: %s", err)
			}
			_, err = f.Write(setting.Template())
			if err := errors.Join(err, f.Close()); err != nil {
				return freshet.Errorf(freshet.Unavailable, "cannot write the settings: %s", err)
			}
			a.out.line("%s written", path)
			return nil
		},
	})
}

// configRow is a setting as `config list` shows it.
type configRow struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Source  string `json:"source"`
	Env     string `json:"env"`
	Default string `json:"default"`
	Meaning string `json:"meaning"`
}

var configColumns = []column[configRow]{
	{head: "NAME", cell: func(_ clock, r configRow) string { return r.Name }},
	{head: "VALUE", cell: func(_ clock, r configRow) string { return r.Value }},
	{head: "SOURCE", cell: func(_ clock, r configRow) string { return r.Source },
		paint: func(r configRow) colour {
			if r.Source == "default" {
				return dim
			}
			return green
		}},
	{head: "MEANING", cell: func(_ clock, r configRow) string { return r.Meaning }},
}

// configRows are all settings, secret values masked.
func (a *app) configRows() ([]configRow, error) {
	_, values, err := a.settings(nil)
	if err != nil {
		return nil, err
	}
	rows := make([]configRow, len(values))
	for i, v := range values {
		rows[i] = configRow{v.Name, v.Text, v.Source, v.Env, v.Default, v.Doc}
		if v.Secret && v.Text != "" {
			rows[i].Value = "***"
		}
	}
	return rows, nil
}

func (a *app) configListCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "list",
		Short: "List all settings with value, source and meaning",
		Example: `freshet config list
freshet config list -o json`,
		RunE: func(*cobra.Command, []string) error {
			rows, err := a.configRows()
			if err != nil {
				return err
			}
			return list(a, rows, configColumns)
		},
	})
}

func (a *app) configGetCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "get NAME",
		Short: "Print the value of a setting",
		Example: `freshet config get listen
freshet config get log_limit -o json`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return settingNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			rows, err := a.configRows()
			if err != nil {
				return err
			}
			for _, r := range rows {
				if r.Name == args[0] {
					return a.show(r, func() { a.out.line("%s", r.Value) }, plainOf(r, configColumns))
				}
			}
			e := freshet.Errorf(freshet.NotFound, "there is no setting %q", args[0])
			if near := nearest(strings.ToLower(args[0]), settingNames()); near != "" {
				return e.WithHint("did you mean %s?", near)
			}
			return e.WithHint("`freshet config list` shows all settings")
		},
	})
}

func settingNames() []string {
	var names []string
	for _, s := range setting.All() {
		names = append(names, s.Name)
	}
	return names
}
