package nbformat

import (
	"strconv"
	"strings"

	"github.com/freshet/freshet"
)

// upgrade3 rewrites the JSON of a notebook of format 3, in place, as format 4:
// one list of cells instead of worksheets, other names for some fields, mime
// types for the outputs' data.
func upgrade3(top, metadata map[string]any) error {
	delete(top, "orig_nbformat")
	delete(top, "orig_nbformat_minor")
	delete(metadata, "name")
	v, ok := take(top, "worksheets")
	if !ok {
		return freshet.Errorf(freshet.Invalid, "not a notebook: it has format 3 and no worksheets")
	}
	sheets, ok := v.([]any)
	if !ok {
		return wrongType("notebook", "worksheets", "a list", v)
	}
	cells := []any{}
	for i, v := range sheets {
		sheet, _ := v.(map[string]any)
		list, ok := sheet["cells"].([]any)
		if !ok {
			return wrongType("worksheet "+strconv.Itoa(i+1), "cells", "a list", sheet["cells"])
		}
		cells = append(cells, list...)
	}
	for _, v := range cells {
		if cell, ok := v.(map[string]any); ok {
			upgradeCell3(cell)
		}
	}
	top["cells"] = cells
	return nil
}

func upgradeCell3(cell map[string]any) {
	if cell["metadata"] == nil {
		cell["metadata"] = map[string]any{}
	}
	delete(cell, "id")
	switch cell["cell_type"] {
	case "code":
		upgradeCode3(cell)
	case "heading":
		level := 1
		if n, ok := wholeNumber(cell["level"]); ok && n >= 1 && n <= 6 {
			level = n
		}
		delete(cell, "level")
		joinLines3(cell, "source")
		text, _ := cell["source"].(string)
		var lines []string
		for _, line := range splitLines(text) {
			lines = append(lines, strings.TrimRight(line, "\n\v\f\r\x1c\x1d\x1e\u0085\u2028\u2029"))
		}
		cell["cell_type"] = "markdown"
		cell["source"] = strings.Repeat("#", level) + " " + strings.Join(lines, " ")
	default:
		if cell["cell_type"] == "html" {
			cell["cell_type"] = "markdown"
		}
		joinLines3(cell, "source")
		joinLines3(cell, "rendered")
	}
}

func upgradeCode3(cell map[string]any) {
	delete(cell, "language")
	if v, ok := take(cell, "collapsed"); ok {
		if metadata, ok := cell["metadata"].(map[string]any); ok {
			metadata["collapsed"] = v
		}
	}
	joinLines3(cell, "input")
	rename(cell, "input", "source", "")
	rename(cell, "prompt_number", "execution_count", nil)
	outputs, _ := cell["outputs"].([]any)
	for _, v := range outputs {
		if output, ok := v.(map[string]any); ok {
			upgradeOutput3(output)
		}
	}
}

func upgradeOutput3(output map[string]any) {
	for _, key := range []string{"text", "html", "svg", "latex", "javascript", "json"} {
		joinLines3(output, key)
	}
	switch output["output_type"] {
	case "pyout", "display_data":
		upgradeData3(output)
	case "pyerr":
		output["output_type"] = string(Error)
	case "stream":
		rename(output, "stream", "name", "stdout")
	}
}

func upgradeData3(output map[string]any) {
	if output["output_type"] == "pyout" {
		output["output_type"] = string(ExecuteResult)
		rename(output, "prompt_number", "execution_count", nil)
	}
	data := map[string]any{}
	for key, v := range output {
		switch key {
		case "output_type", "execution_count", "metadata":
		default:
			data[mimeOf3(key)] = v
			delete(output, key)
		}
	}
	if text, ok := data["application/json"].(string); ok {
		if v, ok := ParseJSON(text); ok {
			data["application/json"] = v
		}
	}
	output["data"] = data
	old, _ := output["metadata"].(map[string]any)
	metadata := make(map[string]any, len(old))
	for key, v := range old {
		metadata[mimeOf3(key)] = v
	}
	output["metadata"] = metadata
}

func mimeOf3(key string) string {
	switch key {
	case "text":
		return "text/plain"
	case "html":
		return "text/html"
	case "svg":
		return "image/svg+xml"
	case "png":
		return "image/png"
	case "jpeg":
		return "image/jpeg"
	case "latex":
		return "text/latex"
	case "json":
		return "application/json"
	case "javascript":
		return "application/javascript"
	}
	return key
}

// rename gives a field its new name, whether or not it was there.
func rename(m map[string]any, from, to string, otherwise any) {
	v, ok := take(m, from)
	if !ok {
		v = otherwise
	}
	m[to] = v
}

// joinLines3 joins the lines of a field. Some programs wrote them without
// their line ends; the first line tells.
func joinLines3(m map[string]any, key string) {
	lines, ok := stringsOf(m[key])
	if !ok {
		return
	}
	between := "\n"
	if len(lines) > 0 && (strings.HasSuffix(lines[0], "\n") || strings.HasSuffix(lines[0], "\r")) {
		between = ""
	}
	m[key] = strings.Join(lines, between)
}
