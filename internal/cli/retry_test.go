package cli

import (
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/spec"
)

func TestAgain(t *testing.T) {
	flows, found := spec.Parse("a.yaml", []byte(`name: a
tasks:
  plain: {bash: "false", retries: 2}
  slower: {bash: "false", retries: {limit: 9, delay: 45s, backoff: 2, max_delay: 10m}}
`))
	if found.HasErrors() {
		t.Fatal(found)
	}
	for _, test := range []struct {
		flow *spec.Workflow
		task string
		try  int
		want string
	}{
		{flows[0], "plain", 1, "tries again in 30s (try 2 of 3)"},
		{flows[0], "plain", 2, "tries again in 30s (try 3 of 3)"},
		{flows[0], "slower", 1, "tries again in 45s (try 2 of 10)"},
		{flows[0], "slower", 2, "tries again in 1m30s (try 3 of 10)"},
		{flows[0], "slower", 8, "tries again in 10m00s (try 9 of 10)"},
		{nil, "plain", 1, "tries again (try 2)"},
		{flows[0], "other", 1, "tries again (try 2)"},
	} {
		if got := again(test.flow, &freshet.Execution{Task: test.task, Try: test.try}); got != test.want {
			t.Errorf("try %d of %s %s, want %s", test.try, test.task, got, test.want)
		}
	}
}
