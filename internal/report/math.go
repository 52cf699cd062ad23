package report

import (
	"bytes"
	"html/template"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// mathExtension finds formulas in markdown as Jupyter does: $…$, $$…$$, \\(…\\),
// \\[…\\] and \begin{…}…\end{…}. For $…$ pandoc's rule holds, so that prices
// stay prices: no space after the first $, none before the last, and no digit
// after it.
type mathExtension struct{}

func (mathExtension) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(
		parser.WithBlockParsers(util.Prioritized(mathBlockParser{}, 90)),
		parser.WithInlineParsers(util.Prioritized(mathParser{}, 90)),
	)
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(mathRenderer{}, 90)))
}

var (
	kindMath      = ast.NewNodeKind("Math")
	kindMathBlock = ast.NewNodeKind("MathBlock")
)

// mathNode is a formula within a paragraph.
type mathNode struct {
	ast.BaseInline
	tex     string
	display bool
}

func (*mathNode) Kind() ast.NodeKind              { return kindMath }
func (n *mathNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// mathBlock is a formula that begins a line. Its lines are the formula's.
type mathBlock struct {
	ast.BaseBlock
	open  string
	whole bool // the last line has been seen
}

func (*mathBlock) Kind() ast.NodeKind              { return kindMathBlock }
func (*mathBlock) IsRaw() bool                     { return true }
func (n *mathBlock) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// fences are the delimiters within a paragraph, the longer ones first.
var fences = []struct {
	open, shut string
	display    bool
}{
	{"$$", "$$", true}, {"$", "$", false},
	{`\\(`, `\\)`, false}, {`\\[`, `\\]`, true},
}

// A formula has at most this many lines and bytes. What begins like one and is
// longer is text, so that a text full of beginnings is not searched to its end
// for each of them.
const (
	maxFormula      = 300
	maxFormulaBytes = 16 << 10
)

type mathParser struct{}

func (mathParser) Trigger() []byte { return []byte{'$', '\\'} }

func (mathParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	at, position := block.Position()
	for _, f := range fences {
		if !bytes.HasPrefix(line, []byte(f.open)) {
			continue
		}
		if f.open == "$" {
			return dollar(block, line)
		}
		if node := between(block, len(f.open), f.shut, f.display); node != nil {
			return node
		}
		block.SetPosition(at, position)
		if f.open == "$$" { // two dollars are not an empty formula
			block.Advance(2)
			return ast.NewTextSegment(segment.WithStop(segment.Start + 2))
		}
	}
	if env := environment(line); env != "" {
		return between(block, 0, `\end{`+env+`}`, true)
	}
	return nil
}

// between reads a formula up to shut, over lines if need be. An environment
// keeps its delimiters: they are part of the formula.
func between(block text.Reader, skip int, shut string, display bool) ast.Node {
	var tex strings.Builder
	block.Advance(skip)
	for n := 0; ; n++ {
		line, _ := block.PeekLine()
		if line == nil || n == maxFormula || tex.Len() >= maxFormulaBytes {
			return nil
		}
		line = line[:min(len(line), maxFormulaBytes)]
		if end := bytes.Index(line, []byte(shut)); end >= 0 {
			tex.Write(line[:end])
			block.Advance(end + len(shut))
			break
		}
		tex.Write(line)
		block.AdvanceLine()
	}
	if skip == 0 {
		tex.WriteString(shut)
	}
	if strings.TrimSpace(tex.String()) == "" {
		return nil
	}
	return &mathNode{tex: tex.String(), display: display}
}

// dollar reads $…$, which may go over lines too.
func dollar(block text.Reader, line []byte) ast.Node {
	if len(line) < 2 || util.IsSpace(line[1]) {
		return nil
	}
	block.Advance(1)
	var tex strings.Builder
	for n := 0; ; n++ {
		line, _ := block.PeekLine()
		if line == nil || n == maxFormula || tex.Len() >= maxFormulaBytes {
			return nil
		}
		line = line[:min(len(line), maxFormulaBytes)]
		for i, c := range line {
			last := byte(' ')
			if i > 0 {
				last = line[i-1]
			}
			if c != '$' || last == '\\' {
				continue
			}
			if util.IsSpace(last) || i+1 < len(line) && line[i+1] >= '0' && line[i+1] <= '9' {
				return nil
			}
			tex.Write(line[:i])
			block.Advance(i + 1)
			return &mathNode{tex: tex.String()}
		}
		tex.Write(line)
		block.AdvanceLine()
	}
}

var begin = regexp.MustCompile(`^\\begin\{([A-Za-z]+\*?)\}`)

// environment is the name of the one that begins a line.
func environment(line []byte) string {
	if m := begin.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	return ""
}

// mathBlockParser takes whole lines, so that a line of a formula which looks
// like a list, a heading or a table is none. One that is never closed ends with
// its cell, as in Jupyter, and is shown as it was written.
type mathBlockParser struct{}

func (mathBlockParser) Trigger() []byte { return []byte{'$', '\\'} }

func (mathBlockParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 {
		return nil, parser.NoChildren
	}
	line = bytes.TrimRight(line[at:], " \t\r\n")
	node := &mathBlock{}
	switch {
	case bytes.HasPrefix(line, []byte("$$")):
		node.open = "$$"
	case environment(line) != "":
		node.open = environment(line)
	default:
		return nil, parser.NoChildren
	}
	rest, closed := node.closing(line[min(2, len(line)):])
	if closed && len(rest) > 0 { // a sentence goes on behind it: not a block
		return nil, parser.NoChildren
	}
	if !closed && !node.closesLater(reader) {
		return nil, parser.NoChildren
	}
	node.whole = closed
	node.take(reader)
	return node, parser.NoChildren
}

// closing looks for the end of the formula in a line, and returns what follows.
func (n *mathBlock) closing(line []byte) (rest []byte, closed bool) {
	shut := "$$"
	if n.open != "$$" {
		shut = `\end{` + n.open + `}`
	}
	_, rest, closed = bytes.Cut(line, []byte(shut))
	return bytes.TrimSpace(rest), closed
}

func (n *mathBlock) closesLater(reader text.Reader) bool {
	line, at := reader.Position()
	defer reader.SetPosition(line, at)
	for range maxFormula {
		reader.AdvanceLine()
		next, _ := reader.PeekLine()
		if next == nil {
			return false
		}
		if rest, closed := n.closing(next); closed {
			return len(rest) == 0
		}
	}
	return false
}

func (n *mathBlock) take(reader text.Reader) {
	_, segment := reader.PeekLine()
	n.Lines().Append(segment)
	reader.AdvanceToEOL()
}

func (mathBlockParser) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	n := node.(*mathBlock)
	line, _ := reader.PeekLine()
	if n.whole || line == nil {
		return parser.Close
	}
	_, n.whole = n.closing(line)
	n.take(reader)
	return parser.Continue | parser.NoChildren
}

