package logkey_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// declared are the keys of this package.
func declared(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("logkey.go")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ += "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
		keys = append(keys, m[1])
	}
	return keys
}

func TestThePageListsTheKeys(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "<!-- log keys -->")
	section, _, closed := strings.Cut(after, "<!-- end -->")
	if !found || !closed {
		t.Fatal("docs/operations.md has no list of log keys")
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)`").FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	if d := cmp.Diff(declared(t), listed); d != "" {
		t.Errorf("declared (-), listed (+):\n%s", d)
	}
}

// TestKeysComeFromHere: no line is logged with a key that is written where it
// is logged.
func TestKeysComeFromHere(t *testing.T) {
	levels := []string{"Debug", "Info", "Warn", "Error", "DebugContext", "InfoContext", "WarnContext", "ErrorContext"}
	lines := 0
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return nil // somebody else's test says so
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(levels, sel.Sel.Name) || !isLogger(sel.X) {
				return true
			}
			lines++
			args := call.Args[1:] // the message
			if strings.HasSuffix(sel.Sel.Name, "Context") {
				args = args[1:]
			}
			for i := 0; i < len(args); i += 2 {
				if lit, ok := args[i].(*ast.BasicLit); ok {
					key, _ := strconv.Unquote(lit.Value)
					t.Errorf("%s: the key %q is to be one of internal/logkey", set.Position(lit.Pos()), key)
				}
			}
			return true
		})
		return nil
	}
	if err := filepath.WalkDir("..", walk); err != nil {
		t.Fatal(err)
	}
	if lines < 10 {
		t.Errorf("only %d lines are logged: does this test still see them?", lines)
	}
}

// isLogger tells whether an expression is called as loggers are called here.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "log" || x.Name == "logger"
	case *ast.SelectorExpr:
		return slices.Contains([]string{"Log", "log", "Logger"}, x.Sel.Name)
	}
	return false
}
