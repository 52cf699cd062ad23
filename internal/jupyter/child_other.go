//go:build !linux

package jupyter

import "syscall"

// dieWithUs is for systems that cannot tie a process to another: an ipykernel
// looks for its parent itself.
func dieWithUs(*syscall.SysProcAttr) {}
