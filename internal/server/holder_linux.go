package server

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockHolder finds the process that has locked a file. The kernel lists locks
// by device and inode; some file systems have another device there than in
// what they say of the file, so that the inode alone decides where only one
// process has it.
func lockHolder(path string) (pid int, known bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	list, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0, false
	}
	return holderIn(string(list), st.Ino)
}

// holderIn reads lines such as
//
//	1: FLOCK  ADVISORY  WRITE 4711 08:01:262166 0 EOF
//
// One that waits for a lock has an arrow before its kind.
func holderIn(list string, inode uint64) (pid int, known bool) {
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) < 6 || words[1] != "FLOCK" || !strings.HasSuffix(words[5], ":"+strconv.FormatUint(inode, 10)) {
			continue
		}
		n, err := strconv.Atoi(words[4])
		if err != nil || n <= 0 || known && n != pid { // of another container; or of two file systems
			return 0, false
		}
		pid, known = n, true
	}
	return pid, known
}
