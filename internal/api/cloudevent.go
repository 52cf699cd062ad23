package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/freshet/freshet"
)

// attributes are those of a CloudEvent, its data aside: text, bool or number.
type attributes map[string]any

// The required attributes of CloudEvents 1.0, and what they are here.
const (
	ceVersion = "specversion"
	ceKey     = "type"
	ceSender  = "source"
	ceID      = "id"
)

// encodingOf tells that a value is base64 of data that are no UTF-8 text. The
// name is that of CloudEvents 0.3, which had this attribute.
const encodingOf = "datacontentencoding"

// request makes an event of a CloudEvent. What has no place of its own goes
// into the context, as a JSON object.
func (c attributes) request(run int64, data []byte) (freshet.EventRequest, error) {
	e := freshet.EventRequest{RunID: run}
	if err := c.check(); err != nil {
		return e, err
	}
	e.Key, e.Sender, e.ID = c[ceKey].(string), c[ceSender].(string), c[ceID].(string)
	e.Traceparent, _ = c[ceTrace].(string)
	rest := maps.Clone(c)
	for _, own := range []string{ceKey, ceSender, ceID} {
		delete(rest, own)
	}
	e.Value = string(data)
	if !utf8.Valid(data) {
		e.Value, rest[encodingOf] = base64.StdEncoding.EncodeToString(data), "base64"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(rest); err != nil {
		return e, err
	}
	e.Context = strings.TrimSuffix(b.String(), "\n")
	return e, nil
}

// check tells which attribute is missing or wrong.
func (c attributes) check() error {
	for _, name := range []string{ceVersion, ceKey, ceSender, ceID} {
		switch v := c[name].(type) {
		case nil:
			return badCloudEvent("the attribute `%s` is missing", name)
		case string:
			if v == "" {
				return badCloudEvent("the attribute `%s` is empty", name)
			}
		default:
			return badCloudEvent("the attribute `%s` is to be text", name)
		}
	}
	if v := c[ceVersion]; v != "1.0" {
		return badCloudEvent("the `specversion` is %q, and only 1.0 is known here", v)
	}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return badCloudEvent("%q is no name of an attribute: they consist of small letters and digits", name)
		}
		switch v := c[name].(type) {
		case string:
			if !utf8.ValidString(v) {
				return badCloudEvent("the attribute `%s` is not valid UTF-8", name)
			}
		case bool, json.Number:
		default:
			return badCloudEvent("the attribute `%s` is neither text nor a number nor true or false", name)
		}
	}
	if t, given := c["time"]; given {
		text, _ := t.(string)
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return badCloudEvent("the attribute `time` is no RFC 3339 time, such as 2026-11-21T06:00:00Z")
		}
	}
	return nil
}

func badCloudEvent(format string, args ...any) *freshet.Error {
	return freshet.Errorf(freshet.Invalid, "this is no CloudEvent: "+format, args...).WithHint(cloudHint)
}

const cloudHint = "send JSON with `Content-Type: application/cloudevents+json`, or the attributes as `ce-` headers; " +
	"what is no CloudEvent goes to /api/v1/namespaces/{ns}/events/{key}"

// structured reads a CloudEvent in the JSON format.
func structured(raw []byte, run func(attributes, []byte) (freshet.EventRequest, error)) (freshet.EventRequest, error) {
	if !utf8.Valid(raw) {
		return freshet.EventRequest{}, badCloudEvent("it is not valid UTF-8")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return freshet.EventRequest{}, badCloudEvent("it is no JSON object")
	}
	c := attributes{}
	for name, text := range members {
		if name == "data" || name == "data_base64" {
			continue
		}
		var v any
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			return freshet.EventRequest{}, badCloudEvent("the attribute `%s` is no JSON: %v", name, err)
		}
		if v != nil { // null is as good as absent
			c[name] = v
		}
	}
	data, err := c.data(members["data"], members["data_base64"])
	if err != nil {
		return freshet.EventRequest{}, err
	}
	return run(c, data)
}

// data are a structured event's: JSON as it stands, or the text that a JSON
// string holds where the data are of another type than JSON.
func (c attributes) data(plain, encoded json.RawMessage) ([]byte, error) {
	if len(encoded) > 0 && string(encoded) != "null" {
		if len(plain) > 0 {
			return nil, badCloudEvent("it has `data` and `data_base64`")
		}
		var text string
		if json.Unmarshal(encoded, &text) != nil {
			return nil, badCloudEvent("`data_base64` is to be text")
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, badCloudEvent("`data_base64` is no base64: %v", err)
		}
		return data, nil
	}
	kind, _ := c["datacontenttype"].(string)
	if text := ""; !isJSON(kind) && json.Unmarshal(plain, &text) == nil {
		return []byte(text), nil
	}
	return plain, nil
}

// isJSON tells whether a media type is JSON's; without one it is.
func isJSON(kind string) bool {
	if kind == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && (strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json"))
}

// binary reads the attributes that stand in the headers of a request.
func binary(header map[string][]string) (attributes, error) {
	c := attributes{}
	for name, values := range header {
		attribute, found := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !found {
			continue
		}
		if attribute == "datacontenttype" {
			return nil, badCloudEvent("the header Content-Type says what ce-datacontenttype does")
		}
		text := unquoted(values[0])
		if decoded, err := url.PathUnescape(text); err == nil { // some senders, the Go SDK among them, encode nothing
			text = decoded
		}
		c[attribute] = text
	}
	if kind := header["Content-Type"]; len(kind) > 0 {
		c["datacontenttype"] = kind[0]
	}
	return c, nil
}

// unquoted takes the quotes from a value that is a quoted string of HTTP.
func unquoted(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	return backslashed.ReplaceAllString(value[1:len(value)-1], "$1")
}

var backslashed = regexp.MustCompile(`\\(.)`)
