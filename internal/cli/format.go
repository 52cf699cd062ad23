package cli

import (
	"strings"
)

// format is how answers are written.
type format string

const (
	tableFormat format = "table" // for people
	jsonFormat  format = "json"
	yamlFormat  format = "yaml"
	plainFormat format = "plain" // tab separated, no header, the id first: for cut and awk
)

var formats = []string{string(tableFormat), string(jsonFormat), string(yamlFormat), string(plainFormat)}

// String, Set and Type make a format a flag.
func (f *format) String() string { return string(*f) }

// Type is what help calls its value.
func (f *format) Type() string { return "FORMAT" }

// Set takes a format's name.
func (f *format) Set(text string) error {
	for _, known := range formats {
		if text == known {
			*f = format(text)
			return nil
		}
	}
	return invalid("%q is none of %s", text, strings.Join(formats, ", "))
}
