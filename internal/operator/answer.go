package operator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// write makes the outputs of an answer: status, headers, json, body. Each is
// JSON on one line. A body that is no text, or that they have no room for, is
// in a file that body_file names.
func (p Process) write(res *http.Response, body []byte) error {
	out := &outputs{}
	out.add("status", res.StatusCode)
	if !out.add("headers", headersOf(res)) {
		return &fault{message: fmt.Sprintf("the headers of the answer do not fit into %d bytes", freshet.MaxOutputBytes)}
	}
	file := filepath.Join(p.Env("FRESHET_TASK_DIR"), "body")
	out.reserve("body_file", file)
	if isJSON(res) && len(bytes.TrimSpace(body)) > 0 {
		if v, err := parse(body); err != nil {
			fmt.Fprintf(p.Log, "there is no output json: the body is not the JSON that its Content-Type promises: %v\n", err)
		} else if !out.addRaw("json", v) {
			fmt.Fprintf(p.Log, "there is no output json: it does not fit into %d bytes\n", freshet.MaxOutputBytes)
		}
	}
	if !isText(body) || !out.add("body", string(body)) {
		if err := os.WriteFile(file, body, 0o600); err != nil {
			return &fault{message: "the body cannot be written: " + err.Error()}
		}
		out.addReserved()
		fmt.Fprintf(p.Log, "the body is in %s\n", file)
	}
	if err := os.WriteFile(p.Env("FRESHET_OUTPUT"), out.text.Bytes(), 0o600); err != nil {
		return &fault{message: "the outputs cannot be written: " + err.Error()}
	}
	return nil
}

// outputs are lines for $FRESHET_OUTPUT, as many as it takes. Room may be kept
// for one that is perhaps added last.
type outputs struct {
	text bytes.Buffer
	last []byte
}

func (o *outputs) add(name string, v any) bool {
	raw, err := encode(v)
	return err == nil && o.addRaw(name, raw)
}

func (o *outputs) addRaw(name string, raw []byte) bool {
	if o.text.Len()+len(name)+len(raw)+len("=\n")+len(o.last) > freshet.MaxOutputBytes {
		return false
	}
	fmt.Fprintf(&o.text, "%s=%s\n", name, raw)
	return true
}

func (o *outputs) reserve(name string, v any) {
	raw, _ := encode(v)
	o.last = fmt.Appendf(nil, "%s=%s\n", name, raw)
}

func (o *outputs) addReserved() { o.text.Write(o.last) }

// headersOf are the headers by their names in lower case; several of a name
// are one, with commas between.
func headersOf(res *http.Response) map[string]string {
	headers := make(map[string]string, len(res.Header))
	for name, values := range res.Header {
		headers[strings.ToLower(name)] = strings.ToValidUTF8(strings.Join(values, ", "), "?")
	}
	return headers
}

func isJSON(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}

// parse is the JSON of a body on one line, if it is JSON whose numbers are
// within bounds.
func parse(body []byte) ([]byte, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("it is not UTF-8")
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, err
	}
	var line bytes.Buffer
	err := json.Compact(&line, body)
	return line.Bytes(), err
}
