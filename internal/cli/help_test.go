package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write the golden files")

// call runs a command line that needs no server.
func call(t *testing.T, env []string, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	exit = Main(Process{
		Args: append([]string{"freshet"}, args...), Env: env, Dir: t.TempDir(), UserHome: t.TempDir(), Version: "test",
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err,
	})
	return exit, out.String(), err.String()
}

// commands are all that people can type.
func commands(c *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{c}
	for _, child := range c.Commands() {
		if !child.Hidden {
			list = append(list, commands(child)...)
		}
	}
	return list
}

func TestHelp(t *testing.T) {
	a := newApp(Process{Args: []string{"freshet"}}, nil)
	golden := map[string]bool{}
	for _, c := range commands(a.root()) {
		words := strings.Fields(c.CommandPath())
		name := strings.Join(words, "_") + ".txt"
		golden[name] = true
		t.Run(c.CommandPath(), func(t *testing.T) {
			exit, got, stderr := call(t, nil, append(words[1:], "--help")...)
			if exit != 0 || stderr != "" {
				t.Fatalf("exit %d, %s", exit, stderr)
			}
			path := filepath.Join("testdata", "help", name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(got, "\nExamples\n") {
				t.Error("there are no examples")
			}
			lines := strings.Split(got, "\n")
			if len(lines) > 48 {
				t.Errorf("%d lines do not fit on a screen", len(lines))
			}
			for _, l := range lines {
				if utf8.RuneCountInString(l) > 100 {
					t.Errorf("too wide: %s", l)
				}
			}
		})
	}
	files, err := os.ReadDir(filepath.Join("testdata", "help"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !golden[f.Name()] {
			t.Errorf("%s is of no command", f.Name())
		}
	}
}

// shellWords are the words of a command as a shell would pass them, up to its
// end, a pipe or a comment.
func shellWords(command string) []string {
	var words []string
	var quote rune
	word, begun := "", false
	end := func() {
		if begun {
			words = append(words, word)
		}
		word, begun = "", false
	}
	for _, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case strings.ContainsRune("|>)", r), r == '#' && !begun:
			end()
			return words
		case unicode.IsSpace(r):
			end()
		default:
			word, begun = word+string(r), true
		}
	}
	end()
	return words
}

// An example that does not parse is worse than none.
func TestExamplesParse(t *testing.T) {
	a := newApp(Process{Args: []string{"freshet"}}, nil)
	root := a.root()
	for _, c := range commands(root) {
		for line := range strings.Lines(c.Example) {
			_, command, ok := strings.Cut(line, "freshet ")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			words := shellWords(command)
			found, rest, err := newApp(Process{Args: []string{"freshet"}}, nil).root().Find(words)
			if err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}
