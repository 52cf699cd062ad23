package papermill_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/freshet/freshet/internal/papermill"
)

// What a notebook glued is read as scrapbook reads it.
func TestScrapsAsScrapbook(t *testing.T) {
	source := notebook(kernelMetadata, code("c1", "", `import scrapbook as sb, pandas as pd
sb.glue("text", "words")
sb.glue("number", 1.50)
sb.glue("list", [1, 2.5, "x", None, {"a": True}])
sb.glue("again", 1)
sb.glue("looks_like_json", '{"a": 1}', encoder="json")
sb.glue("json_text", '"quoted"')
sb.glue("text_of_number", 12, encoder="text")
sb.glue("big", 123456789012345678901234567890)`), code("c2", "", `from IPython.display import HTML, display
sb.glue("again", {"second": [2]})
sb.glue("shown", HTML("<b>x</b>"))
sb.glue("frame", pd.DataFrame({"a": [1, 2]}))
display({"application/papermill.record+json": {"legacy": 7}}, raw=True)
display({"application/papermill.record+json": {"other": "x"}, "text/plain": "y"}, metadata={"papermill": {"name": "other"}}, raw=True)`))
	var answer struct {
		Notebook string
		Scraps   []struct {
			Name, Encoder string
			Data, Display any
		}
	}
	asked(t, "scraps", `
import papermill, logging, scrapbook
logging.disable(logging.CRITICAL)
open("in.ipynb", "w").write(input)
papermill.execute_notebook("in.ipynb", "out.ipynb", progress_bar=False)
nb = scrapbook.read_notebook("out.ipynb")
def data(s): return s.data.to_dict("list") if s.encoder == "pandas" else s.data
print(json.dumps(dict(Notebook=open("out.ipynb").read(), Scraps=[dict(Name=s.name, Encoder=s.encoder, Data=data(s), Display=s.display and {"data": s.display["data"], "metadata": s.display["metadata"]}) for s in nb.scraps.values()])))
`, source, &answer)
	got, warnings := Scraps(read(t, answer.Notebook))
	if len(warnings) > 0 {
		t.Errorf("%q", warnings)
	}
	for i, want := range answer.Scraps {
		if i >= len(got) {
			t.Fatalf("only %d scraps", len(got))
		}
		if want.Encoder == "pandas" { // the bytes of a parquet file in base64
			if text, ok := got[i].Data.(string); !ok || len(text) < 100 {
				t.Errorf("%v", got[i])
			}
			continue
		}
		display := any(nil)
		if got[i].Display != nil {
			display = any(got[i].Display)
		}
		if got[i].Name != want.Name || got[i].Encoder != want.Encoder || !cmp.Equal(want.Data, got[i].Data) || !cmp.Equal(want.Display, display) {
			t.Errorf("got %+v, scrapbook has %+v", got[i], want)
		}
	}
	if len(got) != len(answer.Scraps) || len(got) < 9 {
		t.Errorf("%d scraps, scrapbook has %d", len(got), len(answer.Scraps))
	}
}

func output(data, metadata string) string {
	return `{"output_type": "display_data", "data": ` + data + `, "metadata": ` + metadata + `}`
}

func scrapsOf(t *testing.T, outputs ...string) ([]Scrap, []string) {
	t.Helper()
	cells := make([]string, len(outputs))
	for i, o := range outputs {
		cells[i] = `{"cell_type": "code", "id": "c` + string(rune('a'+i)) + `", "metadata": {}, "execution_count": 1, "source": "", "outputs": [` + o + `]}`
	}
	return Scraps(read(t, notebook("", cells...)))
}

// glue(display=True) sends the data and then the display. Scrapbook forgets
// the data; here they are one scrap.
func TestDataAndDisplayAreOneScrap(t *testing.T) {
	got, _ := scrapsOf(t,
		output(`{"application/scrapbook.scrap.json+json": {"name": "a", "data": 1, "encoder": "json", "version": 1}}`, `{"scrapbook": {"name": "a", "data": true, "display": false}}`),
		output(`{"text/plain": "1"}`, `{"scrapbook": {"name": "a", "data": false, "display": true}}`),
		output(`{"application/scrapbook.scrap.json+json": {"name": "b", "data": NaN, "encoder": "json", "version": 1}}`, `{}`))
	want := []Scrap{
		{"a", "json", json.Number("1"), map[string]any{"data": map[string]any{"text/plain": "1"}, "metadata": map[string]any{"scrapbook": map[string]any{"name": "a", "data": false, "display": true}}}},
		{"b", "json", nil, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestScrapsThatCannotBeRead(t *testing.T) {
	got, warnings := scrapsOf(t,
		output(`{"application/scrapbook.scrap.json+json": {"name": "a", "data": 1, "encoder": "json"}}`, `{}`),
		output(`{"application/scrapbook.scrap.json+json": "x"}`, `{}`),
		output(`{"application/scrapbook.scrap.json+json": {"name": "b", "version": 1}}`, `{}`),
		output(`{"application/papermill.record+json": {}}`, `{}`),
		output(`{"application/scrapbook.scrap.mine+json": {"name": "c", "data": "[1]", "encoder": "mine", "version": 2}}`, `{}`),
		output(`{"application/scrapbook.scrap.json+json": {"name": "d", "data": "{no json", "encoder": "json", "version": 1}}`, `{}`))
	wantWarnings := []string{
		"cell 1: the scrap a has no version is left out", "cell 2: a scrap without a name is left out",
		"cell 3: the scrap b has no encoder or no data is left out", "cell 4: a record without a name is left out",
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want := []Scrap{{Name: "c", Encoder: "mine", Data: "[1]"}, {Name: "d", Encoder: "json", Data: "{no json"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
