package spec

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/freshet/freshet/internal/expr"
)

// HTTP is what an `http` task asks a web server.
type HTTP struct {
	Request []Binding     // of method, url, headers, json and body those that are said
	Expect  []string      // statuses that are a success: 204, 2xx
	Timeout time.Duration // of one request, with its redirects and its answer; 0: none
}

// Inputs are the values that a start computes for its process, with the key
// that they stand below.
func (t *Task) Inputs() (key string, values []Binding) {
	if t.HTTP != nil {
		return "http", t.HTTP.Request
	}
	return "with", t.With
}

// TemporaryExit is the exit code of a request that may well succeed when it is
// made again.
const TemporaryExit = 75

// httpTimeout bounds a request that does not say how long it may take.
const httpTimeout = 30 * time.Second

// httpOutputs are the outputs of an `http` task. What has no place in them is
// in a file.
var httpOutputs = []Output{
	{Name: "status", Type: jsonOutput}, {Name: "headers", Type: jsonOutput},
	{Name: "body", Type: jsonOutput, Optional: true}, {Name: "json", Type: jsonOutput, Optional: true},
	{Name: "body_file", Type: jsonOutput, Optional: true},
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// httpDraft is `http` as it is written.
type httpDraft struct {
	method, url, headers, json, body *expr.Template
	expect                           []string
	timeout                          time.Duration
}

var httpForm = func() form[*HTTP] {
	long := &object[httpDraft]{
		what: "`http`",
		fields: []field[httpDraft]{
			key("method", methodForm, func(h *httpDraft) **expr.Template { return &h.method },
				"GET (the default), HEAD, POST, PUT, PATCH, DELETE or OPTIONS; ${{ }} may stand in it."),
			must(key("url", urlForm, func(h *httpDraft) **expr.Template { return &h.url },
				"What is asked: an address that begins with http:// or https://; ${{ }} may stand in it.")),
			key("headers", headersForm, func(h *httpDraft) **expr.Template { return &h.headers },
				"Headers of the request; ${{ }} may stand in their values."),
			key("json", inputForm(ofProcess), func(h *httpDraft) **expr.Template { return &h.json },
				"The body of the request as a value of any type, sent as JSON. A value that is one whole ${{ }} keeps its type."),
			key("body", template(ofProcess), func(h *httpDraft) **expr.Template { return &h.body },
				"The body of the request as text; ${{ }} may stand in it."),
			key("expect", oneOrMore("a list of statuses", statusCode), func(h *httpDraft) *[]string { return &h.expect },
				"The statuses that are a success: 200, 2xx, or a list of them; default 2xx."),
			key("timeout", timeout, func(h *httpDraft) *time.Duration { return &h.timeout },
				"How long the request may take, with its redirects and its answer; default 30s; `none`: as long as the task."),
		},
		hints: map[string]string{
			"data": "did you mean `json`, or `body` for text?", "payload": "did you mean `json`, or `body` for text?",
			"query": "write it into the `url`", "params": "write it into the `url`", "auth": "write `headers: {Authorization: …}`",
			"verb": "did you mean `method`?", "uri": "did you mean `url`?", "status": "did you mean `expect`?", "if": "`if` stands beside `http`",
			"with": "an `http` task has no inputs: write the values where they are needed",
		},
	}
	for _, k := range []string{"retries", "env", "after", "start", "emit", "allow_failure"} {
		long.hints[k] = "`" + k + "` stands beside `http`, not inside"
	}
	return form[*HTTP]{long.schema(), func(r *reader, n *yaml.Node) (*HTTP, bool) {
		if d := deref(n); isText(d) {
			r.hinted(n, CodeType, "write {url: …}", "expected a mapping, found %s", found(n))
			return nil, false
		}
		h := httpDraft{expect: []string{"2xx"}, timeout: httpTimeout}
		es, ok := long.read(r, n, &h)
		if !ok || !r.checkBody(&h, es) {
			return nil, false
		}
		return h.http(), true
	}}
}()

// http lists what is said of the request.
func (h *httpDraft) http() *HTTP {
	out := &HTTP{Expect: h.expect, Timeout: h.timeout}
	for _, b := range []Binding{{"method", h.method}, {"url", h.url}, {"headers", h.headers}, {"json", h.json}, {"body", h.body}} {
		if b.Value != nil {
			out.Request = append(out.Request, b)
		}
	}
	return out
}

// checkBody reports a body that is said twice, or that the method has no use
// for.
func (r *reader) checkBody(h *httpDraft, es entries) bool {
	json, body := es.get("json"), es.get("body")
	if json != nil && body != nil {
		r.hinted(body, CodeValue, "leave one of them out", "a request has one body: `json` or `body`")
		return false
	}
	method := "GET"
	if h.method != nil {
		static, known := h.method.Static()
		if !known {
			return true
		}
		method = static
	} else if es.has("method") {
		return true // it could not be read
	}
	if at := cmp.Or(json, body); at != nil && (method == "GET" || method == "HEAD") {
		r.hinted(at, CodeValue, "say `method: POST`", "a %s has no body", method)
		return false
	}
	return true
}

var methodForm = form[*expr.Template]{schema{"type": "string"}, func(r *reader, n *yaml.Node) (*expr.Template, bool) {
	t, ok := template(ofProcess).read(r, n)
	if !ok {
		return nil, false
	}
	if s, static := t.Static(); static && !slices.Contains(methods, s) {
		hint := ""
		if near := nearest(s, methods); near != "" {
			hint = "did you mean `" + near + "`?"
		}
		r.hinted(n, CodeValue, hint, "expected one of %s, found %s", strings.Join(methods, ", "), found(n))
		return nil, false
	}
	return t, true
}}

// urlForm is an address, as far as it can be seen before it is computed.
var urlForm = form[*expr.Template]{schema{"type": "string"}, func(r *reader, n *yaml.Node) (*expr.Template, bool) {
	if d := deref(n); !isText(d) {
		r.mistyped(n, "a URL")
		return nil, false
	}
	t, ok := template(ofProcess).read(r, n)
	if !ok {
		return nil, false
	}
	_, static := t.Static()
	switch wrong := badURL(t.Source(), static); {
	case wrong != "":
		r.hinted(n, CodeValue, "for example https://example.org/path", "%s %s", excerpt(t.Source()), wrong)
		return nil, false
	}
	return t, true
}}

// badURL says what is wrong with an address; of one that is computed only the
// beginning is known.
func badURL(source string, static bool) string {
	head, _, _ := strings.Cut(source, "${{")
	head = strings.ToLower(head)
	if !slices.ContainsFunc([]string{"http://", "https://"}, func(scheme string) bool {
		return strings.HasPrefix(head, scheme) || !static && strings.HasPrefix(scheme, head)
	}) {
		return "does not begin with http:// or https://"
	}
	if !static {
		return ""
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return "is not a URL"
	case u.Hostname() == "":
		return "names no host"
	}
	return ""
}

// headersForm is a mapping from headers to texts.
var headersForm = func() form[*expr.Template] {
	pairs := distinctPairs(pairsOf("a mapping from headers to texts", headerName, template(ofProcess)))
	return form[*expr.Template]{pairs.schema, func(r *reader, n *yaml.Node) (*expr.Template, bool) {
		ps, ok := pairs.read(r, n)
		if !ok {
			return nil, false
		}
		slices.SortFunc(ps, func(a, b pair[*expr.Template]) int { return strings.Compare(a.key.Value, b.key.Value) })
		terms := make([]string, len(ps))
		for i, p := range ps {
			terms[i] = expr.Quote(p.key.Value) + ": " + p.value.Expression()
		}
		t, problem := r.parseTemplate("${{ { "+strings.Join(terms, ", ")+" } }}", ofProcess.roots)
		if problem != nil {
			r.errorAt(n, CodeExpression, "%s", problem.Message)
			return nil, false
		}
		return t, true
	}}
}()

// headerPattern is a token of HTTP.
const headerPattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"

var headerRegexp = regexp.MustCompile(headerPattern)

// ownHeaders are made by whoever sends a request.
var ownHeaders = []string{"content-length", "transfer-encoding", "connection", "trailer", "upgrade", "te", "keep-alive"}

var headerName = form[string]{schema{"type": "string", "pattern": headerPattern}, func(r *reader, n *yaml.Node) (string, bool) {
	s := deref(n).Value
	switch {
	case !headerRegexp.MatchString(s):
		r.errorAt(n, CodeName, "%s is not the name of a header", excerpt(s))
	case slices.Contains(ownHeaders, strings.ToLower(s)):
		r.hinted(n, CodeValue, "leave it out", "the header %s is made when the request is sent", excerpt(s))
	default:
		return s, true
	}
	return "", false
}}

// statusCode is a status of an answer, or a class of them.
var statusCode = form[string]{
	schema{"anyOf": []any{
		schema{"type": "integer", "minimum": 200, "maximum": 599},
		schema{"enum": []string{"2xx", "3xx", "4xx", "5xx"}},
	}},
	func(r *reader, n *yaml.Node) (string, bool) {
		n = deref(n)
		if n.Kind != yaml.ScalarNode {
			r.mistyped(n, "a status such as 200 or 2xx")
			return "", false
		}
		if slices.Contains([]string{"2xx", "3xx", "4xx", "5xx"}, n.Value) {
			return n.Value, true
		}
		if code, err := strconv.Atoi(n.Value); n.Tag != "!!int" || err != nil || code < 200 || code > 599 {
			r.hinted(n, CodeValue, "statuses go from 200 to 599, classes from 2xx to 5xx", "expected a status such as 200 or 2xx, found %s", found(n))
			return "", false
		}
		return n.Value, true
	},
}

// completeHTTP gives an `http` task its outputs, and says which of its
// failures are worth another try.
func (r *reader) completeHTTP(d *draft, es entries) {
	for _, k := range []string{"with", "working_dir"} {
		if v := es.get(k); v != nil {
			r.warn(v, CodeNoEffect, "", "`%s` changes nothing: an `http` task has no script that could see it", k)
		}
	}
	if v := es.get("outputs"); v != nil {
		r.hinted(v, CodeValue, "leave `outputs` out", "the outputs of an `http` task are status, headers, body, json and body_file")
	}
	d.Outputs = httpOutputs
	d.WorkingDir = nil // that of `defaults`
	if len(d.Retries.OnExit) == 0 {
		d.Retries.OnExit = []int{TemporaryExit}
	}
}
