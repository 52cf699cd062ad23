package setting

import (
	"strconv"
	"strings"

	"github.com/freshet/freshet"
)

// Size is a number of bytes, written as 300, 64KB, 256MB or 2GB; a KB has 1024
// bytes.
type Size int64

var units = []struct {
	suffix string
	bytes  int64
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1},
}

// ParseSize reads a size.
func ParseSize(text string) (Size, error) {
	number, factor := strings.TrimSpace(text), int64(1)
	for _, u := range units {
		if rest, ok := cutSuffixFold(number, u.suffix); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return 0, freshet.Errorf(freshet.Invalid, "%q is not a size", text).WithHint("write 300, 64KB, 256MB or 2GB")
	}
	return Size(n * factor), nil
}

// String is the shortest form that ParseSize reads back to the same size.
func (s Size) String() string {
	for _, u := range units[3:] {
		if s != 0 && int64(s)%u.bytes == 0 && u.bytes > 1 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if at := len(s) - len(suffix); at >= 0 && strings.EqualFold(s[at:], suffix) {
		return s[:at], true
	}
	return s, false
}
