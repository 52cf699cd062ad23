package freshet

import (
	"strconv"
	"strings"
)

// TaskName is a task, or with an item other than NoItem one item of it, as it
// is typed: name, or name[3].
func TaskName(task string, item int) string {
	if item == NoItem {
		return task
	}
	return task + "[" + strconv.Itoa(item) + "]"
}

// ParseTaskName reads what TaskName writes.
func ParseTaskName(text string) (task string, item int, err error) {
	task, rest, found := strings.Cut(text, "[")
	if !found {
		return text, NoItem, nil
	}
	digits, closed := strings.CutSuffix(rest, "]")
	n, bad := strconv.Atoi(digits)
	if !closed || bad != nil || n < 0 || task == "" || strconv.Itoa(n) != digits {
		return "", NoItem, Errorf(Invalid, "%q is neither a task nor an item of one", text).WithHint("write name, or name[3] for one item of a foreach; items count from 0")
	}
	return task, n, nil
}
