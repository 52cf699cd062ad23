package expr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// syntaxProblem says what does not parse.
func syntaxProblem(source string, issues *cel.Issues) *Problem {
	if p := findTrap(source); p != nil {
		return p
	}
	for i := 0; i < len(source); i++ {
		if c := source[i]; c != '"' && c != '\'' {
			continue
		}
		end, closed := literalEnd(source, i)
		if !closed {
			return problemAt(source, i, "the string that begins here is not closed", "")
		}
		i = end - 1
	}
	p := first(issues)
	p.Message, p.Hint = plainSyntax(p.Message)
	return p.within(source)
}

// typeProblem says what parses but does not fit together.
func typeProblem(source string, e *cel.Env, issues *cel.Issues) *Problem {
	p := first(issues)
	p.Message, p.Hint = plainType(p.Message, e)
	return p.within(source)
}

// first is the first error of CEL's list.
func first(issues *cel.Issues) *Problem {
	errs := issues.Errors()
	if len(errs) == 0 {
		return &Problem{Line: 1, Col: 1, Message: issues.Err().Error()}
	}
	e := errs[0]
	return &Problem{Line: e.Location.Line(), Col: e.Location.Column() + 1, Message: e.Message}
}

// The patterns are compiled when an expression is wrong, which is rare.
func match(pattern, message string) []string {
	return regexp.MustCompile(pattern).FindStringSubmatch(message)
}

// plainSyntax says what CEL's parser says in words that need no grammar.
func plainSyntax(message string) (plain, hint string) {
	if m := match(`reserved identifier: (\w+)`, message); m != nil {
		return fmt.Sprintf("`%s` is a reserved word", m[1]), "a field of that name is written [\"" + m[1] + "\"]"
	}
	if strings.Contains(message, "'<EOF>'") {
		return "the expression ends too early", ""
	}
	if m := match(`(?s)(?:mismatched input|extraneous input|token recognition error at:|no viable alternative at input) '(.*?)'(?: expecting|$)`, message); m != nil {
		return fmt.Sprintf("`%s` does not belong here", clipLine(m[1])), ""
	}
	if m := match(`(?s)missing '(.*?)' at '(.*?)'`, message); m != nil {
		return fmt.Sprintf("`%s` is missing before `%s`", m[1], clipLine(m[2])), ""
	}
	return clipLine(strings.TrimPrefix(message, "Syntax error: ")), ""
}

// plainType says what CEL's checker says in the words of a workflow's author.
func plainType(message string, e *cel.Env) (plain, hint string) {
	if m := match(`^found no matching overload for '(.*)' applied to '(.*)'$`, message); m != nil {
		return noOverload(m[1], m[2])
	}
	if m := match(`^undeclared reference to '([^']*)'`, message); m != nil {
		return unknownFunction(m[1], e)
	}
	if m := match(`^expected type '(.*)' but found '(.*)'$`, message); m != nil {
		return fmt.Sprintf("a %s is needed, this is a %s", m[1], m[2]), ""
	}
	if m := match(`^type '(.*)' does not support field selection$`, message); m != nil {
		return fmt.Sprintf("a %s has no fields", m[1]), ""
	}
	return clipLine(message), ""
}

// noOverload names the operator or function and the types that do not fit.
func noOverload(function, arguments string) (plain, hint string) {
	on := strings.NewReplacer(", ", " and ", ".(", " and ", "(", "", ")", "").Replace(arguments)
	on = strings.TrimPrefix(on, " and ")
	sign := strings.Trim(strings.ReplaceAll(function, "_", ""), "@")
	switch function {
	case "_?_:_":
		return "the condition must be true or false and both choices of one type: " + on, "dyn(x) lets a value be of any type"
	case "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_":
		return fmt.Sprintf("`%s` cannot compare %s", sign, on), "convert one side: string(x), int(x), double(x)"
	case "!_", "-_", "_+_", "_-_", "_*_", "_/_", "_%_", "_&&_", "_||_", "_[_]", "@in":
		return fmt.Sprintf("`%s` cannot be applied to %s", sign, on), "convert with string(x), int(x) or double(x)"
	case dateFunction:
		return "date() takes one timestamp", ""
	}
	return fmt.Sprintf("`%s` cannot be applied to %s", function, on), ""
}

// unknownFunction names the function, and one that may be meant.
func unknownFunction(name string, e *cel.Env) (plain, hint string) {
	plain = fmt.Sprintf("there is no function `%s`", clip(name))
	switch name {
	case "now", "today":
		return plain, "the same input must give the same value; run.started_at and event.time are times"
	case "random", "rand", "uuid":
		return plain, "the same input must give the same value; run.id is different in each run"
	case "len", "length", "count":
		return plain, "write size(x)"
	case "str":
		return plain, "write string(x)"
	case "float":
		return plain, "write double(x)"
	}
	var known []string
	for function := range e.Functions() {
		if !strings.ContainsAny(function, "_@") {
			known = append(known, function)
		}
	}
	slices.Sort(known)
	if near := nearest(name, known); near != "" {
		return plain, fmt.Sprintf("did you mean `%s`?", near)
	}
	return plain, ""
}
