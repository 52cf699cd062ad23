package freshet_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/freshet/freshet"

// room is a row of the floor table in docs/architecture.md.
type room struct {
	floor, order int
	path         string
}

func floors(t *testing.T) map[string]room {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]room{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		floor, err := strconv.Atoi(strings.TrimSpace(cells[1]))
		if err != nil {
			continue
		}
		path := strings.TrimSpace(cells[2])
		rooms[path] = room{floor, len(rooms), path}
	}
	if len(rooms) < 10 {
		t.Fatalf("the floor table of docs/architecture.md has %d rows", len(rooms))
	}
	return rooms
}

type pkg struct {
	ImportPath, Dir  string
	Imports, GoFiles []string
	TestImports      []string
	XTestImports     []string
}

func packages(t *testing.T) []pkg {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles,TestImports,XTestImports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// relative is the path of a package of ours as the table has it.
func relative(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// roomOf finds the room of a package: its own row, or the nearest above.
func roomOf(rooms map[string]room, path string) (room, bool) {
	for p := path; ; p = filepath.Dir(p) {
		if r, ok := rooms[p]; ok {
			return r, true
		}
		if p == "." || !strings.Contains(p, "/") {
			return room{}, false
		}
	}
}

func TestArrowsPointDown(t *testing.T) {
	rooms := floors(t)
	used := map[string]bool{}
	for _, p := range packages(t) {
		path, _ := relative(p.ImportPath)
		from, ok := roomOf(rooms, path)
		if !ok {
			t.Errorf("%s has no row in the floor table of docs/architecture.md: give it a room, or put the code where it belongs", path)
			continue
		}
		used[from.path] = true
		for _, imp := range p.Imports {
			if target, ours := relative(imp); ours {
				checkArrow(t, rooms, from, path, target)
			} else if from.floor == 0 && strings.Contains(imp, ".") {
				t.Errorf("%s imports %s: floor 0 imports the standard library only", path, imp)
			}
		}
	}
	for path := range rooms {
		if !used[path] {
			t.Errorf("the floor table of docs/architecture.md has a room %s that holds nothing", path)
		}
	}
}

func checkArrow(t *testing.T, rooms map[string]room, from room, path, target string) {
	to, ok := roomOf(rooms, target)
	switch {
	case !ok || to.path == from.path:
	case path == "client" && to.floor > 0:
		t.Errorf("client imports %s: users' programs get the words and nothing else", target)
	case path == "internal/cli" && to.floor == 4 && !slices.Contains([]string{"internal/setting", "internal/notebook", "internal/report"}, to.path):
		t.Errorf("internal/cli imports %s: it speaks to a server only through client", target)
	case to.floor < from.floor:
	case from.floor == 1 && to.floor == 1 && to.order < from.order:
	case from.floor == 4 && to.path == "internal/engine": // the writer's own words: inputs, replies, effects
	case from.floor == 5 && to.path == "client" || from.floor == 5 && to.path == "examples":
	default:
		t.Errorf("%s (floor %d) imports %s (floor %d): arrows point to a lower floor, or to an earlier room of floor 1",
			path, from.floor, target, to.floor)
	}
}

var pureFloors = []string{"context", "net", "net/http", "os", "os/exec", "database/sql", "math/rand", "math/rand/v2", "crypto/rand"}

func TestLowFloorsArePure(t *testing.T) {
	rooms := floors(t)
	for _, p := range packages(t) {
		path, _ := relative(p.ImportPath)
		r, ok := roomOf(rooms, path)
		if !ok || r.floor > 1 {
			continue
		}
		for _, imp := range p.Imports {
			if slices.Contains(pureFloors, imp) {
				t.Errorf("%s imports %s: floors 0 and 1 do no I/O and know no chance", path, imp)
			}
		}
		for _, file := range p.GoFiles {
			if pos, found := callsNow(t, filepath.Join(p.Dir, file)); found {
				t.Errorf("%s calls time.Now: journal time comes with the entry", pos)
			}
		}
	}
}

func callsNow(t *testing.T, file string) (pos string, found bool) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, sel.Sel.Name) {
			pos, found = set.Position(sel.Pos()).String(), true
		}
		return true
	})
	return pos, found
}
