package freshet_test

import (
	"testing"

	"github.com/freshet/freshet"
)

func TestTaskName(t *testing.T) {
	for text, want := range map[string]int{"a": freshet.NoItem, "a[0]": 0, "load-1[12]": 12} {
		task, item, err := freshet.ParseTaskName(text)
		if err != nil || item != want || freshet.TaskName(task, item) != text {
			t.Errorf("%s: %s %d %v", text, task, item, err)
		}
	}
	for _, text := range []string{"a[", "a[]", "a[x]", "a[-1]", "a[1", "a[1]b", "[1]", "a[01]", "a[99999999999999999999]"} {
		if _, _, err := freshet.ParseTaskName(text); freshet.CodeOf(err) != freshet.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
}
