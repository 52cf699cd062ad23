package papermill

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/freshet/freshet/internal/nbformat"
)

// displayText is a value as Python's str shows it.
func displayText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "None", nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case string:
		return v, nil
	case *big.Int:
		return v.String(), nil
	case float64:
		switch {
		case math.IsNaN(v):
			return "nan", nil
		case math.IsInf(v, 0):
			return map[bool]string{true: "inf", false: "-inf"}[v > 0], nil
		}
		return nbformat.Float(v).String(), nil
	case moment:
		return v.String(), nil
	}
	return "", fmt.Errorf("a list or an object cannot stand in a path: choose an item, {a[0]} or {a[key]}")
}

// spec is a format specification of Python, [[fill]align][sign][0][width][,][.precision][type]
var specPattern = newPattern(`^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?([0-9]{1,4})?([,_])?(?:\.([0-9]{1,3}))?([a-zA-Z%])?$`)

type spec struct {
	fill, align, sign, grouping, kind string
	width, precision                  int // precision -1: none
}

func parseSpec(text string) (s spec, err error) {
	m := specPattern.get().FindStringSubmatch(text)
	if m == nil || m[4] != "" {
		return s, fmt.Errorf("the format %q is not known", text)
	}
	s = spec{fill: m[1], align: m[2], sign: m[3], grouping: m[7], kind: m[9], precision: -1}
	s.width, _ = strconv.Atoi(m[6])
	if m[8] != "" {
		s.precision, _ = strconv.Atoi(m[8])
	}
	if s.fill == "" {
		s.fill = " "
		if m[5] != "" {
			s.fill = "0"
		}
	}
	if s.align == "" && m[5] != "" {
		s.align = "="
	}
	return s, nil
}

func formatValue(v any, text string) (string, error) {
	if m, ok := v.(moment); ok && text != "" {
		return m.strftime(text)
	}
	if text == "" {
		return displayText(v)
	}
	s, err := parseSpec(text)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return s.text(v)
	case bool:
		if s.kind == "" { // as the number that it is in Python
			return "", fmt.Errorf("the format %q does not suit a truth value", text)
		}
		return s.whole(big.NewInt(map[bool]int64{true: 1}[v]))
	case *big.Int:
		return s.whole(v)
	case float64:
		return s.float(v)
	}
	return "", fmt.Errorf("the format %q does not suit the value", text)
}

func (s spec) text(v string) (string, error) {
	if s.kind != "" && s.kind != "s" || s.sign != "" || s.grouping != "" || s.align == "=" && s.fill != "0" {
		return "", fmt.Errorf("the format does not suit a text")
	}
	if runes := []rune(v); s.precision >= 0 && s.precision < len(runes) {
		v = string(runes[:s.precision])
	}
	if s.align == "" || s.align == "=" {
		s.align = "<"
	}
	return s.pad("", v), nil
}

func (s spec) whole(v *big.Int) (string, error) {
	base := 10
	switch s.kind {
	case "", "d":
	case "b":
		base = 2
	case "o":
		base = 8
	case "x", "X":
		base = 16
	case "e", "E", "f", "F", "%":
		f, _ := new(big.Float).SetInt(v).Float64()
		return s.float(f)
	default:
		return "", fmt.Errorf("the format does not suit a whole number")
	}
	if s.precision >= 0 || s.grouping != "" && base != 10 {
		return "", fmt.Errorf("the format does not suit a whole number")
	}
	digits := new(big.Int).Abs(v).Text(base)
	if s.kind == "X" {
		digits = strings.ToUpper(digits)
	}
	return s.number(v.Sign() < 0, digits, "")
}

func (s spec) float(v float64) (string, error) {
	precision := s.precision
	if precision < 0 {
		precision = 6
	}
	size := math.Abs(v)
	var digits, tail string
	switch s.kind {
	case "":
		if s.precision >= 0 {
			return "", fmt.Errorf("a precision needs a type, such as .%df", s.precision)
		}
		digits, _ = displayText(size)
	case "f", "F":
		digits = strconv.FormatFloat(size, 'f', precision, 64)
	case "e", "E":
		digits = strconv.FormatFloat(size, s.kind[0], precision, 64)
	case "%":
		digits, tail = strconv.FormatFloat(size*100, 'f', precision, 64), "%"
	default:
		return "", fmt.Errorf("the format does not suit a number with a fraction")
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		digits, _ = displayText(size)
	}
	return s.number(math.Signbit(v) && !math.IsNaN(v), digits, tail)
}

// number puts sign, digits and width together.
func (s spec) number(negative bool, digits, tail string) (string, error) {
	sign := ""
	switch {
	case negative:
		sign = "-"
	case s.sign == "+" || s.sign == " ":
		sign = s.sign
	}
	if s.grouping != "" {
		if s.fill == "0" && s.align == "=" {
			return "", fmt.Errorf("digits in groups cannot be filled up with zeros")
		}
		whole, fraction := digits, ""
		if at := strings.IndexAny(digits, ".e"); at >= 0 {
			whole, fraction = digits[:at], digits[at:]
		}
		for at := len(whole) - 3; at > 0; at -= 3 {
			whole = whole[:at] + s.grouping + whole[at:]
		}
		digits = whole + fraction
	}
	if s.align == "" {
		s.align = ">"
	}
	return s.pad(sign, digits+tail), nil
}

func (s spec) pad(sign, text string) string {
	fill := strings.Repeat(s.fill, max(0, s.width-len([]rune(sign+text))))
	switch s.align {
	case "<":
		return sign + text + fill
	case "=":
		return sign + fill + text
	case "^":
		half := len([]rune(fill)) / 2
		runes := []rune(fill)
		return string(runes[:half]) + sign + text + string(runes[half:])
	}
	return fill + sign + text
}
