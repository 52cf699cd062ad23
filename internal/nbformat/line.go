package nbformat

import "strings"

// splitLines cuts a text behind each of its line ends, as str.splitlines of
// Python does: a file's diff is then by line.
func splitLines(text string) []string {
	var lines []string
	start := 0
	for i, r := range text {
		end := i + 1
		switch r {
		case '\r':
			if strings.HasPrefix(text[end:], "\n") {
				continue // the line ends behind the \n
			}
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e:
		case 0x85:
			end = i + 2
		case 0x2028, 0x2029:
			end = i + 3
		default:
			continue
		}
		lines = append(lines, text[start:end])
		start = end
	}
	if start < len(text) {
		lines = append(lines, text[start:])
	}
	return lines
}

// stringsOf is a list of strings, if v is one.
func stringsOf(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	lines := make([]string, len(list))
	for i, item := range list {
		if lines[i], ok = item.(string); !ok {
			return nil, false
		}
	}
	return lines, true
}

// joined is the text of v: a string, or a list of its lines.
func joined(v any) (string, bool) {
	if s, ok := v.(string); ok {
		return s, true
	}
	lines, ok := stringsOf(v)
	return strings.Join(lines, ""), ok
}

// joinData joins what a file has in lines, all but JSON mime types.
func joinData(data map[string]any) {
	for mime, v := range data {
		if !IsJSON(mime) {
			if s, ok := joined(v); ok {
				data[mime] = s
			}
		}
	}
}

// isSplit says whether contents of this mime type are lines in a file.
func isSplit(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == "image/svg+xml" || mime == "application/javascript"
}
