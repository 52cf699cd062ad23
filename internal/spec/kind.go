package spec

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// script is a bash task's script, with the program that runs it.
type script struct{ text, shell string }

var scriptForm = func() form[script] {
	long := &object[script]{
		what: "`bash`",
		fields: []field[script]{
			must(key("script", scriptText, func(s *script) *string { return &s.text }, "The script.")),
			key("shell", plain, func(s *script) *string { return &s.shell }, "The bash that runs it; default: bash."),
		},
	}
	mapping := long.form()
	return either[script]{
		what:    "a script, or {script, shell}",
		scalar:  convert(scriptText, func(s string) script { return script{text: s} }),
		mapping: &mapping,
	}.form()
}()

// scriptText is a script. Expressions never stand in one: a value from outside
// could become code.
var scriptText = form[string]{anyText.schema, func(r *reader, n *yaml.Node) (string, bool) {
	s, ok := readScalar(r, n)
	if !ok {
		return "", false
	}
	if strings.TrimSpace(s) == "" {
		r.errorAt(n, CodeEmpty, "an empty script")
		return "", false
	}
	if i := strings.Index(s, "${{"); i >= 0 {
		n := deref(n)
		before := strings.Split(s[:i], "\n")
		line, col := r.within(n, len(before), len([]rune(before[len(before)-1]))+1)
		r.report(line, col, CodeScript, Error, envHint(s),
			"${{ }} cannot stand inside a script: a value from outside could become code")
		return "", false
	}
	return s, true
}}

var (
	inScript   = regexp.MustCompile(`(?s)\$\{\{(.*?)\}\}`)
	identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// envHint is the `env:` that gives a script the values of its expressions.
func envHint(script string) string {
	taken := map[string]string{}
	for _, name := range []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "PWD", "IFS", "ENV", "UID", "SECONDS", "RANDOM"} {
		taken[name] = "of the system"
	}
	var bindings, uses []string
	for _, m := range inScript.FindAllStringSubmatch(script, 10) {
		source := strings.TrimSpace(m[1])
		name := "VALUE"
		if words := identifier.FindAllString(source, -1); len(words) > 0 {
			name = strings.ToUpper(words[len(words)-1])
		}
		for taken[name] != "" && taken[name] != source {
			name += "_"
		}
		if taken[name] == "" {
			taken[name] = source
			value := "${{ " + source + " }}"
			quoted := `"` + value + `"`
			if strings.ContainsAny(value, `"\`) {
				quoted = "'" + strings.ReplaceAll(value, "'", "''") + "'"
			}
			bindings = append(bindings, name+": "+quoted)
			uses = append(uses, `"$`+name+`"`)
		}
	}
	if len(bindings) == 0 {
		return "give the script its values with `env:`"
	}
	return fmt.Sprintf("env: {%s}\nand in the script: %s", strings.Join(bindings, ", "), strings.Join(uses, ", "))
}

// commandForm is a program with its arguments.
var commandForm = func() form[[]*expr.Template] {
	list := listOf("a list of arguments", template(ofProcess))
	return form[[]*expr.Template]{list.schema, func(r *reader, n *yaml.Node) ([]*expr.Template, bool) {
		if d := deref(n); d.Kind == yaml.ScalarNode && isText(d) {
			r.hinted(n, CodeType, "write ["+strings.Join(strings.Fields(d.Value), ", ")+"], or use `bash`",
				"expected a list of arguments, found %s", found(n))
			return nil, false
		}
		args, ok := list.read(r, n)
		if !ok {
			return nil, false
		}
		if s, static := args[0].Static(); static && strings.TrimSpace(s) == "" {
			r.errorAt(deref(n).Content[0], CodeEmpty, "the name of the program is empty")
			return nil, false
		}
		return args, true
	}}
}()

// exprForm is outputs with their expressions.
var exprForm = func() form[[]NamedProgram] {
	pairs := distinctPairs(pairsOf("a mapping from outputs to expressions", name, program(ofExpr, "")))
	pairs.schema["minProperties"] = 1
	return form[[]NamedProgram]{pairs.schema, func(r *reader, n *yaml.Node) ([]NamedProgram, bool) {
		ps, ok := pairs.read(r, n)
		if ok && len(ps) == 0 {
			r.errorAt(n, CodeEmpty, "an `expr` task has at least one output")
			return nil, false
		}
		programs := make([]NamedProgram, 0, len(ps))
		for _, p := range ps {
			programs = append(programs, NamedProgram{p.key.Value, p.value})
		}
		return programs, ok
	}}
}()

// executorForm names where a process runs.
var executorForm = form[string]{schema{"enum": []string{"local"}}, func(r *reader, n *yaml.Node) (string, bool) {
	s, ok := plain.read(r, n)
	if ok && s != "local" {
		r.hinted(n, CodeNotBuilt, "`local` is", "the executor %s is not built yet", excerpt(s))
		return "", false
	}
	return s, ok
}}

// approvalForm is what an approval asks.
var approvalForm = func() form[Approval] {
	message := template(ofProcess)
	long := &object[Approval]{
		what: "`approval`",
		fields: []field[Approval]{
			must(key("message", message, func(a *Approval) **expr.Template { return &a.Message }, "What the person is asked.")),
			key("timeout", timeout, func(a *Approval) *time.Duration { return &a.Timeout },
				"How long an answer is waited for; default: as long as it takes."),
			key("on_timeout", oneOf(Rejected, Approved), func(a *Approval) *Answer { return &a.OnTimeout },
				"What no answer by then means: reject (default) or approve."),
		},
	}
	complete := func(a Approval) Approval {
		if a.OnTimeout == "" {
			a.OnTimeout = Rejected
		}
		return a
	}
	return either[Approval]{
		what:    "a message, or {message, timeout, on_timeout}",
		scalar:  convert(message, func(m *expr.Template) Approval { return complete(Approval{Message: m}) }),
		mapping: convert(long.form(), complete),
	}.form()
}()
