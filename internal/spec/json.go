package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// parseJSON reads one JSON value, with int64 for whole numbers.
func parseJSON(text string) (any, error) {
	v, err := decodeJSON(text)
	if err != nil {
		return nil, err
	}
	return plainJSON(v)
}

// decodeJSON reads one JSON value, with its numbers as they are written.
func decodeJSON(text string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

var errInexact = errors.New("a whole number of more than 64 bits cannot be kept exactly; write it as a text")

// Exact refuses a whole number that would become another one: that is no int64,
// and of which a float64 has other digits.
func Exact(v any) error {
	switch v := v.(type) {
	case json.Number:
		text := v.String()
		if _, err := v.Int64(); err == nil || strings.ContainsAny(text, ".eE") {
			return nil
		}
		if f, err := v.Float64(); err != nil || strconv.FormatFloat(f, 'f', -1, 64) != text {
			return errInexact
		}
	case []any:
		for _, item := range v {
			if err := Exact(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, item := range v {
			if err := Exact(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainJSON brings a value into the form that expressions use: nil, bool,
// int64, float64, string, []any, map[string]any. Its argument stays as it is.
func plainJSON(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("a number is not finite")
		}
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i, nil
		}
		f, err := v.Float64()
		return f, err
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			p, err := plainJSON(item)
			if err != nil {
				return nil, err
			}
			out[i] = p
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			p, err := plainJSON(item)
			if err != nil {
				return nil, err
			}
			out[k] = p
		}
		return out, nil
	}
	return nil, fmt.Errorf("a value of type %T is no JSON", v)
}
