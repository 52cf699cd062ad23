package papermill_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/freshet/freshet/internal/nbformat"
	. "github.com/freshet/freshet/internal/papermill"
)

func parametersCell(source string) *nbformat.Notebook {
	nb := &nbformat.Notebook{Metadata: map[string]any{
		"kernelspec": map[string]any{"name": "python3"}, "language_info": map[string]any{"name": "python"},
	}}
	nb.Cells = []*nbformat.Cell{nb.NewCell(nbformat.Code, source)}
	nb.Cells[0].SetTags("parameters")
	return nb
}

func TestInferAsPapermill(t *testing.T) {
	sources := []string{
		"a = 2", "a: int = 2", "a = 2 # type:int", "a = False # Nice variable a", "a: float = 2.258 # type: int Nice variable a", "a = 'this is a string' # type: int Nice variable a",
		"a: List[str] = ['this', 'is', 'a', 'string', 'list'] # Nice variable a", "a: List[str] = [\n    'this', # First\n    'is',\n    'a',\n    'string',\n    'list' # Last\n] # Nice variable a",
		"a: List[str] = [\n    'this',\n    'is',\n    'a',\n    'string',\n    'list'\n] # Nice variable a\nb: float = -2.3432 # My b variable\n", "a: 'int' = 1", "a:\"Dict[str, int]\"={}", "a==1", "a = b = 2\nc = 3", "a=1;b=2",
		"# comment\n\n  a = 1\nb = 2 # type: int\nc = 3 #type:int help # more", "a += 1", "x.y = 1", "é = 'ü' # ß", "print(1)\na = f(\n 1,\n 2)\nfoo()", "", "a = '#no' # help", "a : int=3", "a: Optional[int, None] = None",
		"a = 1 # type: ", "a = {'b':\n 1} # h", "a: x.y = 1", "a =", "= 1", "a = \"x=y\"\nb = 1", "a = 1\r\nb = 2",
	}
	var want [][]Inferred
	asked(t, "infer", `
import logging
from nbformat.v4 import new_code_cell
from papermill.translators import PythonTranslator
logging.disable(logging.CRITICAL)
def none(s): return "" if s == "None" else s
print(json.dumps([[dict(Name=p.name, Type=none(p.inferred_type_name), Default=p.default, Help=p.help) for p in PythonTranslator.inspect(new_code_cell(source))] for source in input]))
`, sources, &want)
	for i, source := range sources {
		got, _ := Infer(parametersCell(source))
		if got == nil {
			got = []Inferred{}
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("%q (-papermill +got):\n%s", source, diff)
		}
	}
}

func TestInferWarns(t *testing.T) {
	_, warnings := Infer(parametersCell("a = 1\nb = c = 2"))
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "line 2 of the parameters cell is left out") {
		t.Errorf("%q", warnings)
	}
	nb := parametersCell("a <- 1")
	nb.Metadata["language_info"] = map[string]any{"name": "R"}
	if params, warnings := Infer(nb); params != nil || len(warnings) != 1 {
		t.Errorf("R: %v, %q", params, warnings)
	}
	nb.Cells[0].SetTags()
	if params, warnings := Infer(nb); params != nil || len(warnings) != 1 || warnings[0] != "no cell has the tag parameters" {
		t.Errorf("no cell: %v, %q", params, warnings)
	}
}
