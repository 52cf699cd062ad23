package spec

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAdv(t *testing.T) {
	fs, _ := filepath.Glob("/tmp/one/*.yaml")
	for _, f := range fs {
		b, _ := os.ReadFile(f)
		st := time.Now()
		ws, ds := Parse("f", b)
		first := ""
		if len(ds) > 0 {
			first = ds[0].String()
			if len(first) > 300 {
				first = first[:300]
			}
		}
		t.Log(filepath.Base(f), time.Since(st).Round(time.Millisecond), len(ws), len(ds), first)
	}
}
