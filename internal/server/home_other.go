//go:build !linux

package server

import "os"

// networkFileSystem cannot tell on this system.
func networkFileSystem(string) (name string, yes bool) { return "", false }

func allocate(f *os.File, size int64) error {
	block := make([]byte, 1<<20)
	for size > 0 {
		n, err := f.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}
