package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/freshet/freshet/internal/simtest"
	"github.com/freshet/freshet/internal/spec"
)

// What takes hours is played in virtual time: each story file is about the
// example of its name.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("stories/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		example, err := os.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		told, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stories, err := simtest.ParseStories(file, fmt.Appendf(nil, "-- %s.yaml --\n%s\n%s", name, example, told))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stories {
			t.Run(name+"/"+s.Title, func(t *testing.T) {
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					if err := simtest.Play(t, dir, s); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// An example shows how it is meant: it gives no warning.
func TestNoWarnings(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, found := spec.Parse(file, source)
		for _, d := range found {
			t.Errorf("%s:%d:%d: %s", file, d.Line, d.Col, d.Message)
		}
	}
}
