package keeper

import (
	"fmt"
	"os"
	"strconv"
)

// resident is the memory that a process has, in bytes.
func resident(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	var size, pages int64
	if _, e := fmt.Sscan(string(b), &size, &pages); err != nil || e != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
