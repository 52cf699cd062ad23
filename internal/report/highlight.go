package report

import (
	"embed"
	"html/template"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/chroma/v2"
)

// lexers are the languages that notebooks are written in: copies of the files
// of chroma/v2/lexers, which as a package reads all of its 300 at every start
// of the program (6 ms, 4 MB).
//
//go:embed lexer/*.xml
var lexers embed.FS

// files are the lexers by the names that kernels and fenced code have for
// them.
var files = map[string]string{
	"python": "python", "ipython": "python", "ipython3": "python", "python3": "python", "py": "python", "pyspark": "python",
	"r": "r", "ir": "r", "julia": "julia", "jl": "julia", "scala": "scala", "matlab": "matlab", "octave": "matlab",
	"bash": "bash", "sh": "bash", "shell": "bash", "zsh": "bash", "console": "bash",
	"powershell": "powershell", "pwsh": "powershell", "ps1": "powershell",
	"c#": "csharp", "csharp": "csharp", "cs": "csharp", "f#": "fsharp", "fsharp": "fsharp",
	"sql": "sql", "postgresql": "sql", "mysql": "sql", "sqlite": "sql", "duckdb": "sql",
	"json": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml", "xml": "xml", "html": "xml", "svg": "xml", "diff": "diff",
	"javascript": "javascript", "js": "javascript", "typescript": "javascript", "ts": "javascript",
	"java": "java", "c": "c", "c++": "cpp", "cpp": "cpp", "rust": "rust", "rs": "rust",
}

// loaded are the lexers in use, by file: nil where there is none.
var loaded sync.Map

func lexerFor(language string) chroma.Lexer {
	file, ok := files[strings.ToLower(language)]
	if !ok {
		return nil
	}
	if l, ok := loaded.Load(file); ok {
		return l.(chroma.Lexer)
	}
	lexer, err := chroma.NewXMLLexer(lexers, "lexer/"+file+".xml")
	if err != nil {
		return nil
	}
	l, _ := loaded.LoadOrStore(file, chroma.Coalesce(lexer))
	return l.(chroma.Lexer)
}

// Highlighting is a help, not a promise: a source that takes longer, or is
// larger, goes on in plain text.
const (
	maxHighlight     = 256 << 10
	maxHighlightTime = 2 * time.Second
)

var cellMagic = regexp.MustCompile(`^%%(\w+)[^\n]*\n`)

// highlight is source with a span around what a style sheet may colour. A
// cell magic such as %%bash says what language follows.
func highlight(source, language string) template.HTML {
	source = strings.ReplaceAll(strings.TrimRight(source, "\n"), "\r\n", "\n")
	head := ""
	if m := cellMagic.FindStringSubmatch(source); m != nil && files[strings.ToLower(m[1])] != "" {
		head, language = m[0], m[1]
	}
	plain := template.HTML(template.HTMLEscapeString(source))
	lexer := lexerFor(language)
	if lexer == nil || len(source) > maxHighlight {
		return plain
	}
	body := source[len(head):]
	next, err := lexer.Tokenise(nil, body+"\n")
	if err != nil {
		return plain
	}
	var b strings.Builder
	writeToken(&b, "cp", head)
	written, until := 0, time.Now().Add(maxHighlightTime)
	for token := next(); token != chroma.EOF && written < len(body); token = next() {
		value := token.Value[:min(len(token.Value), len(body)-written)]
		if !strings.HasPrefix(body[written:], value) { // a lexer may lose what is not UTF-8
			break
		}
		writeToken(&b, className(token.Type), value)
		if written += len(value); time.Now().After(until) {
			break
		}
	}
	b.WriteString(template.HTMLEscapeString(body[written:]))
	return template.HTML(b.String())
}

func writeToken(b *strings.Builder, class, value string) {
	if class == "" || strings.TrimSpace(value) == "" {
		b.WriteString(template.HTMLEscapeString(value))
		return
	}
	b.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(value) + "</span>")
}

// className is the class that the style sheet has for a kind of token; the
// kinds that it does not tell apart have their parents'.
func className(t chroma.TokenType) string {
	switch {
	case t == chroma.KeywordConstant, t == chroma.NameBuiltinPseudo, t == chroma.NameConstant:
		return "ko"
	case t.InCategory(chroma.Keyword), t == chroma.OperatorWord:
		return "k"
	case t == chroma.NameFunction, t == chroma.NameFunctionMagic, t == chroma.NameClass:
		return "nf"
	case t == chroma.NameBuiltin, t == chroma.NameException:
		return "nb"
	case t == chroma.NameDecorator, t == chroma.NameAttribute, t == chroma.NameTag:
		return "nd"
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t.InSubCategory(chroma.LiteralNumber):
		return "m"
	case t == chroma.CommentPreproc:
		return "cp"
	case t.InCategory(chroma.Comment):
		return "c"
	case t == chroma.GenericInserted:
		return "gi"
	case t == chroma.GenericDeleted:
		return "gd"
	}
	return ""
}
