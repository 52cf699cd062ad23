package nbformat

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Encode writes the notebook as a file has it, without a line end behind it.
func (nb *Notebook) Encode(w io.Writer) error {
	_, err := NewEncoder(nb).WriteTo(w)
	return err
}

// Append appends the notebook, as a file has it, to dst.
func (nb *Notebook) Append(dst []byte) []byte {
	return NewEncoder(nb).Append(dst)
}

// object is a JSON object that is about to be written: what Extra has and
// what the fields have.
func object(extra map[string]any, fields map[string]any) map[string]any {
	maps.Copy(fields, extraOnly(extra, fields))
	return fields
}

func extraOnly(extra, fields map[string]any) map[string]any {
	only := make(map[string]any, len(extra))
	for key, v := range extra {
		if _, ok := fields[key]; !ok {
			only[key] = v
		}
	}
	return only
}

func cellObject(c *Cell) map[string]any {
	fields := map[string]any{
		"cell_type": string(c.Type),
		"id":        c.ID,
		"metadata":  without(c.Metadata, "trusted"),
		"source":    splitLines(c.Source),
	}
	if c.Attachments != nil {
		attachments := make(map[string]any, len(c.Attachments))
		for name, v := range c.Attachments {
			if data, ok := v.(map[string]any); ok {
				v = splitData(data)
			}
			attachments[name] = v
		}
		fields["attachments"] = attachments
	}
	if c.Type == Code {
		outputs := make([]any, len(c.Outputs))
		for i, o := range c.Outputs {
			outputs[i] = outputObject(o)
		}
		fields["outputs"], fields["execution_count"] = outputs, countValue(c.ExecutionCount)
	}
	return object(c.Extra, fields)
}

func outputObject(o *Output) map[string]any {
	fields := map[string]any{"output_type": string(o.Type)}
	switch o.Type {
	case Stream:
		fields["name"], fields["text"] = o.Name, splitLines(o.Text)
	case ExecuteResult:
		fields["execution_count"] = countValue(o.ExecutionCount)
		fallthrough
	case DisplayData:
		fields["data"], fields["metadata"] = splitData(o.Data), o.Metadata
	case Error:
		fields["ename"], fields["evalue"], fields["traceback"] = o.EName, o.EValue, o.Traceback
	}
	return object(o.Extra, fields)
}

func splitData(data map[string]any) map[string]any {
	split := make(map[string]any, len(data))
	for mime, v := range data {
		if s, ok := v.(string); ok && isSplit(mime) {
			v = splitLines(s)
		}
		split[mime] = v
	}
	return split
}

func countValue(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

// without is m without some keys; m itself is left as it is.
func without(m map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		if _, ok := m[key]; ok {
			m = maps.Clone(m)
			delete(m, key)
		}
	}
	return m
}

// appendValue writes v as Python's json does with indent=1 and sorted keys.
// indent is that of the line on which v begins.
func appendValue(dst []byte, v any, indent int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case json.Number:
		return append(dst, v...)
	case string:
		return appendString(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return append(dst, Float(v)...)
	case []string:
		return appendList(dst, v, indent)
	case []any:
		return appendList(dst, v, indent)
	case map[string]any:
		return appendMap(dst, v, indent)
	}
	return appendString(dst, fmt.Sprint(v))
}

func appendList[T any](dst []byte, list []T, indent int) []byte {
	if len(list) == 0 {
		return append(dst, "[]"...)
	}
	for i, v := range list {
		dst = append(dst, "[,"[min(i, 1)])
		dst = appendBreak(dst, indent+1)
		dst = appendValue(dst, v, indent+1)
	}
	return append(appendBreak(dst, indent), ']')
}

func appendMap(dst []byte, m map[string]any, indent int) []byte {
	if len(m) == 0 {
		return append(dst, "{}"...)
	}
	for i, key := range slices.Sorted(maps.Keys(m)) {
		dst = append(dst, "{,"[min(i, 1)])
		dst = appendBreak(dst, indent+1)
		dst = append(appendString(dst, key), ": "...)
		dst = appendValue(dst, m[key], indent+1)
	}
	return append(appendBreak(dst, indent), '}')
}

func appendBreak(dst []byte, indent int) []byte {
	dst = append(dst, '\n')
	for range indent {
		dst = append(dst, ' ')
	}
	return dst
}

// appendString escapes what JSON must have escaped, and nothing else.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, c)
		}
	}
	return append(append(dst, s[start:]...), '"')
}

// Float is the number as Python writes it: 1.0, 1e+16, 1e-05, NaN.
func Float(f float64) json.Number {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0 || math.Abs(f) >= 1e-4 && math.Abs(f) < 1e16:
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if f == math.Trunc(f) {
			s += ".0"
		}
		return json.Number(s)
	}
	return json.Number(strconv.FormatFloat(f, 'e', -1, 64))
}
