package sqlite

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed sql/*.sql
var statementFiles embed.FS

var statements = readStatements()

// statement is the text of sql/<name>.sql.
func statement(name string) string {
	text, ok := statements[name]
	if !ok {
		panic(fmt.Sprintf("there is no statement %s", name))
	}
	return text
}

func readStatements() map[string]string {
	files, err := statementFiles.ReadDir("sql")
	if err != nil {
		panic(err) // they are linked in
	}
	texts := make(map[string]string, len(files))
	for _, f := range files {
		text, err := statementFiles.ReadFile("sql/" + f.Name())
		if err != nil {
			panic(err)
		}
		// The driver keeps a statement prepared only if nothing follows it.
		texts[strings.TrimSuffix(f.Name(), ".sql")] = strings.TrimSpace(string(text))
	}
	return texts
}
