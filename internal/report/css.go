package report

import (
	"regexp"
	"slices"
	"strings"
)

// properties are what a notebook's own styles may set: how text, tables and
// boxes look. Nothing that takes an element out of its place, so that no output
// can cover or imitate the rest of the page.
var properties = strings.Fields(`
	background background-color background-image border border-bottom border-bottom-color border-bottom-style border-bottom-width
	border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius border-right
	border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color border-top-style
	border-top-width border-width box-shadow box-sizing caption-side clear color column-gap column-count display empty-cells flex flex-basis
	flex-direction flex-grow flex-shrink flex-wrap align-content align-items align-self justify-content justify-items gap row-gap
	grid-template-columns grid-template-rows grid-column grid-row float font font-family font-size font-style font-variant font-weight
	height hyphens letter-spacing line-height list-style-type list-style margin margin-bottom margin-left margin-right margin-top
	max-height max-width min-height min-width opacity outline overflow overflow-wrap overflow-x overflow-y padding padding-bottom
	padding-left padding-right padding-top table-layout text-align text-decoration text-indent text-overflow text-shadow text-transform
	vertical-align visibility white-space width word-break word-spacing word-wrap`)

var (
	valueText = regexp.MustCompile(`^[\w\s#%.,()+\-*/'"!]*$`)
	functions = regexp.MustCompile(`([\w-]*)\(`)
	colours   = []string{"", "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "calc", "min", "max", "clamp",
		"linear-gradient", "radial-gradient", "repeating-linear-gradient", "conic-gradient", "repeat", "minmax", "fit-content"}
)

// safeValue says whether a value of a property is one that stays within the
// page: no url(), and no function that this list does not know.
func safeValue(value string) bool {
	if !valueText.MatchString(value) || strings.Count(value, "(") != strings.Count(value, ")") ||
		strings.Count(value, "'")%2 != 0 || strings.Count(value, `"`)%2 != 0 {
		return false
	}
	for _, m := range functions.FindAllStringSubmatch(value, -1) {
		if !slices.Contains(colours, strings.ToLower(m[1])) {
			return false
		}
	}
	return true
}

var (
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	selectors = regexp.MustCompile(`^[\w\s#.:>+~*()-]+$`)
)

// scopeCSS is a style sheet for what is within scope: its plain rules, with the
// properties and values that are allowed. Rules that begin with @ are left out.
func scopeCSS(css, scope string) string {
	css = comments.ReplaceAllString(css, " ")
	var b strings.Builder
	for css != "" {
		prelude, rest, ok := strings.Cut(css, "{")
		if !ok {
			break
		}
		if strings.HasPrefix(strings.TrimSpace(prelude), "@") {
			css = skipBlock(prelude, rest)
			continue
		}
		body, after, _ := strings.Cut(rest, "}")
		if list, kept := scopeSelectors(prelude, scope), declarations(body); list != "" && kept != "" {
			b.WriteString(list + "{" + kept + "}")
		}
		css = after
	}
	return b.String()
}

// skipBlock leaves out an at-rule: up to its semicolon or with its block.
func skipBlock(prelude, rest string) string {
	if _, after, ok := strings.Cut(prelude, ";"); ok {
		return after + "{" + rest
	}
	depth := 1
	for i := range len(rest) {
		switch rest[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return rest[i+1:]
			}
		}
	}
	return ""
}

func scopeSelectors(prelude, scope string) string {
	var list []string
	for s := range strings.SplitSeq(prelude, ",") {
		s = strings.TrimSpace(s)
		if selectors.MatchString(s) && strings.Count(s, "(") == strings.Count(s, ")") {
			list = append(list, scope+" "+s)
		}
	}
	return strings.Join(list, ",")
}

func declarations(body string) string {
	var b strings.Builder
	for d := range strings.SplitSeq(body, ";") {
		name, value, ok := strings.Cut(d, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if ok && slices.Contains(properties, name) && safeValue(value) {
			b.WriteString(name + ":" + value + ";")
		}
	}
	return b.String()
}
