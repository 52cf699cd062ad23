package cli

import (
	"math/big"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

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
		if err := carried("the parameter", t); err != nil {
			return r, err
		}
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
	if err := carried(file, string(text)); err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return invalid("%s: this is neither YAML nor JSON: %s", file, err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	dates(&doc)
	if n := inexact(&doc); n != nil {
		return invalid("%s:%d: a whole number of more than 64 bits cannot be kept exactly", file, n.Line).WithHint("write it as a text, in quotes")
	}
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

// inexact is a whole number in it that would become another one, nil if there
// is none.
func inexact(n *yaml.Node) *yaml.Node {
	if tag := n.ShortTag(); n.Kind == yaml.ScalarNode && (tag == "!!int" || tag == "!!float") {
		whole, ok := new(big.Int).SetString(n.Value, 0)
		if ok && !whole.IsInt64() {
			if f, _ := new(big.Float).SetInt(whole).Float64(); strconv.FormatFloat(f, 'f', -1, 64) != whole.String() {
				return n
			}
		}
	}
	for _, c := range n.Content {
		if found := inexact(c); found != nil {
			return found
		}
	}
	return nil
}

// carried refuses a text that JSON cannot carry: in silence it would become
// another one.
func carried(what, text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	return invalid("%s is not valid UTF-8", what).WithHint("encode binary data, for example with base64")
}
