package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// floor measures what nobody can beat: the processes themselves, started by a
// bare loop, and the disk.
func (b *bench) floor() error {
	var each []time.Duration
	var chains []time.Duration
	for range 3 {
		begin := time.Now()
		for range 100 {
			start := time.Now()
			if err := exec.Command("true").Run(); err != nil {
				return err
			}
			each = append(each, time.Since(start))
		}
		chains = append(chains, time.Since(begin))
	}
	b.exec, b.chain = quantile(each, 0.5), quantile(chains, 0.5)
	var fans []time.Duration
	for range 3 {
		begin := time.Now()
		if err := fan(500, 8); err != nil {
			return err
		}
		fans = append(fans, time.Since(begin))
	}
	b.fanOut = quantile(fans, 0.5)
	var err error
	if b.fsync, err = fsync(filepath.Join(b.work, "fsync")); err != nil {
		return err
	}
	b.add("bare exec of `true`", ms(b.exec), "", "", true)
	b.add("one fsync", fmt.Sprintf("%.0f µs", float64(b.fsync.Nanoseconds())/1000), "", "", true)
	return nil
}

func fan(n, workers int) error {
	var wg sync.WaitGroup
	next := make(chan struct{})
	failed := make(chan error, workers)
	for range workers {
		wg.Go(func() {
			for range next {
				if err := exec.Command("true").Run(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	for range n {
		select {
		case next <- struct{}{}:
		case err := <-failed:
			close(next)
			return err
		}
	}
	close(next)
	wg.Wait()
	return nil
}

func fsync(path string) (time.Duration, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	page := make([]byte, 4096)
	var each []time.Duration
	for range 300 {
		begin := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		each = append(each, time.Since(begin))
	}
	return quantile(each, 0.5), nil
}
