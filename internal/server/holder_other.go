//go:build !linux

package server

// lockHolder cannot tell on this system.
func lockHolder(string) (pid int, known bool) { return 0, false }
