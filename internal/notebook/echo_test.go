package notebook

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the kernel's process writes is in the log once, whether the kernel
// sends it too or not.
func TestLiveOnce(t *testing.T) {
	long := strings.Repeat("a line that is written\n", 20<<10)
	for _, c := range []struct {
		name string
		said []string // "> " is written by the process, all else said by a stream
		want string
	}{
		{"written first", []string{"> one\n", "one\n"}, "one\n"},
		{"said first", []string{"one\n", "> one\n"}, "one\n"},
		{"among other words", []string{"a", "> one\n> two\n", "one\nb\ntwo\n"}, "aone\nb\ntwo\n"},
		{"in pieces", []string{"> on", "> e\n> tw", "one\nt", "> o", "wo"}, "one\ntwo"},
		{"not said", []string{"a\n", "> Fatal error\n", "b\n"}, "a\nb\nFatal error\n"},
		{"said before what is not", []string{"> one\n> Segmentation fault\n\n  File x\n", "one\n"}, "one\nSegmentation fault\n  File x\n"},
		{"said after what is not", []string{"> Segmentation fault\n", "> one\n", "one\n"}, "one\nSegmentation fault\n"},
		{"a character in pieces", []string{"> \xc3", "\ufffd", "> \xa9x\n", "\ufffdx\n"}, "\ufffd\ufffdx\n"},
		{"much", []string{"> " + long, long}, long},
		{"much, said first", []string{long, "> " + long}, long},
		{"much that is not said", []string{"> " + strings.Repeat(long, 40)}, strings.Repeat(long, 40)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			l := live{to: &log}
			l.work(true)
			for _, line := range c.said {
				if written, ok := strings.CutPrefix(line, "> "); ok {
					for b := []byte(strings.ReplaceAll(written, "\n> ", "\n")); len(b) > 0; { // as from a pipe
						n, _ := l.Write(b[:min(len(b), 8<<10)])
						b = b[n:]
					}
					continue
				}
				l.hear(&said{kind: "stream", body: body{Name: "stdout", Text: text(line)}})
			}
			l.work(false)
			if diff := cmp.Diff(c.want, log.String()); diff != "" {
				t.Errorf("%.2000s", diff)
			}
			log.Reset()
			if _, _ = l.Write([]byte("late")); log.String() != "late" {
				t.Errorf("after its work: %q", log.String())
			}
		})
	}
}

// What a cell's programs write is in the log of a kernel that was started for
// the notebook once, and so is what a crash says.
func TestLogOfColdKernel(t *testing.T) {
	t.Parallel()
	once := func(log, what string) {
		if n := strings.Count(log, what); n != 1 {
			t.Errorf("%q is %d times in the log:\n%s", what, n, log)
		}
	}
	var log bytes.Buffer
	if r := execute(t, Options{Log: &log, Input: written(t,
		cell("import os, subprocess\nn = subprocess.run(['echo', 'one'])\nn = os.write(2, b'two\\n')\nprint('three')"))}); r.Failure != nil {
		t.Fatal(r.Failure)
	}
	for _, word := range []string{"one\n", "two\n", "three\n"} {
		once(log.String(), word)
	}
	log.Reset()
	r := execute(t, Options{Log: &log, Input: written(t,
		cell("import ctypes, faulthandler, sys\nfaulthandler.enable(sys.stderr._original_stdstream_copy)"), cell("ctypes.string_at(0)"))})
	fails(t, r, KernelDied, 2)
	once(log.String(), "Fatal Python error: Segmentation fault")
	if said := log.String(); strings.Index(said, r.Failure.Message) < strings.Index(said, "Fatal Python error") {
		t.Errorf("the failure comes before its cause:\n%s", said)
	}
}
