package api

import (
	"fmt"
	"regexp"
	"strings"
)

// wordings are what huma and the decoder of JSON say, and what callers hear:
// nothing of patterns, layouts and types of Go.
var wordings = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`^expected number >= (.+)$`), "it is at least $1"},
	{regexp.MustCompile(`^expected number <= (.+)$`), "it is at most $1"},
	{regexp.MustCompile(`^expected length >= (.+)$`), "it has at least $1 characters"},
	{regexp.MustCompile(`^expected length <= (.+)$`), "it has at most $1 characters"},
	{regexp.MustCompile(`^expected array length >= (.+)$`), "it has at least $1 items"},
	{regexp.MustCompile(`^expected array length <= (.+)$`), "it has at most $1 items"},
	{regexp.MustCompile(`^expected value to be one of "(.+)"$`), "it is one of $1"},
	{regexp.MustCompile(`^expected required property (.+) to be present$`), "$1 is missing"},
	{regexp.MustCompile(`^(invalid date/time for format .*|expected string to be RFC 3339 date-time)$`), "it is no time such as 2026-11-20T06:00:00Z"},
	{regexp.MustCompile(`^(invalid integer|expected integer)$`), "it is no whole number"},
	{regexp.MustCompile(`^(invalid float|invalid number|expected number)$`), "it is no number"},
	{regexp.MustCompile(`^(invalid boolean|expected boolean)$`), "it is neither true nor false"},
	{regexp.MustCompile(`^expected string$`), "it is no text"},
	{regexp.MustCompile(`^expected array$`), "it is no list"},
	{regexp.MustCompile(`^expected object$`), "it is no object"},
	{regexp.MustCompile(`^expected string to be (.+)$`), "it is no $1"},
	{regexp.MustCompile(`^json: cannot unmarshal (\S+)(?: \S+)? into Go struct field [^.\s]+\.(\S+) of type \S+$`), "$2 cannot be of type $1"},
	{regexp.MustCompile(`^json: cannot unmarshal (\S+)(?: \S+)? into Go value of type \S+$`), "it is of type $1"},
	{regexp.MustCompile(`^(?:Time\.UnmarshalJSON: |invalid value: )*parsing time "\\?"?(.*?)\\?"?" as .*$`), `"$1" is no time such as 2026-11-20T06:00:00Z`},
}

// inWords says what is wrong with a part of a request.
func inWords(message string) string {
	for _, w := range wordings {
		if w.theirs.MatchString(message) {
			return w.theirs.ReplaceAllString(message, w.ours)
		}
	}
	return strings.TrimPrefix(message, "json: ")
}

// at puts where in front of what is wrong.
func at(location, message string) string {
	if location == "" {
		return message
	}
	return fmt.Sprintf("%s: %s", location, message)
}
