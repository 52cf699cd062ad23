package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// HTTPInput is what HTTP reads from $FRESHET_INPUT: what was computed of the
// request, and what is known without.
func HTTPInput(values map[string]any, expect []string, timeout time.Duration) ([]byte, error) {
	input := maps.Clone(values)
	if input == nil {
		input = map[string]any{}
	}
	input["expect"], input["timeout"] = expect, timeout
	return encode(input)
}

// encode writes compact JSON in which <, > and & stand as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// request is the content of $FRESHET_INPUT.
type request struct {
	Method  textual            `json:"method"`
	URL     textual            `json:"url"`
	Headers map[string]textual `json:"headers"`
	JSON    json.RawMessage    `json:"json"`
	Body    json.RawMessage    `json:"body"`
	Expect  []string           `json:"expect"`
	Timeout time.Duration      `json:"timeout"`
}

// textual is a text, or the text form of a value of another type.
type textual string

func (t *textual) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	*t = textual(raw)
	return nil
}

func readRequest(p Process) (*request, error) {
	path := p.Env("FRESHET_INPUT")
	if path == "" {
		return nil, &fault{message: "there is no $FRESHET_INPUT", hint: "only a server starts this command, for a task of kind http"}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &fault{message: "the request cannot be read: " + err.Error()}
	}
	r := &request{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, &fault{message: "the request cannot be read: " + err.Error()}
	}
	return r, nil
}

// build is the request for net/http.
func (r *request) build(ctx context.Context, version string) (*http.Request, error) {
	u, err := r.address()
	if err != nil {
		return nil, err
	}
	body, kind, err := r.content()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, string(r.Method), u.String(), body)
	if err != nil {
		return nil, &fault{message: strings.TrimPrefix(err.Error(), "net/http: ")}
	}
	req.Header.Set("User-Agent", "freshet/"+version)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, value := range r.Headers {
		if strings.ContainsFunc(string(value), func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return nil, &fault{message: fmt.Sprintf("the header %s has a line break or another control character in its value", name)}
		}
		if strings.EqualFold(name, "Host") {
			req.Host = string(value)
			continue
		}
		req.Header.Set(name, string(value))
	}
	return req, nil
}

// address is where the request goes. What is wrong with it is said without it:
// it may hold a secret, which readers of the log find only as it was given.
func (r *request) address() (*url.URL, error) {
	const example = "it has to look like https://example.org/path"
	u, err := url.Parse(string(r.URL))
	var wrong *url.Error
	switch {
	case errors.As(err, &wrong):
		return nil, &fault{message: "the url is none: " + wrong.Err.Error(), hint: example}
	case err != nil:
		return nil, &fault{message: "the url is none", hint: example}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &fault{message: "the url does not begin with http:// or https://", hint: example}
	case u.Hostname() == "":
		return nil, &fault{message: "the url names no host", hint: example}
	}
	u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20") // as browsers do; net/http would send it as it is
	return u, nil
}

// content is the body that is sent, nil for none, and its type.
func (r *request) content() (*bytes.Reader, string, error) {
	switch {
	case r.JSON != nil:
		return bytes.NewReader(r.JSON), "application/json", nil
	case r.Body != nil:
		var text textual
		if err := text.UnmarshalJSON(r.Body); err != nil {
			return nil, "", &fault{message: "the body cannot be read: " + err.Error()}
		}
		return bytes.NewReader([]byte(text)), "text/plain; charset=utf-8", nil
	}
	return bytes.NewReader(nil), "", nil
}

// expects tells whether a status is a success.
func (r *request) expects(status int) bool {
	for _, want := range r.Expect {
		if s := fmt.Sprint(status); want == s || want == s[:1]+"xx" {
			return true
		}
	}
	return false
}

// shown is the address as it was given, so that readers of the log find the
// secrets in it, without the name and password before the host.
func (r *request) shown() string {
	scheme, rest, _ := strings.Cut(string(r.URL), "//")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	return scheme + "//" + rest[strings.LastIndexByte(rest[:end], '@')+1:]
}
