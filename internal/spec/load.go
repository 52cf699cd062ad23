package spec

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// load parses a document's YAML into nodes.
func load(doc *document) (*yaml.Node, *Diagnostic) {
	loader, err := yaml.NewLoader(strings.NewReader(doc.text()))
	if err != nil {
		return nil, doc.broken(err)
	}
	var n yaml.Node
	if err := loader.Load(&n); err != nil {
		return nil, doc.broken(err)
	}
	if err := loader.Load(&yaml.Node{}); err != io.EOF {
		if err == nil {
			err = errors.New("more than one document")
		}
		return nil, doc.broken(err)
	}
	return n.Content[0], nil
}

// trap is a mistake that YAML makes easy. The parser's own message for it
// speaks of YAML's grammar and helps nobody.
type trap struct {
	says    string         // part of the parser's message
	line    *regexp.Regexp // on the line of the error, or near it
	code    string
	message string // empty: the parser's
	hint    string
}

var traps = []trap{
	{
		"", regexp.MustCompile(`^ *\t`), CodeTab,
		"YAML is indented with spaces, here is a tab", "replace the tabs at the beginning of lines with spaces",
	}, {
		"expected ','", regexp.MustCompile(`[{\[,:] *\$\{\{`), CodeBraces,
		"${{ }} inside { } or [ ] has to be quoted", `write "${{ … }}" with the quotes`,
	}, {
		"did not find expected", regexp.MustCompile(`(^|[\s{,])[\w-]+: +("[^"]*"|'[^']*') *([=!<>+*/%?&|.-]|in\s)`), CodeQuote,
		"a value that begins with a quote ends with the same quote", `quote the whole expression: '"a" == b'`,
	}, {
		"mapping values are not allowed", regexp.MustCompile(`[\w-]+: +[^"'\s{\[|>].*: `), CodeColon,
		"`: ` inside a value that is not quoted", "quote the whole value, or put it on a line of its own below `>-`",
	}, {
		"cannot start any token", regexp.MustCompile("[:-] +[@`%]"), CodeQuote,
		"a value cannot begin with this character", "quote the value",
	}, {
		"anchor", regexp.MustCompile(`[:-] +\*`), CodeAlias,
		"a value that begins with `*` is a YAML alias, and there is no such anchor", "quote the value if it is an expression; an anchor is written `&name`",
	}, {
		"did not find expected key", regexp.MustCompile(`^ *["'\w-]+:`), CodeYAML,
		"", "keys of one mapping begin in the same column",
	},
}

// broken says what is wrong with a text that is no YAML.
func (d *document) broken(err error) *Diagnostic {
	out := &Diagnostic{File: d.file, Line: d.first, Col: 1, Code: CodeYAML, Severity: Error, Message: "this is not YAML: " + err.Error()}
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		return out
	}
	begin := le.ContextMark.Line + d.first - 1
	out.Line, out.Col = d.clamp(max(le.Mark.Line, 1)+d.first-1, max(le.Mark.Column, 1))
	out.Message = "this is not YAML: " + le.Message
	if strings.Contains(le.ContextMsg, "flow") || strings.Contains(le.ContextMsg, "quoted") {
		line, _ := d.clamp(begin, 1) // what was to follow the last line begins in it
		out.Message += fmt.Sprintf(", %s that begins in line %d", le.ContextMsg, line)
	}
	for _, t := range traps {
		if !strings.Contains(le.Message, t.says) {
			continue
		}
		for _, at := range []int{out.Line, begin, out.Line - 1} {
			where := t.line.FindStringIndex(d.line(at))
			if where == nil {
				continue
			}
			if at != out.Line {
				out.Line, out.Col = d.clamp(at, len([]rune(d.line(at)[:where[0]]))+1)
			}
			out.Code, out.Message, out.Hint = t.code, cmp.Or(t.message, out.Message), t.hint
			return out
		}
	}
	return out
}
