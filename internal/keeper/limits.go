package keeper

import (
	"fmt"
	"strings"
)

const (
	// maxStart bounds arguments and environment as the kernel counts them: it
	// is what Linux gives a process whose stack may have the usual 8 MiB. Its
	// message stays below maxFrame even if each byte takes its longest form
	// there, six bytes of JSON and four thirds of base64.
	maxStart = 2 << 20
	// maxPath is what a kernel takes as a path.
	maxPath = 4096
)

// TooLarge says in one line why no process can be given what s has, or
// nothing. Whether one really can be, the kernel says: it has further limits.
func (s *Start) TooLarge() string {
	if len(s.Dir) > maxPath {
		return fmt.Sprintf("the path of its working directory has %d bytes", len(s.Dir))
	}
	size := 0
	for _, list := range [][]string{s.Args, s.Env} {
		for _, v := range list {
			size += len(v) + 1 + 8 // its end, and the pointer to it
		}
	}
	if size > maxStart {
		return tooBig(s)
	}
	return ""
}

// tooBig names what is largest among what the kernel would have had to copy.
func tooBig(s *Start) string {
	size, what := 0, ""
	for i, v := range s.Args {
		if len(v) > size {
			size, what = len(v), fmt.Sprintf("argument %d", i)
		}
	}
	for _, v := range s.Env {
		if len(v) > size {
			name, _, _ := strings.Cut(v, "=")
			size, what = len(v), "environment variable "+name
		}
	}
	return fmt.Sprintf("arguments and environment are too large for a program: %s has %d bytes; pass it with `with:` and read the file $FRESHET_INPUT", what, size)
}
