package papermill

import (
	"encoding/base64"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Arguments are the parameters of a command line, each kind in its order.
// Whatever their order on the line, a later field here counts more.
type Arguments struct {
	Paths  []Param      // papermill's --inject-paths
	Base64 []string     // -b: YAML in base64
	Files  []YAMLFile   // -f
	YAML   []string     // -y
	Typed  []Assignment // -p: values that look like another type become one
	Raw    []Assignment // -r: texts
}

// YAMLFile is a file with parameters that was read.
type YAMLFile struct {
	Name string // for messages
	Text []byte
}

// Assignment is name=text.
type Assignment struct{ Name, Text string }

// Params are the parameters, each name once. A name keeps the place at which
// it came up first, as in a Python dict.
func (a Arguments) Params() ([]Param, error) {
	params := slices.Clone(a.Paths)
	for _, text := range a.Base64 {
		decoded, err := decodeBase64(text)
		if err != nil {
			return nil, invalid("-b: that is not base64: %v", err).WithHint("encode YAML: base64 -w0 params.yaml")
		}
		if params, err = mergeYAML(params, "-b", decoded); err != nil {
			return nil, err
		}
	}
	var err error
	for _, file := range a.Files {
		if params, err = mergeYAML(params, file.Name, file.Text); err != nil {
			return nil, err
		}
	}
	for _, text := range a.YAML {
		if params, err = mergeYAML(params, "-y", []byte(text)); err != nil {
			return nil, err
		}
	}
	for _, p := range a.Typed {
		params = set(params, Param{p.Name, ParseParam(p.Text)})
	}
	for _, p := range a.Raw {
		params = set(params, Param{p.Name, p.Text})
	}
	return params, nil
}

// decodeBase64 passes over line breaks, as Python does.
func decodeBase64(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

func mergeYAML(params []Param, name string, text []byte) ([]Param, error) {
	more, err := ParseYAML(name, text)
	for _, p := range more {
		params = set(params, p)
	}
	return params, err
}

func set(params []Param, p Param) []Param {
	if at := slices.IndexFunc(params, func(q Param) bool { return q.Name == p.Name }); at >= 0 {
		params[at] = p
		return params
	}
	return append(params, p)
}

var (
	pythonInt   = newPattern(`^[+-]?[0-9]+(_[0-9]+)*$`)
	pythonFloat = newPattern(`^[+-]?([0-9]+(_[0-9]+)*\.?([0-9]+(_[0-9]+)*)?|\.[0-9]+(_[0-9]+)*)([eE][+-]?[0-9]+(_[0-9]+)*)?$`)
	pythonNoNum = newPattern(`^[+-]?(?i:inf|infinity|nan)$`)
)

// ParseParam is the value of a text after -p: True, False, None, what
// Python's int and float take, or else the text.
func ParseParam(text string) any {
	switch text {
	case "True":
		return true
	case "False":
		return false
	case "None":
		return nil
	}
	trimmed := strings.Map(decimal, strings.TrimSpace(text))
	digits := strings.ReplaceAll(trimmed, "_", "")
	switch {
	case pythonInt.MatchString(trimmed):
		if i, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return i
		}
		i, _ := new(big.Int).SetString(digits, 10)
		return i
	case pythonFloat.MatchString(trimmed), pythonNoNum.MatchString(trimmed):
		f, _ := strconv.ParseFloat(digits, 64) // out of range is infinite, as in Python
		return f
	}
	return text
}

// decimal is the digit 0 to 9 that a decimal digit of any script stands for:
// Python's int and float take them all. Other characters are as they are.
func decimal(r rune) rune {
	if r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r) {
		return r
	}
	first := r
	for unicode.Is(unicode.Nd, first-1) { // scripts have ten each, in order
		first--
	}
	return '0' + (r-first)%10
}