func (mathBlockParser) Close(ast.Node, text.Reader, parser.Context) {}
func (mathBlockParser) CanInterruptParagraph() bool                 { return true }
func (mathBlockParser) CanAcceptIndentedLine() bool                 { return false }

type mathRenderer struct{}

func (r mathRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindMath, r.inline)
	reg.Register(kindMathBlock, r.block)
}

func (mathRenderer) inline(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		writeMath(w, node.(*mathNode).tex, node.(*mathNode).display)
	}
	return ast.WalkSkipChildren, nil
}

func (mathRenderer) block(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkSkipChildren, nil
	}
	var tex strings.Builder
	for i := range node.Lines().Len() {
		line := node.Lines().At(i)
		tex.Write(line.Value(src))
	}
	body := strings.TrimSpace(tex.String())
	if node.(*mathBlock).open == "$$" {
		body = strings.TrimSuffix(strings.TrimPrefix(body, "$$"), "$$")
	}
	writeMath(w, body, true)
	return ast.WalkSkipChildren, nil
}

// writeMath writes the formula's source where the page's script draws it.
// Where scripts do not run, the source is what a reader sees.
func writeMath(w io.Writer, tex string, display bool) {
	class := "math"
	if display {
		class = "math display"
	}
	_, _ = io.WriteString(w, `<span class="`+class+`">`+template.HTMLEscapeString(plainTeX(tex))+"</span>")
}

var (
	label   = regexp.MustCompile(`\\label\{[^{}]*\}`)
	command = regexp.MustCompile(`\\(?:re)?newcommand\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?:\[([1-9])\])?\s*\{`)
)

// plainTeX says in words that KaTeX knows what MathJax knew. There a command
// may be defined that exists, and holds for all formulas that follow.
func plainTeX(tex string) string {
	tex = label.ReplaceAllString(tex, "")
	tex = command.ReplaceAllStringFunc(tex, func(def string) string {
		m := command.FindStringSubmatch(def)
		count, _ := strconv.Atoi(m[2])
		return `\gdef` + m[1] + "#1#2#3#4#5#6#7#8#9"[:2*count] + "{"
	})
	tex = strings.NewReplacer("{eqnarray}", "{align}", "{eqnarray*}", "{align*}", `\hfill`, "").Replace(tex)
	return strings.TrimSpace(tex)
}
