package cli

import (
	"os"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/spf13/cobra"

	"github.com/freshet/freshet"
)

// parameters are those that a run is started with: -p name=text, which the
// server converts to the parameter's type, and -f file, a YAML or JSON mapping.
// A name given with -p wins over the file's.
type parameters struct {
	texts []string
	files []string
}

func (p *parameters) flags(c *cobra.Command) {
	c.Flags().StringArrayVarP(&p.texts, "param", "p", nil, "NAME=VALUE: a parameter; may be repeated")
	c.Flags().StringArrayVarP(&p.files, "params", "f", nil, "FILE: parameters as a YAML or JSON mapping; later files win")
	cobra.CheckErr(c.MarkFlagFilename("params", "yaml", "yml", "json"))
}

// request reads the files.
func (p *parameters) request(a *app) (freshet.RunRequest, error) {
	r := freshet.RunRequest{Parameters: map[string]any{}, Texts: map[string]string{}}
	for _, file := range p.files {
		text, err := os.ReadFile(a.path(file))
		if err != nil {
			return r, unreadable(file, err)
		}
		if err := readParameters(file, text, r.Parameters); err != nil {
			return r, err
		}
	}
	for _, t := range p.texts {
		name, value, ok := strings.Cut(t, "=")
		if !ok || name == "" {
			return r, invalid("the parameter %q is not name=value", t).WithHint("for example -p day=2026-11-20")
		}
		r.Texts[name] = value
		delete(r.Parameters, name)
	}
	return r, nil
}

// readParameters adds a file's parameters to those of the files before.
func readParameters(file string, text []byte, to map[string]any) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return invalid("%s: this is neither YAML nor JSON: %s", file, err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	dates(&doc)
	var values any
	if err := doc.Decode(&values); err != nil {
		return invalid("%s: %s", file, err)
	}
	switch values := values.(type) {
	case nil:
		return nil
	case map[string]any:
		for name, v := range values {
			to[name] = v
		}
		return nil
	}
	return invalid("%s: parameters are a mapping, such as `day: 2026-11-20`", file)
}

// dates keeps dates the texts that they are in JSON.
func dates(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		dates(c)
	}
}
