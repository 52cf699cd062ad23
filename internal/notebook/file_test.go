package notebook

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "made", "out.ipynb")
	f, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two", "three"} {
		if err := f.write(strings.NewReader(text), text == "three"); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Fatalf("the file has %q, %v", got, err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside the file there is %v", left)
	}
}

// Who replaces a file keeps what people have set: its mode, and that it is a
// link to somewhere else.
func TestFileStaysWhatItIs(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	f, err := openFile(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.write(strings.NewReader("new"), true); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is now %v, %v", info, err)
	}
	if got, _ := os.ReadFile(target); string(got) != "new" {
		t.Errorf("the target has %q", got)
	}
	if info, _ := os.Stat(target); info.Mode() != 0o640 {
		t.Errorf("the mode is now %v", info.Mode())
	}
}

func TestFileThatIsNone(t *testing.T) {
	f, err := openFile(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.write(strings.NewReader("x"), true); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatalf("the null device is now %v, %v", info, err)
	}
	if _, err := openFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
	var out bytes.Buffer
	stream := &file{once: &out}
	for _, final := range []bool{false, true} {
		if err := stream.write(strings.NewReader("whole"), final); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "whole" {
		t.Errorf("a stream got %q", out.String())
	}
}

func TestFileThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openFile(filepath.Join(path, "out.ipynb")); err == nil {
		t.Error("a file is taken for a directory")
	}
}
