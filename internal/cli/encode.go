package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	yaml "go.yaml.in/yaml/v4"
)

// writeJSON writes a value over several lines.
func writeJSON(w io.Writer, v any) error {
	text, err := jsonText(v, "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// writeJSONLine writes a value in one line, as streams do.
func writeJSONLine(w io.Writer, v any) error {
	text, err := jsonText(v, "")
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func jsonText(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return b.Bytes(), nil
}

// writeYAML writes what writeJSON would write, with the same keys in the same
// order.
func writeYAML(w io.Writer, v any) error {
	text, err := jsonText(v, "")
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := yamlNode(d)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	out, err := yaml.Marshal(n)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	_, err = w.Write(out)
	return err
}

// yamlNode reads the next JSON value as a YAML node.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if t == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		for d.More() {
			// A key is a value like the others to the decoder.
			c, err := yamlNode(d)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
		_, err = d.Token()
		return n, err
	case string:
		n := &yaml.Node{}
		n.SetString(t)
		return n, nil
	case json.Number:
		tag := "!!int"
		if bytes.ContainsAny([]byte(t), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(t)}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
}
