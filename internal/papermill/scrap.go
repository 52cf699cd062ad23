package papermill

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// Scrap is something that a notebook glued with scrapbook under a name: data,
// a display, or both.
type Scrap struct {
	Name    string
	Encoder string         // text, json, pandas, display or the user's own
	Data    any            // what JSON gives; NaN and Infinity, which JSON lacks, are nil
	Display map[string]any // "data" and "metadata" of the output; nil without display
}

const (
	scrapPrefix  = "application/scrapbook.scrap"
	recordPrefix = "application/papermill.record"
)

// Scraps are the notebook's scraps in the order in which their names came up.
// A later scrap of the same name replaces an earlier one; the display that
// glue adds to its data belongs to that data. What cannot be read is left out,
// with a warning.
func Scraps(nb *nbformat.Notebook) (scraps []Scrap, warnings []string) {
	s := &scrapbook{at: map[string]int{}}
	for i, c := range nb.Cells {
		for _, o := range c.Outputs {
			s.cell = i + 1
			s.output(o)
		}
	}
	return s.scraps, s.warnings
}

type scrapbook struct {
	cell     int
	scraps   []Scrap
	at       map[string]int
	warnings []string
}

func (s *scrapbook) output(o *nbformat.Output) {
	for _, mime := range slices.Sorted(maps.Keys(o.Data)) {
		switch {
		case strings.HasPrefix(mime, recordPrefix):
			s.record(mime, o.Data[mime])
		case strings.HasPrefix(mime, scrapPrefix):
			s.glued(o.Data[mime])
		}
	}
	if name := displayed(o); name != "" {
		display := map[string]any{"data": o.Data, "metadata": o.Metadata}
		if at, ok := s.at[name]; ok {
			s.scraps[at].Display = display
			return
		}
		s.put(Scrap{Name: name, Encoder: "display", Display: display})
	}
}

// record reads what papermill before 1.0 wrote: one name and its data.
func (s *scrapbook) record(mime string, v any) {
	payload, _ := v.(map[string]any)
	encoder := strings.TrimPrefix(strings.TrimPrefix(mime, recordPrefix), "+")
	if len(payload) == 0 {
		s.warn("a record without a name")
		return
	}
	name := slices.Sorted(maps.Keys(payload))[0]
	s.put(Scrap{Name: name, Encoder: encoder, Data: decoded(encoder, payload[name])})
}

func (s *scrapbook) glued(v any) {
	payload, _ := v.(map[string]any)
	name, _ := payload["name"].(string)
	encoder, _ := payload["encoder"].(string)
	data, found := payload["data"]
	switch {
	case name == "":
		s.warn("a scrap without a name")
	case payload["version"] == nil:
		s.warn(fmt.Sprintf("the scrap %s has no version", name))
	case encoder == "" || !found:
		s.warn(fmt.Sprintf("the scrap %s has no encoder or no data", name))
	default:
		s.put(Scrap{Name: name, Encoder: encoder, Data: decoded(encoder, data)})
	}
}

// displayed is the name under which an output is kept as a display.
func displayed(o *nbformat.Output) string {
	if old, ok := o.Metadata["papermill"].(map[string]any); ok {
		name, _ := old["name"].(string)
		return name
	}
	meta, _ := o.Metadata["scrapbook"].(map[string]any)
	if on, _ := meta["display"].(bool); !on {
		return ""
	}
	name, _ := meta["name"].(string)
	return name
}

func (s *scrapbook) put(scrap Scrap) {
	if at, ok := s.at[scrap.Name]; ok {
		s.scraps[at] = scrap
		return
	}
	s.at[scrap.Name] = len(s.scraps)
	s.scraps = append(s.scraps, scrap)
}

func (s *scrapbook) warn(what string) {
	s.warnings = append(s.warnings, fmt.Sprintf("cell %d: %s is left out", s.cell, what))
}

// decoded is what scrapbook gives for the data of an encoder. A text that the
// encoder json stored is the JSON that it holds.
func decoded(encoder string, data any) any {
	text, isText := data.(string)
	switch {
	case encoder == "json" && isText:
		if v, ok := nbformat.ParseJSON(text); ok {
			return nbformat.Finite(v, null)
		}
	case encoder == "text" && !isText:
		if v, err := plain(data, 0); err == nil {
			if text, err := jsonText(v); err == nil {
				return text
			}
		}
	}
	return nbformat.Finite(data, null)
}

// null stands for numbers that JSON does not have.
func null(string) any { return nil }
