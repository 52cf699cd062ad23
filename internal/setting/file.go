package setting

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet"
)

// file reads freshet.yaml, a mapping from names to values. That there is none
// is fine.
func (in Input) file(path string) (map[string]string, error) {
	text, err := in.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, freshet.Errorf(freshet.Invalid, "the settings cannot be read: %s", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, freshet.Errorf(freshet.Invalid, "%s: this is not YAML: %s", path, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, freshet.Errorf(freshet.Invalid, "%s:%d: settings are lines like `slots: 16`", path, top.Line)
	}
	out := map[string]string{}
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		s, known := Named(key.Value)
		switch {
		case !known:
			return nil, freshet.Errorf(freshet.Invalid, "%s:%d: there is no setting %q", path, key.Line, key.Value).
				WithHint("`config list` shows all settings")
		case s.Name == "home":
			return nil, freshet.Errorf(freshet.Invalid, "%s:%d: the home cannot be set in a file that lies in it", path, key.Line).
				WithHint("use --home DIR, or the variable FRESHET_HOME")
		}
		if out[s.Name], err = scalars(value, s.many); err != nil {
			return nil, freshet.Errorf(freshet.Invalid, "%s:%d: the setting %s: %s", path, value.Line, s.Name, err)
		}
	}
	return out, nil
}

// scalars is a value's text: itself, or the parts of a list with commas, where
// one is taken.
func scalars(n *yaml.Node, list bool) (string, error) {
	switch {
	case n.Kind == yaml.ScalarNode:
		return n.Value, nil
	case !list:
		return "", errors.New("a text or a number is expected, and not several")
	case n.Kind == yaml.SequenceNode:
		parts := make([]string, len(n.Content))
		for i, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				return "", errors.New("a list of texts is expected")
			}
			parts[i] = c.Value
		}
		return strings.Join(parts, ","), nil
	}
	return "", errors.New("a text, a number or a list of texts is expected")
}

// Template is a freshet.yaml that sets nothing and tells about everything.
func Template() []byte {
	var b strings.Builder
	b.WriteString("# Settings of this home. A flag and the environment win over this file.\n")
	for _, s := range All() {
		if s.Name == "home" || s.Secret {
			continue // the one cannot stand here, the others should not
		}
		value := s.Default
		if value == "" {
			value = "[]"
		}
		fmt.Fprintf(&b, "\n# %s (%s)\n#%s: %s\n", s.Doc, s.Env, s.Name, value)
	}
	return []byte(b.String())
}
