package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/freshet/freshet"
	"github.com/freshet/freshet/internal/executor"
)

// TestEnvironmentHasEachNameOnce: programs differ in what they make of a name
// that is there twice, so that none is.
func TestEnvironmentHasEachNameOnce(t *testing.T) {
	s := serve(t, newConfig(t, "1"))
	defer s.stop()
	a := s.attempt(1, "")
	a.Args = []string{"env"} // a shell would have made them unique
	a.Env = []string{"A=inherited", "PATH=/nowhere", "FRESHET_INPUT=mine", "B=1", "A=of the workflow", "FRESHET_KEEPER=mine",
		"FRESHET_RUN_DIR=mine", "A=of the task", "FRESHET_OUTPUT=/mine", "PATH=/usr/bin:/bin", "FRESHET_TASK_DIR=mine"}
	s.start(a)
	r := s.next(a.Key, executor.Ended)
	printed, err := os.ReadFile(r.Log)
	if err != nil {
		t.Fatal(err)
	}
	var names, values []string
	for line := range strings.Lines(string(printed)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		names, values = append(names, name), append(values, value)
	}
	if got := strings.Join(names, " "); got != "A B FRESHET_RUN_DIR FRESHET_TASK_DIR FRESHET_OUTPUT FRESHET_INPUT PATH FRESHET_KEEPER" {
		t.Fatalf("the environment has %s", got)
	}
	if values[0] != "of the task" || values[1] != "1" || values[7] == "mine" || !strings.HasSuffix(values[6], ":/usr/bin:/bin") {
		t.Errorf("values: %q", values)
	}
	for i, v := range values[2:6] {
		if !filepath.IsAbs(v) || v == "/mine" {
			t.Errorf("%s is %q", names[i+2], v)
		}
	}
}

// TestBytesOfEnvironmentAndArguments: what is not UTF-8 arrives as it is.
func TestBytesOfEnvironmentAndArguments(t *testing.T) {
	s := serve(t, newConfig(t, "1"))
	defer s.stop()
	a := s.attempt(1, "")
	a.Args = []string{"sh", "-c", `printf 'env=%s\narg=%s\nplain=%s\n' "$(printf %s "$LATIN" | od -An -tx1)" "$(printf %s "$1" | od -An -tx1)" "$PLAIN" >> "$FRESHET_OUTPUT"`, "sh", "\x80<"}
	a.Env = []string{"PATH=/usr/bin:/bin", "LATIN=\xe9", "PLAIN=<é&>"}
	s.start(a)
	r := s.next(a.Key, executor.Ended)
	if r.Outputs["env"] != " e9" || r.Outputs["arg"] != " 80 3c" || r.Outputs["plain"] != "<é&>" {
		t.Errorf("%+v", r)
	}
}

// TestTooLargeForAnyProcess is refused before it would be too large for a
// message to the keeper too, whatever its bytes are; and what fits starts.
func TestTooLargeForAnyProcess(t *testing.T) {
	s := serve(t, newConfig(t, "1"))
	defer s.stop()
	many := func(text string, n int) (list []string) {
		for range n {
			list = append(list, strings.Repeat(text, 1000))
		}
		return list
	}
	for run, c := range []struct {
		name   string
		change func(*executor.Attempt)
		reason string
	}{
		{"one", func(a *executor.Attempt) { a.Env = append(a.Env, "EVENT="+strings.Repeat("<", 20<<20)) }, "environment variable EVENT has 20971526 bytes; pass it with `with:` and read the file $FRESHET_INPUT"},
		{"many", func(a *executor.Attempt) { a.Args = append([]string{"true"}, many("\xff", 3000)...) }, "argument 1 has 1000 bytes; pass it with `with:`"},
		{"directory", func(a *executor.Attempt) { a.Dir = strings.Repeat("d/", 10<<20) }, "the path of its working directory has "},
		{"fits", func(a *executor.Attempt) { a.Args = append([]string{"true"}, many("\xff", 900)...) }, ""},
	} {
		a := s.attempt(int64(run+1), "")
		a.Args, a.Env = []string{"true"}, []string{"PATH=/usr/bin:/bin"}
		c.change(&a)
		s.start(a)
		r := s.next(a.Key, executor.Ended)
		if c.reason == "" && r.Code != "" || c.reason != "" && r.Code != freshet.CodeStartFailed || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s: %.300s", c.name, string(r.Code)+" "+r.Reason)
		}
	}
}
