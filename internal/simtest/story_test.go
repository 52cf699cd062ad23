package simtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// Every file of stories is played.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			list, err := ParseStories(file, text)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				t.Run(s.Title, func(t *testing.T) { play(t, s) })
			}
		})
	}
}

func play(t *testing.T, s *Story) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		if err := Play(t, dir, s); err != nil {
			t.Error(err)
		}
	})
}

// What is wrong with a story is said with its place.
func TestStoryErrors(t *testing.T) {
	const flow = "-- w.yaml --\nname: w\ntasks: {a: {bash: \"true\"}}\n"
	for _, c := range []struct{ story, want string }{
		{"-- story --\nexpect run: failed\n", "x.txtar:5: expect run: failed: got running"},
		{"-- story --\n\nat 5s fly\n", "x.txtar:6: fly : unknown word"},
		{"-- story --\nat 5s event e\nat 4s event e\n", "x.txtar:6: `at` is followed by"},
		{"-- story --\nexpect task a: success\n", "x.txtar:5: expect task a: success: got running"},
		{"-- story --\nexpect task b: success\n", "has no task b"},
		{"-- story --\nexpect no task a\n", "got running"},
		{"-- story --\ntask a: exit 0\ntask a: exit 0\n", "x.txtar:6: task a: exit 0: run 1 has no process of it"},
		{"-- story --\nexpect refused\n", "it was accepted"},
		{"-- story --\nexpect items a: 1 success\n", "got 0 success"},
		{"-- story --\nexpect task a[0]: success\n", "got waiting"},
		{"-- story --\nexpect calls a: 2\n", "got 0"},
		{"-- story --\nexpect run: running reason [lost]\n", "reason: got"},
		{"-- story --\napprove a\nexpect accepted\n", "asks for no approval"},
		{"-- other --\n", "a section is called"},
		{"", "a story has a workflow"},
	} {
		list, err := ParseStories("x.txtar", []byte(flow+c.story))
		if err == nil {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { err = Play(t, dir, list[0]) })
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.story, err, c.want)
		}
	}
}
