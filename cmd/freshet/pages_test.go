package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the commands of the pages print into the pages")

// The examples of the pages do what the pages say. A yaml block whose first
// line is `# NAME.yaml` is a file; in a console block lines behind $ are
// commands, and the others what they print, where times, durations, offsets
// and addresses are those of a day that has passed.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "```console\n") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			t.Parallel()
			if now := runPage(t, string(text)); *update && now != string(text) {
				if err := os.WriteFile(page, []byte(now), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// runPage runs the commands of a page, and gives the page as it should be.
func runPage(t *testing.T, text string) string {
	dir, home := t.TempDir(), t.TempDir()
	t.Cleanup(func() { endServer(t, home) })
	blocks := strings.Split(text, "\n```")
	for i, b := range blocks {
		kind, body, _ := strings.Cut(b, "\n")
		switch name, isFile := strings.CutPrefix(body, "# "); {
		case kind == "yaml" && isFile:
			name, _, _ = strings.Cut(name, "\n")
			if !strings.HasSuffix(name, ".yaml") || strings.Contains(name, "/") {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		case kind == "console":
			blocks[i] = kind + "\n" + runBlock(t, dir, home, body)
		}
	}
	return strings.Join(blocks, "\n```")
}

// runBlock runs the commands of a block, and gives the block as it should be.
func runBlock(t *testing.T, dir, home, block string) string {
	var out []string
	for _, part := range strings.Split("\n"+block, "\n$ ")[1:] {
		line, want, _ := strings.Cut(part, "\n")
		c := exec.Command("sh", "-c", line)
		c.Dir = dir
		c.Env = append(os.Environ(), "HOME="+dir, "FRESHET_HOME="+home, "FRESHET_LISTEN=127.0.0.1:0", "NO_COLOR=1", "TZ=UTC")
		said, err := c.CombinedOutput()
		if _, exited := err.(*exec.ExitError); err != nil && !exited {
			t.Fatal(err)
		}
		got := strings.TrimSpace(string(said))
		want = strings.TrimSpace(want)
		if diff := cmp.Diff(ageless(want), ageless(got)); diff == "" {
			got = want
		} else if *update {
			got = places.ReplaceAllString(got, "${1} http://127.0.0.1:3737 home=/home/ada/.freshet pid=4711")
		} else {
			t.Errorf("$ %s\n%s", line, diff)
		}
		out = append(out, strings.TrimSuffix("$ "+line+"\n"+got, "\n"))
		if strings.HasSuffix(part, "\n") {
			out = append(out, "")
		}
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// places are where a server of this test runs.
var places = regexp.MustCompile(`(ready|stopped) http://\S+ home=\S+ pid=\d+`)

// ageless leaves out of an output what differs from day to day.
func ageless(text string) string {
	for _, c := range []struct{ of, to string }{
		{`http://127\.0\.0\.1:\d+ home=\S+ pid=\d+`, "SERVER"},
		{`http://127\.0\.0\.1:\d+/`, "SERVER/"},
		{`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z`, "TIME"},
		{`\b\d{4}-\d\d-\d\d\b`, "DAY"},
		{`\b[0-9.]+(ms|s)\b`, "SPAN"},
		{`\bafter SPAN, \d+ bytes`, "after SPAN, SIZE"},
		{`\b(version|sha256) [0-9a-f]{6,}`, "$1 HASH"},
		{`(?m)^ *\d+ +TIME`, "OFFSET TIME"},
		{`\b([Ee]vent|offset) \d+|#\d+\)`, "$1 OFFSET"},
		{` +`, " "},
	} {
		text = regexp.MustCompile(c.of).ReplaceAllString(text, c.to)
	}
	return text
}
