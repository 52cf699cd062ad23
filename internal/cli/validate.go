package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func (a *app) validateCommand() *cobra.Command {
	var strict bool
	c := &cobra.Command{
		Use:   "validate FILE…",
		Short: "Check workflow files, without a server",
		Long: `Check workflow files and show all problems of all of them, without a server.
It ends with 2 if there is an error. FILE may be a directory, or - for standard
input.`,
		Example: `freshet validate hello.yaml
freshet validate --strict workflows/        # warnings count as well
freshet validate -o json *.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			docs, err := a.readDocuments(args)
			if err != nil {
				return err
			}
			return a.validate(docs, strict)
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "end with 2 if there is a warning, too")
	return takes(c)
}

func (a *app) validate(docs []document, strict bool) error {
	var all []freshet.Diagnostic
	var checked []checkedFile
	sources := map[string]string{}
	wrong := false
	for _, d := range docs {
		flows, found := spec.Parse(d.name, d.source)
		all = append(all, wireDiagnostics(found)...)
		sources[d.name] = string(d.source)
		wrong = wrong || found.HasErrors() || strict && len(found) > 0
		checked = append(checked, checkedFile{d.name, len(flows), len(found)})
	}
	var err error
	switch a.flags.output {
	case jsonFormat:
		err = writeJSON(a.out, notNil(all))
	case yamlFormat:
		err = writeYAML(a.out, notNil(all))
	case plainFormat:
		for _, d := range all {
			a.out.line("%s\t%s\t%s\t%s\t%s", oneLine(place(d)), d.Severity, d.Code, oneLine(d.Message), oneLine(d.Hint))
		}
	default:
		a.diagnostics(a.out, all, sources)
		for _, f := range checked {
			if f.problems == 0 {
				a.out.line("%s: %s, %s", f.name, a.out.paint(green, "valid"), counted(f.workflows, "workflow"))
			}
		}
	}
	if err == nil && wrong {
		err = exitInvalid
	}
	return err
}

type checkedFile struct {
	name                string
	workflows, problems int
}

// counted is a number with its noun.
func counted[T int | int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

func (a *app) schemaCommand() *cobra.Command {
	return takes(&cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of workflow files, for editors",
		Example: `freshet schema > workflow.schema.json
# then, at the top of a workflow file:
#   # yaml-language-server: $schema=workflow.schema.json`,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(spec.Schema())
			return err
		},
	})
}
